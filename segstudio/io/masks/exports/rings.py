"""Outlines of a mask as rings along the sides of pixels, for formats that know no holes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING

XY = tuple[float, float]
Ring = list[XY]
"""Corners (x, y) = (column, row) in order, where (0, 0) is the corner of the first pixel; the first is not repeated."""


@dataclass(frozen=True, slots=True)
class Painted:
    """A ring that is filled with a class (0: background), over those before it."""

    class_id: int
    ring: Ring


def keyholed(mask: NDArray[np.uint8]) -> Iterator[tuple[int, Ring]]:
    """Class id and one ring for each object, pixels of a class but the background that touch by a side.

    A hole is joined to what is around it by a line of no width along the sides of pixels (the keyhole of DICOM PS3.3
    C.8.8.6.3), so that the even-odd rule gives back every pixel.
    """
    from rasterio.features import shapes

    for outline, value in shapes(mask, mask=(mask != 0) & (mask != NOTHING), connectivity=4):
        yield int(value), _joined(outline["coordinates"])


def painted(mask: NDArray[np.uint8]) -> list[Painted]:
    """Rings of all objects, the largest first; holes are rings of background. Filled one over the other they give the
    mask (unknown becomes background)."""
    from rasterio.features import shapes

    rows, columns = mask.shape
    found: list[tuple[float, Painted]] = []
    for outline, value in shapes(np.where(mask == NOTHING, np.uint8(0), mask), connectivity=4):
        ring = outline["coordinates"][0]
        if value or _inside(ring, rows, columns):
            found.append((_area(ring), Painted(int(value), [(float(x), float(y)) for x, y in ring[:-1]])))
    found.sort(key=lambda one: -one[0])
    return [one for _, one in found] if any(one.class_id for _, one in found) else []


def _joined(rings: Sequence[Sequence[XY]]) -> Ring:
    """The outer ring with each hole joined to what lies left of its leftmost corner."""
    whole = [(float(x), float(y)) for x, y in rings[0][:-1]]
    for hole in sorted((ring[:-1] for ring in rings[1:]), key=lambda ring: min(x for x, _ in ring)):
        first = min(range(len(hole)), key=lambda place: hole[place])
        inner = [(float(x), float(y)) for x, y in (*hole[first:], *hole[: first + 1])]
        x, y = inner[0]
        xs, ys = np.array(whole).T
        after_x, after_y = np.roll(xs, -1), np.roll(ys, -1)
        upright = (xs == after_x) & (xs <= x) & (np.minimum(ys, after_y) <= y) & (y <= np.maximum(ys, after_y))
        place = int(np.argmax(np.where(upright, xs, -np.inf)))
        door = (float(xs[place]), y)
        whole = [*whole[: place + 1], door, *inner, door, *whole[place + 1 :]]
    return whole


def _inside(ring: Sequence[XY], rows: int, columns: int) -> bool:
    """Whether background with this outline may lie in an object: it does not touch the image's border."""
    xs, ys = zip(*ring, strict=True)
    return bool(min(xs) > 0 and min(ys) > 0 and max(xs) < columns and max(ys) < rows)


def _area(ring: Sequence[XY]) -> float:
    x, y = np.array(ring, np.float64).T
    return float(abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2)
