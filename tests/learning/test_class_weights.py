"""Weights of rare classes and of borders, against what the papers say, worked out by hand or by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import UNSET, Origin, encode_map
from segstudio.learning.class_weights import SIGMA, border_weights, median_frequency


def test_a_class_counts_by_the_median_frequency_over_its_own() -> None:
    first = np.array([[0, 0, 0, 1]], np.uint8)  # class 2 is not here
    second = np.array([[0, 1, 2, 2]], np.uint8)
    maps = [encode_map(one, Origin.PAINTED) for one in (first, second)]
    # frequencies 4/8, 2/8, 2/4: the median is 1/2
    assert median_frequency(maps, 4) == pytest.approx((1.0, 2.0, 1.0, 0.0))


def test_unlabelled_pixels_do_not_count_as_a_class() -> None:
    codes = encode_map(np.array([[0, 1, 1, 1]], np.uint8), Origin.PAINTED)
    codes[0, 2:] = UNSET
    assert median_frequency([codes], 2) == pytest.approx((1.0, 1.0))
    assert median_frequency([np.full((2, 2), UNSET, np.uint16)], 2) == (0.0, 0.0)


def test_borders_weigh_what_the_formula_says() -> None:
    classes = np.zeros((40, 60), np.uint8)
    classes[5:25, 5:20] = 1
    classes[8:30, 24:40] = 1
    classes[35:38, 10:50] = 1
    found = border_weights(encode_map(classes, Origin.PAINTED), 10.0)
    things = [(5, 25, 5, 20), (8, 30, 24, 40), (35, 38, 10, 50)]
    row, column = np.mgrid[:40, :60]
    distances = []
    for top, bottom, left, right in things:
        down = np.maximum(np.maximum(top - row, row - (bottom - 1)), 0)
        across = np.maximum(np.maximum(left - column, column - (right - 1)), 0)
        distances.append(np.hypot(down, across))
    near, next_ = np.sort(distances, axis=0)[:2]
    expected = np.where(classes == 0, 1 + 10 * np.exp(-((near + next_) ** 2) / (2 * SIGMA**2)), 1)
    assert np.abs(found - expected).max() < 1e-3  # beyond REACH it counts as nothing
    assert found[15, 21] > 5 > 1.1 > found[2, 55]


def test_one_object_alone_has_no_border() -> None:
    classes = np.zeros((20, 20), np.uint8)
    classes[5:9, 5:9] = 1
    assert (border_weights(encode_map(classes, Origin.PAINTED), 10.0) == 1).all()
    assert (border_weights(np.full((8, 8), UNSET, np.uint16), 10.0) == 1).all()
