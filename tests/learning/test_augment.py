from __future__ import annotations

import numpy as np
import pytest

from segstudio.learning.augment import augment, deform, turn_and_zoom


def test_image_and_labels_move_together() -> None:
    codes = np.arange(1, 257, dtype=np.uint16).reshape(16, 16)
    for seed in range(20):
        image = codes[None].astype(np.float32) / 128 - 1.01
        pixels, moved = augment((image, codes), np.random.default_rng(seed), contrast=0, noise=0)
        assert sorted(moved.ravel()) == sorted(codes.ravel())
        assert (np.diff(pixels[0].ravel()[np.argsort(moved.ravel())]) >= 0).all()  # gamma keeps the order


def test_the_same_seed_gives_the_same_patch() -> None:
    patch = np.random.default_rng(0).random((2, 32, 32), np.float32), np.ones((32, 32), np.uint16)
    one, two = (augment(patch, np.random.default_rng(5), warp=1.0) for _ in range(2))
    assert (one[0] == two[0]).all() and (one[1] == two[1]).all()


@pytest.mark.parametrize("shape", [(16, 16), (8, 24)])
def test_the_size_stays_and_the_original_too(shape: tuple[int, int]) -> None:
    pixels, codes = np.zeros((1, *shape), np.float32), np.ones(shape, np.uint16)
    changed, moved = augment((pixels, codes), np.random.default_rng(1), warp=1.0)
    assert changed.shape == (1, *shape) and moved.shape == shape
    assert (pixels == 0).all() and changed.dtype == np.float32 and moved.dtype == np.uint16


def test_turning_leaves_the_corners_unset_and_the_pixels_finite() -> None:
    pixels, codes = np.ones((1, 32, 32), np.float32), np.full((32, 32), 257, np.uint16)
    changed, moved = turn_and_zoom((pixels, codes), 0.3, 0.8)
    assert moved[0, 0] == 0 and moved[16, 16] == 257
    assert set(np.unique(moved)) == {0, 257}
    assert changed == pytest.approx(np.ones((1, 32, 32)))


def test_turning_by_nothing_changes_nothing() -> None:
    random = np.random.default_rng(0)
    patch = random.random((2, 9, 14), np.float32), random.integers(0, 600, (9, 14)).astype(np.uint16)
    changed, moved = turn_and_zoom(patch, 0.0, 1.0)
    assert (moved == patch[1]).all() and changed == pytest.approx(patch[0], abs=1e-6)


def test_a_patch_never_loses_its_only_label() -> None:
    codes = np.zeros((32, 32), np.uint16)
    codes[0, 0] = 257
    for seed in range(30):
        _, moved = augment((np.zeros((1, 32, 32), np.float32), codes), np.random.default_rng(seed), warp=1.0)
        assert moved.any()


def test_deforming_takes_each_pixel_from_where_the_grid_says() -> None:
    codes = np.arange(1, 32 * 32 + 1, dtype=np.uint16).reshape(32, 32)
    shifts = np.zeros((2, 3, 3))
    shifts[0], shifts[1] = 2, -3  # the same everywhere: two down, three to the left
    pixels, moved = deform((codes[None].astype(np.float32), codes), shifts)
    assert (moved[:-2, 3:] == codes[2:, :-3]).all() and not moved[-2:].any() and not moved[:, :3].any()
    assert np.allclose(pixels[0, :-2, 3:], codes[2:, :-3])
    assert pixels.dtype == np.float32 and moved.dtype == np.uint16


def test_deforming_is_smooth_and_moves_image_and_labels_together() -> None:
    random = np.random.default_rng(4)
    row = np.broadcast_to(np.arange(1, 97, dtype=np.uint16)[:, None], (96, 96))
    patch = row[None].astype(np.float32), row.copy()
    pixels, moved = augment(patch, random, contrast=0, noise=0, elastic=10.0)
    again, _ = augment(patch, np.random.default_rng(4), contrast=0, noise=0, elastic=10.0)
    inside = moved > 0
    assert (pixels == again).all() and 0.5 < inside.mean() < 1
    assert (moved[inside] != row[inside]).any()
    bins = [pixels[0][moved == value] for value in np.unique(moved[inside])]
    middles = [float(np.median(one)) for one in bins if len(one) > 5]
    assert (np.diff(middles) > 0).all()
