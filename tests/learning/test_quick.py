"""The quick head: what it learns, where its features come from, and that it repeats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from segstudio.core.codes import NOTHING, UNSET, Origin, encode, encode_map
from segstudio.core.geometry import TILE
from segstudio.learning.device import choose
from segstudio.learning.evaluate import evaluate, mean_dice
from segstudio.learning.labelled import Labelled
from segstudio.learning.quick import EXPERIENCE, QuickHead, fresh_trunk, likeliest_share
from segstudio.models.blocks import pad_to
from segstudio.models.network import Network, build

CLASSES = (("background", "#000000"), ("blob", "#ff0000"))
OPTIONS = {"width": 4, "depth": 2, "upsampling": "bilinear"}


def picture(seed: int, size: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Noise with bright discs, and where the discs are."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    truth = np.zeros((size, size), np.uint8)
    for _ in range(12):
        row, column = random.integers(20, size - 20, 2)
        truth[(rows - row) ** 2 + (columns - column) ** 2 < 16**2] = 1
    pixels = random.normal(90, 12, (size, size)) + 40 * truth
    return np.clip(pixels, 0, 255).astype(np.uint8)[..., None], truth


def scribbled(seed: int, *, role: str = "train") -> Labelled:
    pixels, truth = picture(seed)
    codes = np.full(truth.shape, UNSET, np.uint16)
    painted = np.zeros(truth.shape, bool)
    painted[40:44, 20:280] = painted[150:154, 20:280] = True
    codes[painted] = encode_map(truth, Origin.PAINTED)[painted]
    return Labelled("a", "a", pixels, [(40.0, 180.0)], codes, (), role, f"digest{seed}")


@pytest.fixture
def network() -> Network:
    return build("unet", 1, CLASSES, OPTIONS, seed=3)


def test_a_few_strokes_teach_it_an_image_it_has_not_seen(network: Network) -> None:
    head = QuickHead(fresh_trunk(network.card), choose("cpu"))
    assert head.learn([scribbled(0)]) > 0
    head.refit(range(2))
    pixels, truth = picture(9)
    unseen = Labelled("b", "b", pixels, [(40.0, 180.0)], encode_map(truth, Origin.PAINTED), (), "validation", "x")
    assert mean_dice(evaluate(head.network(network.card), [unseen], choose("cpu")).pooled) > 0.9


def test_only_tiles_whose_labels_changed_are_computed_again(network: Network) -> None:
    region = scribbled(0)
    head = QuickHead(fresh_trunk(network.card), choose("cpu"))
    assert head.learn([region]) == 2  # the strokes lie in tiles (0, 0) and (0, 1)
    assert head.learn([region]) == 0
    region.codes[290, 10] = encode(1, Origin.PAINTED)
    assert head.learn([region]) == 1


def test_a_tile_at_an_offset_gives_the_same_features_as_in_the_whole_image(network: Network) -> None:
    whole = scribbled(0)
    part = Labelled(
        "a", "a", whole.pixels[:, 192:], whole.ranges, np.where(np.arange(300)[None, 192:] >= TILE, whole.codes[:, 192:], 0).astype(np.uint16),
        (), "train", whole.digest, (0, 192),
    )  # fmt: skip
    heads = []
    for regions in ([whole], [whole, part]):
        head = QuickHead(fresh_trunk(network.card), choose("cpu"))
        head.learn(regions[:1])
        assert head.learn(regions[1:]) == 0  # known already, though it comes with other pixels around it
        head.refit(range(2))
        heads.append(head.network(network.card))
    x = torch.rand(1, 1, 64, 64)
    assert torch.equal(heads[0].module(x), heads[1].module(x))


def test_validation_pixels_are_never_looked_at(network: Network) -> None:
    region = scribbled(0, role="validation")
    head = QuickHead(fresh_trunk(network.card), choose("cpu"))
    assert head.learn([region]) == 0
    assert head.classes == set()


def test_forgotten_and_erased_labels_no_longer_count(network: Network) -> None:
    region = scribbled(0)
    head = QuickHead(fresh_trunk(network.card), choose("cpu"))
    head.learn([region])
    assert head.classes == {0, 1}
    head.forget("digest0", 0, 0)
    head.forget("digest0", 0, 1)
    assert head.classes == set()
    with pytest.raises(ValueError, match="two classes"):
        head.refit(range(2))


def test_the_same_labels_give_the_same_head_bit_for_bit(network: Network) -> None:
    found = []
    for _ in range(2):
        head = QuickHead(fresh_trunk(network.card), choose("cpu"))
        head.learn([scribbled(0)])
        head.refit(range(2))
        found.append(head.network(network.card).module(torch.zeros(1, 1, 32, 32)))
    assert torch.equal(found[0], found[1])


def test_the_network_computes_the_head_on_upsampled_features(network: Network) -> None:
    head = QuickHead(fresh_trunk(network.card), choose("cpu"))
    head.learn([scribbled(0)])
    head.refit(range(2))
    module = head.network(network.card).module
    x = torch.randn(1, 1, 40, 44)
    columns = module.columns
    maps = columns(pad_to(x, columns.stride))
    size = pad_to(x, columns.stride).shape[-2:]
    stacked = torch.cat([F.interpolate(m, size, mode="bilinear", align_corners=False) for m in maps], 1)
    hidden = (F.conv2d(stacked, torch.cat(list(module.first), 1)) + module.bias[:, None, None]).relu()
    expected = F.conv2d(hidden, module.second, module.last)[..., :40, :44]
    assert torch.allclose(module(x), expected, atol=1e-4)
    at = torch.tensor([[5, 7], [43, 39]])
    assert torch.allclose(columns.read(x, at), stacked[0][:, at[:, 1], at[:, 0]].T, atol=1e-5)


def test_a_trained_champion_is_asked_too(network: Network) -> None:
    head = QuickHead(fresh_trunk(network.card), choose("cpu"))
    head.learn([scribbled(0)])
    head.refit(range(2))
    x = torch.randn(1, 1, 32, 32)
    network.module.eval()
    alone = head.network(network.card, network).module(x).softmax(1)
    assert torch.allclose(alone, head.network(network.card).module(x).softmax(1))  # random weights have no say
    network.card = replace(network.card, steps=EXPERIENCE)
    both = head.network(network.card, network).module(x).softmax(1)
    assert torch.allclose(both, (alone + network.module(x).softmax(1)) / 2, atol=1e-5)


def test_a_class_nobody_painted_is_not_predicted(network: Network) -> None:
    three = (*CLASSES, ("rare", "#00ff00"))
    wide = build("unet", 1, three, OPTIONS)
    head = QuickHead(fresh_trunk(wide.card), choose("cpu"))
    head.learn([scribbled(0)])
    head.refit(range(3))
    found = head.network(wide.card).module(torch.randn(1, 1, 64, 64)).argmax(1)
    assert 2 not in found.unique().tolist()
    assert NOTHING not in found.unique().tolist()


def test_the_likeliest_share_follows_whoever_is_right() -> None:
    truth = torch.tensor([0, 1] * 50)
    right = torch.full((100, 2), 0.1)
    right[torch.arange(100), truth] = 0.9
    assert likeliest_share(right, 1 - right, truth, blocks=100, expected=0.3) > 0.8
    assert likeliest_share(1 - right, right, truth, blocks=100, expected=0.7) < 0.2
    assert likeliest_share(right, right, truth, blocks=100, expected=0.3) == 0.3
    assert 0.3 < likeliest_share(right, 1 - right, truth, blocks=2, expected=0.3) < 0.7, "two blocks prove little"


def test_a_champion_that_fails_on_held_out_pixels_loses_its_say(network: Network) -> None:
    regions = [scribbled(number, role="blocks") for number in range(6)]
    for number, region in enumerate(regions):
        truth = encode_map(picture(number)[1], Origin.PAINTED)
        region.codes[:] = np.where(region.validation | (region.codes > 0), truth, 0)
    head = QuickHead(fresh_trunk(network.card), choose("cpu"))
    head.learn(regions)
    head.refit(range(2))
    torch.nn.init.normal_(network.module.head.weight, 0, 5.0)
    network.card = replace(network.card, steps=EXPERIENCE)
    network.module.eval()
    good = head.network(network.card)
    assert head.share(network, network.module) < 0.3
    assert head.share(good, good.module) >= 0.5
