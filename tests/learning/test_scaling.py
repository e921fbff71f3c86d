from __future__ import annotations

import numpy as np
import pytest

from segstudio.learning.scaling import IMAGENET_MEAN, IMAGENET_STD, scale


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_the_range_becomes_minus_one_to_one_for_every_type(dtype: type) -> None:
    pixels = np.array([[[10], [60], [110]]], dtype)
    found = scale(pixels, [(10, 110)])
    assert found.dtype == np.float32 and found.shape == (1, 1, 3)
    assert found.ravel().tolist() == [-1, 0, 1]


def test_an_outlier_is_clipped() -> None:
    assert scale(np.array([[[60000]]], np.uint16), [(0, 100)]).item() == 2


def test_pixels_that_are_not_finite_become_the_middle() -> None:
    pixels = np.array([[[np.nan], [np.inf], [-np.inf], [1e300]]])
    assert scale(pixels, [(0, 1)]).ravel().tolist() == [0, 0, 0, 2]


@pytest.mark.parametrize("ranges", [[(5, 5)], [(np.nan, np.nan)], [(7, 3)]])
def test_a_channel_without_a_range_becomes_the_middle(ranges: list[tuple[float, float]]) -> None:
    assert (scale(np.full((2, 2, 1), 5, np.uint8), ranges) == 0).all()


def test_small_differences_on_a_large_offset_survive() -> None:
    found = scale(np.array([[[1e9], [1e9 + 1]]]), [(1e9, 1e9 + 1)])
    assert found.ravel().tolist() == [-1, 1]


def test_imagenet_scaling_is_torchvisions() -> None:
    found = scale(np.full((1, 1, 3), 255, np.uint8), [(0, 255)] * 3, "imagenet")
    assert found.ravel() == pytest.approx((1 - np.array(IMAGENET_MEAN)) / IMAGENET_STD)


@pytest.mark.parametrize(("channels", "ranges", "mode"), [(2, 1, "range"), (1, 3, "range"), (1, 1, "imagenet")])
def test_channels_and_ranges_must_match(channels: int, ranges: int, mode: str) -> None:
    with pytest.raises(ValueError, match="channels"):
        scale(np.zeros((2, 2, channels), np.uint8), [(0, 1)] * ranges, mode)
