"""Spans: a convex shape as one run of columns in each row, so that a large brush costs its outline, not its area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import TILE, Box

Point = tuple[float, float]
"""Row and column in image coordinates; pixel (r, c) has its centre at (r + 0.5, c + 0.5)."""

FAR = 2**30


@dataclass(frozen=True, slots=True)
class Band:
    """What a shape touches in one row of tiles, and the columns where it covers all 256 rows of them."""

    box: Box
    full_from: int
    full_to: int


@dataclass(frozen=True, eq=False)
class Spans:
    """Row top + i holds the columns starts[i] <= c < ends[i]; a row without any has ends <= starts."""

    top: int
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]

    @cached_property
    def _columns(self) -> tuple[int, int]:
        used = self.ends > self.starts
        return (int(self.starts[used].min()), int(self.ends[used].max())) if used.any() else (0, 0)

    def box(self, z: int) -> Box:
        """The smallest box around the shape in slice `z`; it may reach beyond the image."""
        return Box(z, self.top, self._columns[0], self.top + len(self.starts), self._columns[1])

    def bands(self, box: Box) -> Iterator[Band]:
        """The part in each row of tiles, for a box inside `self.box` and inside the image."""
        for first in range(box.top // TILE * TILE, box.bottom, TILE):
            top, bottom = max(first, box.top), min(first + TILE, box.bottom)
            starts, ends = (run[top - self.top : bottom - self.top] for run in (self.starts, self.ends))
            used = ends > starts
            if not used.any():
                continue
            left, right = max(int(starts[used].min()), box.left), min(int(ends[used].max()), box.right)
            full = bottom - top == TILE and bool(used.all())
            inner = (max(int(starts.max()), box.left), min(int(ends.min()), box.right)) if full else (0, 0)
            if left < right:
                yield Band(Box(box.z, top, left, bottom, right), *inner)

    def stencil(self, box: Box) -> NDArray[np.bool_]:
        """Which pixels of a box, whose rows all lie within the shape's, belong to it: (rows, columns)."""
        rows = slice(box.top - self.top, box.bottom - self.top)
        columns = np.arange(box.left, box.right, dtype=np.int32)
        return np.asarray((columns >= self.starts[rows, None]) & (columns < self.ends[rows, None]))


def swept_disc(start: Point, end: Point, radius: float) -> Spans:
    """Pixels whose centre is within `radius` of the line from `start` to `end`: a capsule, a disc if they are equal.

    The pixel under `end` is always inside, so the smallest brush paints one pixel.
    """
    top = int(np.floor(min(start[0], end[0]) - radius))
    bottom = int(np.ceil(max(start[0], end[0]) + radius)) + 1
    centres = np.arange(top, bottom, dtype=np.float64) + 0.5
    low, high = np.full(len(centres), float(FAR)), np.full(len(centres), float(-FAR))
    for row, column in {start, end}:
        square = radius**2 - (centres - row) ** 2
        half = np.sqrt(np.maximum(square, 0))
        touched = square >= 0
        np.minimum(low, column - half, out=low, where=touched)
        np.maximum(high, column + half, out=high, where=touched)
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    if length > 0:
        across = (-(end[1] - start[1]) / length * radius, (end[0] - start[0]) / length * radius)
        corners = [(p[0] + side * across[0], p[1] + side * across[1]) for p, side in
                   ((start, 1), (end, 1), (end, -1), (start, -1))]  # fmt: skip
        _widen(low, high, centres, corners)
    starts = np.ceil(np.clip(low, -FAR, FAR) - 0.5).astype(np.int32)
    ends = np.floor(np.clip(high, -FAR, FAR) - 0.5).astype(np.int32) + 1
    place, column = int(np.floor(end[0])) - top, int(np.floor(end[1]))
    starts[place], ends[place] = min(starts[place], column), max(ends[place], column + 1)
    return Spans(top, starts, ends)


def _widen(low: NDArray[np.float64], high: NDArray[np.float64], centres: NDArray[np.float64],
           corners: list[Point]) -> None:  # fmt: skip
    """Extend the runs to the edges of a convex polygon on the rows that each edge crosses."""
    for (r0, c0), (r1, c1) in zip(corners, corners[1:] + corners[:1], strict=True):
        first, last = np.searchsorted(centres, (min(r0, r1), max(r0, r1)))
        if r0 == r1 or last <= first:
            continue
        crossing = c0 + (centres[first:last] - r0) * ((c1 - c0) / (r1 - r0))
        np.minimum(low[first:last], crossing, out=low[first:last])
        np.maximum(high[first:last], crossing, out=high[first:last])
