"""Where pixels come from: means, coarse levels, tiles of each level."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.geometry import TILE, Box
from segstudio.core.source import SAMPLES, ArraySource, block_mean, coarse_levels, top_level


@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "float32", "float64"]
)
@pytest.mark.parametrize("step", [1, 2, 4, 16])
def test_a_block_mean_is_the_rounded_mean_also_where_the_edge_cuts_blocks(dtype: str, step: int) -> None:
    rng = np.random.default_rng(1)
    low = -120 if np.dtype(dtype).kind in "if" else 0
    part = rng.integers(low, 127, (37, 50, 3)).astype(dtype)
    found = block_mean(part, step)
    assert found.dtype == part.dtype and found.shape == (-(-37 // step), -(-50 // step), 3)
    for row in range(found.shape[0]):
        for column in range(found.shape[1]):
            block = part[row * step : (row + 1) * step, column * step : (column + 1) * step].astype(float)
            mean = block.mean(axis=(0, 1))
            wanted = mean if np.dtype(dtype).kind == "f" else np.floor(mean + 0.5)
            np.testing.assert_allclose(found[row, column].astype(float), wanted, rtol=1e-5, atol=1e-4)


def test_means_of_extreme_values_do_not_overflow() -> None:
    for dtype in ("uint8", "int8", "uint16", "int16", "int32"):
        for value in (np.iinfo(dtype).min, np.iinfo(dtype).max):
            assert (block_mean(np.full((16, 16, 1), value, dtype), 16) == value).all()


def test_coarse_levels_are_means_of_means_and_only_of_large_images() -> None:
    assert coarse_levels(np.zeros((1, 4000, 4000, 1), np.uint8)) == []
    array = np.random.default_rng(2).integers(0, 255, (2, 4100, 300, 1)).astype(np.uint8)
    levels = coarse_levels(array)
    assert [level.shape for level in levels] == [(2, 1025, 75, 1), (2, 257, 19, 1), (2, 65, 5, 1)]
    np.testing.assert_array_equal(levels[0][1], block_mean(array[1], 4))


def test_tiles_of_all_levels_with_and_without_coarse_levels() -> None:
    array = np.random.default_rng(2).integers(0, 255, (1, 4200, 4100, 1)).astype(np.uint8)
    plain, quick = ArraySource(array), ArraySource(array, coarse_levels(array))
    for level in range(7):
        side = TILE << level
        for row in range(-(-4200 // side)):
            for column in range(-(-4100 // side)):
                one, other = plain.tile(0, level, row, column), quick.tile(0, level, row, column)
                assert one.shape == other.shape
                assert np.abs(one.astype(int) - other.astype(int)).max() <= 2  # means of rounded means


def test_reading_and_sampling() -> None:
    array = np.arange(1500 * 1600, dtype=np.uint32).reshape(1, 1500, 1600, 1)
    source = ArraySource(array)
    np.testing.assert_array_equal(source.read(Box(0, 3, 5, 9, 8)), array[0, 3:9, 5:8])
    sample = source.sample(0)
    assert sample.shape[0] * sample.shape[1] <= SAMPLES
    assert top_level((1, 1000, 1000)) == 0 and top_level((1, 100_000, 100_000)) == 7
