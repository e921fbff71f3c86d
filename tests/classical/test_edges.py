"""Edges and what they enclose."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.classical import edges
from segstudio.errors import UserError

METHODS = [edges.sobel, edges.canny, edges.contours]


@pytest.fixture(scope="module")
def disc():
    """A bright disc of radius 30 in noise, uint8, and its mask."""
    rows, columns = np.mgrid[:128, :150]
    mask = np.hypot(rows - 64, columns - 70) < 30
    noise = np.random.default_rng(0).normal(0, 5, mask.shape)
    return np.clip(60 + 100 * mask + noise, 0, 255).astype(np.uint8), mask


def from_outline(mask):
    """Distance of each pixel to the outline of `mask`."""
    from scipy import ndimage

    return ndimage.distance_transform_edt(mask) + ndimage.distance_transform_edt(~mask)


def test_canny_finds_the_outline_of_a_disc_and_nothing_else(disc):
    image, mask = disc
    found = edges.canny(image, sigma=2.0, low=0.95, high=0.99)
    assert from_outline(mask)[found].max() < 3
    angles = np.arctan2(*(np.argwhere(found) - (64, 70)).T)
    assert np.histogram(angles, 36, (-np.pi, np.pi))[0].all()


def test_canny_is_that_of_scikit_image_away_from_the_frame(disc):
    from skimage import feature

    image = disc[0].astype(float)
    theirs = feature.canny(image, sigma=2.0, low_threshold=0.8, high_threshold=0.95, use_quantiles=True)
    assert (edges.canny(image) == theirs)[12:-12, 12:-12].mean() > 0.99


def test_sobel_marks_the_steepest_share_of_the_pixels(disc):
    image, mask = disc
    found = edges.sobel(image, quantile=0.95, smoothing=2.0)
    assert found.mean() == pytest.approx(0.05, abs=0.002)
    assert from_outline(mask)[found].max() < 5


def test_contours_fill_the_disc(disc):
    from scipy import ndimage

    image, mask = disc
    found = edges.contours(image, low=0.95, high=0.99)
    assert 2 * (found & mask).sum() / (found.sum() + mask.sum()) > 0.95
    assert ndimage.label(found)[1] == 1


def test_contours_close_a_gap_in_the_outline_only_when_asked():
    image = np.zeros((100, 100))
    image[30:70, 30:70] = 1.0
    image[28:72, 48:51] = 0.5  # the outline fades for three columns
    image[50:72, 48:51] = 0.0
    assert edges.contours(image, closing=4)[45, 40]
    assert not edges.contours(image, closing=0, smallest=2000).any()


def test_contours_drop_what_is_smaller_than_asked(disc):
    image, mask = disc
    assert not edges.contours(image, low=0.95, high=0.99, smallest=int(mask.sum() * 1.5)).any()


def test_a_loose_line_encloses_nothing():
    image = np.zeros((80, 80))
    image[:, 40:] = 1.0
    assert edges.canny(image).any()
    assert not edges.contours(image).any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, 0.1, 255, np.nan, -np.inf])
def test_an_image_of_one_value_has_no_edges(method, value):
    assert not method(np.full((20, 30), value)).any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(0, 4), (1, 1), (1, 9), (2, 2)])
def test_the_smallest_images_are_no_exception(method, shape):
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    assert method(image).shape == shape


@pytest.mark.parametrize("method", METHODS)
def test_pixels_without_a_value_are_never_edges(disc, method):
    image = disc[0].astype(np.float32)
    image[:20, :60], image[64, 70] = np.nan, np.inf
    found = method(image, low=0.95, high=0.99) if method is not edges.sobel else method(image)
    assert found.any() and not found[~np.isfinite(image)].any()


def test_flat_ground_beside_an_object_is_not_an_edge_at_quantile_0():
    image = np.zeros((60, 60))
    image[25:35, 25:35] = 1.0
    assert not edges.sobel(image, quantile=0.0)[:10].any()
    assert not edges.canny(image, low=0.0, high=0.0)[:10].any()


def test_crossed_strengths_are_refused(disc):
    for method in (edges.canny, edges.contours):
        with pytest.raises(UserError) as caught:
            method(disc[0], low=0.9, high=0.5)
        assert "0.9" in caught.value.why and caught.value.hint
