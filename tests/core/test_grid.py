"""Grid: places in the image and places in the world."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo

TILTED = np.array([[0.0, 0.5, 0.1, -10.0], [0.7, 0.0, 0.0, 5.0], [0.0, 0.0, 3.0, 20.0]])


def test_a_place_in_the_image_has_a_place_in_the_world():
    grid = Grid.of("patient", TILTED)
    assert grid.world(2, 4, 6) == pytest.approx((-10 + 4 * 0.5 + 2 * 0.1, 5 + 6 * 0.7, 26))


def test_spacing_is_in_the_order_of_the_axes():
    assert Grid.of("patient", TILTED).spacing == pytest.approx((np.hypot(3, 0.1), 0.5, 0.7))


@pytest.mark.parametrize("bad", [np.nan, 0.0])
def test_what_is_no_position_is_refused(bad):
    with pytest.raises(ValueError, match="invertible"):
        Grid.of("map", np.diag([bad, 1.0, 1.0, 1.0]))


def test_an_image_keeps_its_grid_window_and_nodata_in_the_project():
    info = ImageInfo(
        "x", (1, 2, 3), 1, ("gray",), "uint8", window=(1.0, 2.0), nodata=-1.0, grid=Grid.of("map", TILTED, crs="EPSG:1")
    )
    assert ImageInfo.from_json(json.loads(json.dumps(info.to_json()))) == info


def test_a_place_in_words() -> None:
    patient = Grid.of("patient", np.array([[-1.0, 0, 0, 10], [0, 1, 0, -5], [0, 0, 2, 0], [0, 0, 0, 1]]))
    assert patient.describe(3, 2, 30) == "R 20.0 A 3.0 S 6.0 mm"
    metres = Grid.of("map", np.array([[0.5, 0, 0, 500_000], [0, -0.5, 0, 4_000_000], [0, 0, 1, 0]]), crs="PROJCS[]")
    assert metres.describe(0, 10, 4) == "E 500,002.00  N 3,999,995.00"
    degrees = Grid.of("map", np.array([[0.1, 0, 0, -70], [0, -0.1, 0, 40], [0, 0, 1, 0]]), crs="GEOGCS[]")
    assert degrees.describe(0, 0, 0) == "40.000000° N  70.000000° W"
