"""Shapes as runs of columns, against the plain formula for every pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.codes import Origin, encode
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.spans import ROUNDING, Point, swept_disc

SHAPE = (1, 600, 700)


def plain(start: Point, end: Point, radius: float) -> NDArray[np.bool_]:
    """Distance of every pixel's centre to the line."""
    rows, columns = np.mgrid[0 : SHAPE[1], 0 : SHAPE[2]] + 0.5
    along = np.subtract(end, start)
    share = np.clip(((rows - start[0]) * along[0] + (columns - start[1]) * along[1]) / max(along @ along, 1e-12), 0, 1)
    inside = np.hypot(rows - start[0] - share * along[0], columns - start[1] - share * along[1]) <= radius + ROUNDING
    if 0 <= end[0] < SHAPE[1] and 0 <= end[1] < SHAPE[2]:
        inside[int(end[0]), int(end[1])] = True
    return np.asarray(inside)


@pytest.mark.parametrize("radius", [0.5, 0.7, 1, 2.5, 20.3, 300])
def test_a_swept_disc_is_what_the_formula_says(radius: float) -> None:
    rng = np.random.default_rng(int(radius))
    for number in range(25):
        start = tuple(rng.uniform(-30, 700, 2))
        end = start if number % 5 == 0 else tuple(np.add(start, rng.uniform(-40, 40, 2)))
        spans = swept_disc(start, end, radius)
        box = spans.box(0).clip(SHAPE)
        found = np.zeros(SHAPE[1:], bool)
        if not box.empty:
            found[box.rows, box.columns] = spans.stencil(box)
        np.testing.assert_array_equal(found, plain(start, end, radius))


@pytest.mark.parametrize("locked", [False, True])
def test_a_stroke_of_many_sweeps_paints_the_union_of_its_parts(locked: bool) -> None:
    rng = np.random.default_rng(4)
    document = Document()
    document.classes.add("Cell")
    document.classes.add("Other")
    document.classes.change(2, locked=locked)  # a lock anywhere takes the slow way
    document.add_image("a.png", "", ImageInfo("", SHAPE, 1, ("grey",), "uint8"))
    plane = document.layer(1, 1).annotation
    wanted = np.zeros(SHAPE[1:], np.uint16)
    for _ in range(30):
        radius, class_id = float(rng.choice([0.5, 3, 20, 260])), int(rng.integers(0, 2))
        place = rng.uniform(-100, 750, 2)
        writer = document.begin_edit(1, 1, "Paint", tool="brush")
        for _ in range(5):
            following = place + rng.normal(0, 40, 2)
            writer.sweep(0, swept_disc(tuple(place), tuple(following), radius), class_id)
            wanted[plain(tuple(place), tuple(following), radius)] = encode(class_id, Origin.PAINTED)
            place = following
        document.finish_edit(writer)
    np.testing.assert_array_equal(plane.read(Box.whole(SHAPE)), wanted)
    while document.undo() is not None:
        pass
    assert plane.is_empty()


def test_a_large_sweep_tells_only_of_what_changed() -> None:
    document = Document()
    document.classes.add("Cell")
    document.add_image("a.png", "", ImageInfo("", (1, 9000, 9000), 1, ("grey",), "uint8"))
    writer = document.begin_edit(1, 1, "Paint", tool="brush")
    writer.sweep(0, swept_disc((4500, 4500), (4500, 4500), 2000), 1)
    told: list[Box] = []
    document.layer(1, 1).changed.connect(told.append)
    writer.sweep(0, swept_disc((4500, 4500), (4500, 4508), 2000), 1)
    assert sum(box.height * box.width for box in told) < 0.3 * 4000 * 4000
    told.clear()
    writer.sweep(0, swept_disc((4500, 4508), (4500, 4508), 1000), 1)
    assert not told, "inside what was painted nothing changes"
    writer.rollback()
