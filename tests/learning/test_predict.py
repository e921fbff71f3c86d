from __future__ import annotations

import copy
import tracemalloc

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from segstudio.errors import UserError
from segstudio.learning import predict as module
from segstudio.learning.device import Device
from segstudio.learning.predict import PredictedBlock, Predictor, entropy, fold_batch_norm, glance, margin, predict
from segstudio.models.card import Card
from segstudio.models.network import Network, build
from segstudio.models.registry import MODELS

RANGES = [(0.0, 255.0)]


class Pointwise(nn.Module):
    """Each pixel's class depends on that pixel alone, so any tiling must give the same."""

    stride = 16
    halo = 0

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((-x[:, :1] * 3, x[:, :1] * 3), dim=1)


def pointwise(**changes: object) -> Network:
    card = Card("pointwise", {}, 1, (("a", "#000000"), ("b", "#ffffff")), **changes)  # type: ignore[arg-type]
    return Network(Pointwise(), card)


def picture(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (rows, columns, 1)).astype(np.uint8)


def joined(blocks: list[PredictedBlock], rows: int, columns: int) -> np.ndarray:
    whole = np.full((2, rows, columns), np.nan, np.float32)
    for block in blocks:
        top, left, bottom, right = block.box
        assert np.isnan(whole[:, top:bottom, left:right]).all(), "a block came twice"
        whole[:, top:bottom, left:right] = block.probabilities
    assert not np.isnan(whole).any(), "a pixel never came"
    return whole


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (5, 700), (256, 256), (257, 300), (600, 530)])
@pytest.mark.parametrize(("tile", "overlap"), [(64, 0.25), (256, 0.25), (512, 0.5), (96, 0.0)])
def test_every_pixel_is_given_once_and_right_for_any_size(
    cpu: Device, rows: int, columns: int, tile: int, overlap: float
) -> None:
    pixels = picture(rows, columns)
    found = joined(
        list(predict(Predictor(pointwise(), cpu), pixels, RANGES, tile=tile, overlap=overlap)), rows, columns
    )
    expected = torch.sigmoid(torch.from_numpy((pixels[..., 0] / 255 * 2 - 1) * 6.0)).numpy()
    np.testing.assert_allclose(found[1], expected, atol=1e-5)
    np.testing.assert_allclose(found.sum(0), 1, atol=1e-5)


def test_tiles_agree_with_the_whole_image_where_they_see_enough(cpu: Device, network: Network) -> None:
    pixels = picture(300, 300)
    predictor = Predictor(network, cpu)
    one = joined(list(predict(predictor, pixels, RANGES, tile=304)), 300, 300)
    tiled = joined(list(predict(predictor, pixels, RANGES, tile=128, overlap=0.5)), 300, 300)
    assert np.abs(one - tiled).mean() < 0.01


def test_no_seam_shows_between_windows(cpu: Device, network: Network) -> None:
    pixels = np.full((512, 512, 1), 128, np.uint8)
    found = joined(list(predict(Predictor(network, cpu), pixels, RANGES, tile=128)), 512, 512)
    steps = np.abs(np.diff(found[1, 256, 32:-32]))
    assert steps.max() < 0.02


def test_what_is_in_view_comes_first(cpu: Device) -> None:
    blocks = list(predict(Predictor(pointwise(), cpu), picture(1024, 1024), RANGES, first=(520, 520, 760, 760)))
    assert (blocks[0].top, blocks[0].left) == (512, 512)


def test_what_is_in_view_comes_first_in_an_image_wider_than_a_strip(
    cpu: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STRIP", 2)
    blocks = list(predict(Predictor(pointwise(), cpu), picture(512, 1500), RANGES, first=(0, 900, 200, 1100)))
    assert {(block.top, block.left) for block in blocks[:2]} == {(0, 768), (0, 1024)}
    joined(blocks, 512, 1500)


def test_only_what_is_in_view_can_be_asked_for(cpu: Device) -> None:
    blocks = list(
        predict(Predictor(pointwise(), cpu), picture(800, 800), RANGES, first=(0, 0, 100, 300), only_first=True)
    )
    assert {(block.top, block.left) for block in blocks} == {(0, 0), (0, 256)}


def test_strips_give_the_same_probabilities(cpu: Device, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels, predictor = picture(256, 1100), Predictor(network, cpu)
    whole = joined(list(predict(predictor, pixels, RANGES, tile=128)), 256, 1100)
    monkeypatch.setattr(module, "STRIP", 2)
    np.testing.assert_allclose(joined(list(predict(predictor, pixels, RANGES, tile=128)), 256, 1100), whole, atol=1e-6)


def test_memory_does_not_grow_with_the_image(cpu: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STRIP", 2)

    def peak(rows: int, columns: int) -> int:
        pixels, predictor = np.zeros((rows, columns, 1), np.uint8), Predictor(pointwise(), cpu)
        tracemalloc.start()
        for _ in predict(predictor, pixels, RANGES):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(2048, 2048) < 1.2 * peak(1024, 1024)


def test_cancelling_ends_it_before_the_next_window(cpu: Device) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(0)
        return len(asked) > 8

    assert len(list(predict(Predictor(pointwise(), cpu), picture(1024, 1024), RANGES, cancelled=cancelled))) < 16


class Greedy(Pointwise):
    """Runs out of memory in windows larger than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] > self.limit:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return super().forward(x)


def test_smaller_windows_are_tried_when_memory_runs_out_and_it_says_so(cpu: Device) -> None:
    network, notes = Network(Greedy(64), pointwise().card), []
    joined(list(predict(Predictor(network, cpu), picture(300, 300), RANGES, tile=256, note=notes.append)), 300, 300)
    assert notes == [f"Out of memory: predicting in windows of {side} pixels." for side in (128, 64)]


def test_running_out_of_memory_in_the_smallest_windows_is_an_error(cpu: Device) -> None:
    with pytest.raises(MemoryError):
        list(predict(Predictor(Network(Greedy(1), pointwise().card), cpu), picture(300, 300), RANGES))


def test_other_errors_are_not_hidden(cpu: Device) -> None:
    with pytest.raises((RuntimeError, ValueError)):
        list(predict(Predictor(pointwise(), cpu), np.zeros((10, 10, 2), np.uint8), RANGES))


def test_the_temperature_of_the_card_softens_probabilities(cpu: Device) -> None:
    pixels = np.full((16, 16, 1), 255, np.uint8)
    sharp, soft = (
        next(predict(Predictor(pointwise(temperature=t), cpu), pixels, RANGES)).probabilities[1, 0, 0]
        for t in (1.0, 6.0)
    )
    assert sharp == pytest.approx(1 / (1 + np.exp(-6)), abs=1e-5) and soft == pytest.approx(
        1 / (1 + np.exp(-1)), abs=1e-5
    )


@pytest.mark.parametrize("architecture", sorted(MODELS))
def test_folding_batch_norm_changes_no_output(architecture: str) -> None:
    network = build(
        architecture, 1, (("a", "#000000"), ("b", "#ffffff")), {**MODELS[architecture].presets["light"], "width": 4}
    )
    for part in network.module.modules():
        if isinstance(part, nn.BatchNorm2d):
            nn.init.uniform_(part.running_mean, -0.5, 0.5)
            nn.init.uniform_(part.running_var, 0.5, 2)
            nn.init.uniform_(part.weight, 0.5, 2)
    plain = network.module.eval()
    folded = fold_batch_norm(copy.deepcopy(plain))
    x = torch.randn(1, 1, 64, 64)
    with torch.inference_mode():
        expected = plain(x)
        assert torch.allclose(folded(x), expected, atol=1e-4 * float(expected.abs().max()))
    assert not any(isinstance(part, nn.BatchNorm2d) for part in folded.modules())


def test_batch_norm_that_does_not_follow_a_convolution_is_left_alone() -> None:
    module_ = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1), nn.ReLU(), nn.BatchNorm2d(2)).eval()
    assert [type(part) for part in fold_batch_norm(module_)] == [nn.BatchNorm2d, nn.Conv2d, nn.ReLU, nn.BatchNorm2d]


def test_predicting_does_not_change_the_network(cpu: Device, network: Network) -> None:
    before = {name: value.clone() for name, value in network.module.state_dict().items()}
    list(predict(Predictor(network, cpu), picture(64, 64), RANGES))
    assert all(torch.equal(before[name], value) for name, value in network.module.state_dict().items())


def test_uncertainty_is_full_at_a_tie_and_none_when_sure() -> None:
    probabilities = np.array([[[1.0, 0.5, 0.75]], [[0.0, 0.5, 0.25]]], np.float32)
    assert entropy(probabilities)[0].tolist() == [0, 255, 206]
    assert margin(probabilities)[0].tolist() == [0, 255, 127]
    assert entropy(np.full((5, 1, 1), 0.2, np.float32)).item() >= 254
    assert margin(np.ones((1, 2, 2), np.float32)).tolist() == [[0, 0], [0, 0]]
    assert entropy(probabilities).dtype == margin(probabilities).dtype == np.uint8


def test_a_network_for_other_channels_is_refused(cpu: Device, network: Network) -> None:
    with pytest.raises((UserError, ValueError, RuntimeError)):
        list(predict(Predictor(network, cpu), np.zeros((32, 32, 4), np.uint8), [(0, 1)] * 4))


def test_a_glance_says_what_the_whole_prediction_says_there(cpu: Device, network: Network) -> None:
    pixels = picture(300, 400)
    exact, seeing = Predictor(pointwise(), cpu), Predictor(network, cpu)
    wholes = [joined(list(predict(one, pixels, RANGES, tile=512)), 300, 400) for one in (exact, seeing)]
    for box in ((0, 0, 300, 400), (37, 61, 190, 333), (250, 390, 300, 400)):
        top, left, bottom, right = box
        block = glance(exact, pixels, RANGES, box)
        assert block.box == box
        np.testing.assert_allclose(block.probabilities, wholes[0][:, top:bottom, left:right], atol=1e-5)
        apart = np.abs(glance(seeing, pixels, RANGES, box).probabilities - wholes[1][:, top:bottom, left:right])
        assert apart.mean() < 0.02, "where it looks far, little depends on what lies beyond the context"
