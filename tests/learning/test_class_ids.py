"""Class ids with holes, and classes that come later: learnt, scored and predicted as what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from segstudio.core.codes import NOTHING, UNSET, Origin, encode, encode_map
from segstudio.errors import UserError
from segstudio.learning.class_map import allowed, among, class_map
from segstudio.learning.device import Device
from segstudio.learning.finetune import Outcome, finetune
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import Predictor, predict
from segstudio.learning.quick import QuickHead, fresh_trunk
from segstudio.learning.recipe import Recipe
from segstudio.learning.suiting import suited
from segstudio.models.network import Network, build

OPTIONS = {"width": 4, "depth": 2, "upsampling": "bilinear"}
SHORT = Recipe(tile=64, batch=4, steps=30, rate=3e-3, every=15)


def bands(*ids: int, side: int = 128, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """An image of upright bands, one for each class, and their class ids."""
    truth = np.repeat(np.array(ids, np.uint8), side // len(ids))[None].repeat(side, 0)
    grey = np.searchsorted(np.unique(ids), truth) * 200 / max(1, len(ids) - 1)
    noise = np.random.default_rng(seed).normal(0, 5, truth.shape)
    return (20 + grey + noise).clip(0, 255).astype(np.uint8)[..., None], truth


def labelled(*ids: int, role: str = "blocks") -> Labelled:
    pixels, truth = bands(*ids)
    codes = encode_map(truth, Origin.PAINTED)
    return Labelled("a", "a", pixels, [(0.0, 255.0)], codes, (), role, "digest")


def network_of(*ids: int, channels: int = 1) -> Network:
    return build("unet", channels, [(f"c{i}", "#000000") for i in ids], OPTIONS, seed=1, ids=ids)


def mapped(network: Network, pixels: np.ndarray, device: Device) -> np.ndarray:
    ranges = [(0.0, 255.0)] * pixels.shape[2]
    (block,) = predict(Predictor(network, device), pixels, ranges)
    return class_map(block.probabilities, network.card.class_ids)


@pytest.mark.parametrize("ids", [(0, 2), (0, 5, 254), (0, 1)])
def test_ids_with_holes_are_learnt_and_predicted(ids: tuple[int, ...], cpu: Device) -> None:
    *_, end = finetune(network_of(*ids), [labelled(*ids)], SHORT, device=cpu)
    assert isinstance(end, Outcome)
    pixels, truth = bands(*ids, seed=4)
    assert (mapped(end.network, pixels, cpu) == truth).mean() > 0.8
    assert set(end.verdict.challenger) == set(end.metrics["iou"]) == {str(i) for i in ids}
    assert end.network.card.class_ids == ids


def test_a_label_without_an_output_is_refused_and_unset_and_unsure_are_none() -> None:
    region = labelled(0, 3)
    with pytest.raises(UserError, match="does not know"):
        region.by_output((0, 1))
    codes = np.array([[UNSET, encode(9, Origin.UNSURE), encode(3, Origin.TOOL)]], np.uint16)
    seen = replace(region, codes=codes, pixels=region.pixels[:1, :3]).by_output((0, 3)).codes
    assert seen[0, 0] == UNSET and seen[0, 1] >> 8 == Origin.UNSURE and seen[0, 2] == encode(1, Origin.TOOL)


def test_only_classes_that_the_project_has_are_said() -> None:
    shares = np.array([[[0.1]], [[0.6]], [[0.3]]], np.float32)
    places = allowed((0, 4, 9), (0, 9, 12))
    kept = among(shares, places)
    np.testing.assert_allclose(kept.sum(0), 1, rtol=1e-6)
    assert class_map(kept, [(0, 4, 9)[place] for place in places]).item() == 9
    assert class_map(among(shares, allowed((0, 4, 9), ())), (0, 4, 9)).item() == 4
    with pytest.raises(UserError, match="none of the project"):
        allowed((3, 4), (0, 1))


def test_the_network_grows_for_painted_classes_and_loses_removed_ones() -> None:
    table = [(i, f"c{i}", "#000000") for i in (0, 2, 3, 8)]
    grown = suited(network_of(0, 1, 2), [labelled(0, 8)], table)
    assert grown.card.class_ids == (0, 2, 8), "3 is not painted yet, 1 is gone"
    assert suited(grown, [labelled(0, 8)]) is grown


def test_grey_and_colour_are_learnt_together_and_four_bands_are_named(cpu: Device) -> None:
    grey, table = labelled(0, 1), [(0, "a", ""), (1, "b", "")]
    alike = replace(grey, name="b.png#0", pixels=grey.pixels.repeat(3, 2), ranges=[(0.0, 255.0)] * 3)
    coloured = replace(alike, pixels=np.concatenate((grey.pixels, 255 - grey.pixels, grey.pixels), 2))
    assert suited(network_of(0, 1), [grey, alike], table).card.channels == 1
    wide = suited(network_of(0, 1), [grey, coloured], table)
    assert wide.card.channels == 3
    *_, end = finetune(wide, [grey, coloured], SHORT, device=cpu)
    assert isinstance(end, Outcome)
    for region in (grey, coloured):
        assert (mapped(end.network, np.asarray(region.pixels), cpu) == bands(0, 1)[1]).mean() > 0.8
    four = replace(grey, name="d.tif#0", pixels=grey.pixels.repeat(4, 2), ranges=[(0.0, 255.0)] * 4)
    with pytest.raises(UserError, match=r"d\.tif") as refused:
        suited(network_of(0, 1), [grey, four], table)
    assert "4 channels" in refused.value.why


def test_a_grey_network_says_of_equal_channels_what_it_says_of_grey(cpu: Device) -> None:
    network, (pixels, _) = network_of(0, 1), bands(0, 1)
    np.testing.assert_array_equal(mapped(network, pixels, cpu), mapped(network, pixels.repeat(3, 2), cpu))


@pytest.fixture
def scribbles() -> Callable[..., Labelled]:
    """Full bands, or two strokes in one of them."""

    def make(*ids: int, only: int | None = None) -> Labelled:
        region = labelled(*ids, role="train")
        if only is not None:
            codes = np.where(region.codes & 0xFF == only, region.codes, np.uint16(UNSET))
            codes[20:] = UNSET
            region = replace(region, codes=codes, digest="other")
        return region

    return make


def test_the_quick_head_learns_ids_with_holes(cpu: Device, scribbles: Callable[..., Labelled]) -> None:
    head = QuickHead(fresh_trunk(network_of(0, 6).card), cpu)
    head.learn([scribbles(0, 6)])
    head.refit((0, 6))
    pixels, truth = bands(0, 6, seed=3)
    assert (mapped(head.network(network_of(0, 6).card), pixels, cpu) == truth).mean() > 0.9


def test_a_new_class_leaves_the_champion_its_say_about_the_old_ones(
    cpu: Device, scribbles: Callable[..., Labelled]
) -> None:
    *_, end = finetune(network_of(0, 1), [labelled(0, 1)], SHORT, device=cpu)
    assert isinstance(end, Outcome)
    champion = end.network
    champion.card = replace(champion.card, steps=4000)
    head = QuickHead(fresh_trunk(champion.card), cpu)
    head.learn([scribbles(0, 1, 3), scribbles(0, 1, 3, only=3)])
    head.refit((0, 1, 3))
    both = head.network(champion.card, champion)
    pixels, truth = bands(0, 1, 3, seed=3)
    (block,) = predict(Predictor(both, cpu), pixels, [(0.0, 255.0)])
    np.testing.assert_allclose(block.probabilities.sum(0), 1, atol=1e-3)
    assert both.card.class_ids == (0, 1, 3)
    assert (class_map(block.probabilities, (0, 1, 3)) == truth).mean() > 0.9
    assert int(NOTHING) not in class_map(block.probabilities, (0, 1, 3))
