"""Thresholds against scikit-image's own, and on the images they are made for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segstudio.classical import threshold
from segstudio.errors import UserError

AUTOMATIC = ("otsu", "li", "yen", "triangle")
MASKS = [
    threshold.manual,
    *(getattr(threshold, name) for name in AUTOMATIC),
    threshold.adaptive,
    threshold.hysteresis,
]
SIDED = MASKS[1:]


@pytest.fixture(scope="module")
def blobs():
    """Two bright discs on a darker, noisy ground, uint8."""
    rows, columns = np.mgrid[:96, :128]
    discs = (np.hypot(rows - 40, columns - 40) < 20) | (np.hypot(rows - 60, columns - 95) < 15)
    noise = np.random.default_rng(0).normal(0, 8, discs.shape)
    return np.clip(80 + 90 * discs + noise, 0, 255).astype(np.uint8), discs


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("name", AUTOMATIC)
def test_automatic_thresholds_are_those_of_scikit_image(blobs, name, dtype):
    from skimage import filters

    image = blobs[0].astype(dtype) * np.dtype(dtype).type(257 if dtype == "uint16" else 1)
    expected = image > getattr(filters, f"threshold_{name}")(image)
    assert np.array_equal(getattr(threshold, name)(image), expected)
    assert expected.any() and not expected.all()


@pytest.mark.parametrize("classes", [3, 4])
def test_multi_otsu_finds_the_thresholds_of_scikit_image(blobs, classes):
    from skimage import filters

    image = blobs[0]
    ours = threshold.multi_otsu_thresholds(image, classes)
    assert ours.tolist() == filters.threshold_multiotsu(image, classes).tolist()


def test_multi_otsu_gives_the_largest_variance_between_five_classes():
    from skimage import filters

    image = np.random.default_rng(1).integers(0, 24, (40, 40)).astype(np.uint8)

    def between(thresholds):
        parts = np.split(np.sort(image.ravel()), np.searchsorted(np.sort(image.ravel()), thresholds, "right"))
        return sum(part.size * (part.mean() - image.mean()) ** 2 for part in parts if part.size)

    ours = between(threshold.multi_otsu_thresholds(image, 5))
    assert ours == pytest.approx(between(filters.threshold_multiotsu(image, 5)))


def test_multi_otsu_separates_levels_and_counts_from_the_background():
    image = np.repeat(np.array([[10, 60, 200]], np.uint8), 20, axis=0)
    assert threshold.multi_otsu(image)[0].tolist() == [0, 1, 2]
    assert threshold.multi_otsu(image, foreground="dark")[0].tolist() == [2, 1, 0]


def test_multi_otsu_says_how_many_values_it_would_need():
    with pytest.raises(UserError) as caught:
        threshold.multi_otsu(np.array([[1, 2], [1, 2]], np.uint8), classes=4)
    assert "4 classes" in caught.value.what and "2 different values" in caught.value.why


def test_multi_otsu_of_a_16_bit_image_is_quick_and_close():
    rng = np.random.default_rng(2)
    image = np.concatenate([rng.normal(mean, 500, 4000) for mean in (5000, 20000, 50000)])
    image = image.clip(0, 65535).astype(np.uint16).reshape(120, 100)
    first, second = threshold.multi_otsu_thresholds(image, 3)
    assert 6000 < first < 19000 and 21000 < second < 49000


@pytest.mark.parametrize("method", SIDED)
def test_bright_and_dark_are_opposite_sides(blobs, method):
    image, discs = blobs
    bright, dark = method(image, smoothing=1.0), method(255 - image, foreground="dark", smoothing=1.0)
    assert (bright == dark).mean() > 0.97
    assert method(image, smoothing=1.0)[discs].mean() > method(image, smoothing=1.0)[~discs].mean()


def test_manual_takes_both_ends_in_the_units_of_the_image():
    image = np.array([[-1000, -300, 0, 40, 80, 3000]], np.int16)
    assert threshold.manual(image, low=0, high=80)[0].tolist() == [False, False, True, True, True, False]
    assert threshold.manual(image, low=0, high=80, invert=True)[0].tolist() == [True] * 2 + [False] * 3 + [True]


def test_manual_without_values_takes_the_upper_half_of_the_range():
    assert threshold.manual(np.array([[0, 99, 100, 200]], np.uint8))[0].tolist() == [False, False, True, True]


def test_manual_includes_the_shown_value_of_a_float_pixel():
    assert threshold.manual(np.array([[0.1, 0.3]], np.float32), low=0.1, high=0.3).all()
    assert threshold.manual(np.array([[0.1, 0.3]], np.float32), low=0.0, high=1e300).all()


def test_crossed_thresholds_are_refused():
    image = np.zeros((4, 4))
    for method in (threshold.manual, threshold.hysteresis):
        with pytest.raises(UserError) as caught:
            method(image, low=0.9, high=0.1)
        assert "0.9" in caught.value.why and caught.value.hint


@pytest.mark.parametrize("mean", ["gaussian", "mean", "median"])
@pytest.mark.parametrize("foreground", ["bright", "dark"])
def test_adaptive_copes_with_uneven_light_where_one_threshold_does_not(mean, foreground):
    rows, columns = np.mgrid[:200, :200]
    truth = (rows % 40 < 12) & (columns % 40 < 12)
    light = np.linspace(20, 200, 200)[None]
    image = light + (30 if foreground == "bright" else -15) * truth
    found = threshold.adaptive(image, window=41, offset=0.03, mean=mean, foreground=foreground)
    inner = np.s_[20:-20, 20:-20]  # at the frame half a window is missing
    assert (found == truth)[inner].mean() > 0.98
    assert (threshold.otsu(image, foreground=foreground) == truth)[inner].mean() < 0.8


@pytest.mark.parametrize("mean", ["gaussian", "mean"])
def test_adaptive_surroundings_are_those_of_scikit_image(blobs, mean):
    from skimage import filters

    image = blobs[0].astype(float)
    expected = image > filters.threshold_local(image, 31, method=mean)
    assert (threshold.adaptive(image, window=31, offset=0.0, mean=mean) == expected).mean() > 0.999


def test_hysteresis_keeps_weak_pixels_only_where_they_touch_strong_ones():
    image = np.zeros((20, 20))
    image[3, 2:18] = 0.5
    image[3, 4:8] = 1.0
    image[15, 2:18] = 0.5
    found = threshold.hysteresis(image, low=0.4, high=0.8)
    assert found[3, 2:18].all() and found.sum() == 16


def test_smoothing_takes_out_specks():
    image = np.zeros((40, 40), np.uint8)
    image[10:30, 10:30] = 200
    image[2, 2] = 255
    assert threshold.otsu(image)[2, 2]
    assert not threshold.otsu(image, smoothing=2.0)[2, 2]


@pytest.mark.parametrize("method", MASKS)
@pytest.mark.parametrize("smoothing", [0.0, 1.5])
def test_pixels_without_a_value_are_background_and_change_nothing_far_away(blobs, method, smoothing):
    image = blobs[0].astype(np.float32)
    holed = image.copy()
    holed[:6, :6], holed[0, 100], holed[0, 101] = np.nan, np.inf, -np.inf
    found, whole = method(holed, smoothing=smoothing), method(image, smoothing=smoothing)
    assert not found[~np.isfinite(holed)].any()
    assert (found == whole)[np.isfinite(holed)].mean() > 0.98


@pytest.mark.parametrize("method", [*SIDED, threshold.multi_otsu])
@pytest.mark.parametrize("value", [0, 7, 0.1, np.nan, np.inf])
@pytest.mark.parametrize("smoothing", [0.0, 2.0])
@pytest.mark.parametrize("foreground", ["bright", "dark"])
def test_nothing_stands_out_in_an_image_of_one_value(method, value, smoothing, foreground):
    image = np.full((12, 17), value)
    assert not method(image, smoothing=smoothing, foreground=foreground).any()


@pytest.mark.parametrize("method", [*MASKS, threshold.multi_otsu])
def test_an_empty_image_gives_an_empty_mask(method):
    assert method(np.zeros((0, 5), np.float32), smoothing=1.0).shape == (0, 5)


def test_complex_pixels_and_volumes_are_refused():
    with pytest.raises(UserError, match="complex64"):
        threshold.otsu(np.zeros((3, 3), np.complex64))
    with pytest.raises(ValueError, match="rows, columns"):
        threshold.otsu(np.zeros((3, 3, 3)))


def test_the_image_itself_is_never_changed(blobs):
    for image in (blobs[0].copy(), blobs[0].astype(np.int16), blobs[0].astype(np.float32)):
        before = image.copy()
        for method in (*MASKS, threshold.multi_otsu):
            method(image)
            method(image, smoothing=1.0)
        assert np.array_equal(image, before)


DTYPES = st.sampled_from([bool, "i1", "u1", "i2", ">u2", "i4", "i8", "u8", "f2", "f4", ">f8"])


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_no_image_makes_a_method_fail(data):
    dtype = np.dtype(data.draw(DTYPES))
    elements = {"min_value": -1000, "max_value": 1000} if dtype.kind == "f" else None
    image = data.draw(arrays(dtype, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=elements))
    method = data.draw(st.sampled_from(MASKS))
    smoothing = data.draw(st.sampled_from([0.0, 1.0]))
    found = method(image, smoothing=smoothing)
    assert found.shape == image.shape and found.dtype == np.bool_
