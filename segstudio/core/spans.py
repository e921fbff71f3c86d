"""Spans: a convex shape as one run of columns in each row, so that a large brush costs its outline, not its area."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import TILE, Box, Shape

Point = tuple[float, float]
"""Row and column in image coordinates; pixel (r, c) has its centre at (r + 0.5, c + 0.5)."""

FAR = 2**30
ROUNDING = 1e-9
"""Pixels by which a centre may miss the rim and still count as on it: rounding must not decide."""


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

    def beyond(self, other: Spans, shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns of the pixels inside an image that belong to this shape and not to `other`."""
        low, high, count = self.starts, self.ends, len(self.starts)
        rows = np.arange(self.top, self.top + count)
        left, right = self._columns
        if self.top < 0 or self.top + count > shape[1] or left < 0 or right > shape[2]:
            low, high = np.clip(low, 0, shape[2]), np.clip(high, 0, shape[2])
            high[(rows < 0) | (rows >= shape[1])] = 0
        first, last = np.full(count, FAR, np.int32), np.full(count, FAR, np.int32)  # where `other` has none
        top, bottom = max(self.top, other.top), min(self.top + count, other.top + len(other.starts))
        if top < bottom:
            here, there = slice(top - self.top, bottom - self.top), slice(top - other.top, bottom - other.top)
            used = other.ends[there] > other.starts[there]
            np.copyto(first[here], other.starts[there], where=used)
            np.copyto(last[here], other.ends[there], where=used)
        starts = np.concatenate((low, np.maximum(low, last)))
        lengths = np.concatenate((np.minimum(high, first), high)) - starts
        some = np.flatnonzero(lengths > 0)
        starts, lengths = starts[some], lengths[some]
        ends = np.cumsum(lengths)
        columns = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + lengths, lengths)
        return np.repeat(rows[some % count], lengths), columns

    def stencil(self, box: Box) -> NDArray[np.bool_]:
        """Which pixels of a box, whose rows all lie within the shape's, belong to it: (rows, columns)."""
        rows = slice(box.top - self.top, box.bottom - self.top)
        width = box.right - box.left
        starts, ends = (np.clip(run[rows, None] - box.left, 0, width) for run in (self.starts, self.ends))
        kind = np.int16 if width < 2**15 else np.int32  # twice as fast
        columns = np.arange(width, dtype=kind)
        return np.asarray((columns >= starts.astype(kind)) & (columns < ends.astype(kind)))


def swept_disc(start: Point, end: Point, radius: float, aspect: float = 1.0) -> Spans:
    """Pixels whose centre is within `radius` of the line from `start` to `end`: a capsule, a disc if they are equal.

    With an `aspect`, an ellipse: `radius` counts in rows, and the shape is so many times as wide. The pixel under
    `end` is always inside, so the smallest brush paints one pixel.
    """
    under, radius = end, radius + ROUNDING
    start, end = (start[0], start[1] / aspect), (end[0], end[1] / aspect)
    top = math.floor(min(start[0], end[0]) - radius)
    bottom = math.ceil(max(start[0], end[0]) + radius) + 1
    centres = np.arange(top + 0.5, bottom)
    low, high = np.full(len(centres), float(FAR)), np.full(len(centres), float(-FAR))
    for row, column in {start, end}:
        rows = slice(math.ceil(row - radius - 0.5) - top, math.floor(row + radius - 0.5) + 1 - top)
        half = centres[rows] - row
        half *= half
        np.subtract(radius * radius, half, out=half)
        np.sqrt(np.maximum(half, 0, out=half), out=half)  # never far below 0: rounding only
        np.minimum(low[rows], column - half, out=low[rows])
        np.maximum(high[rows], column + half, out=high[rows])
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    if length > 0:  # the two lines that touch both discs
        across = -(end[1] - start[1]) / length * radius, (end[0] - start[0]) / length * radius
        for side in (1, -1):
            r0, c0 = start[0] + side * across[0], start[1] + side * across[1]
            r1, c1 = end[0] + side * across[0], end[1] + side * across[1]
            rows = slice(math.ceil(min(r0, r1) - 0.5) - top, math.floor(max(r0, r1) - 0.5) + 1 - top)
            if r0 == r1 or rows.stop <= rows.start:
                continue
            crossing = c0 + (centres[rows] - r0) * ((c1 - c0) / (r1 - r0))
            np.minimum(low[rows], crossing, out=low[rows])
            np.maximum(high[rows], crossing, out=high[rows])
    if aspect != 1:
        low, high = low * aspect, high * aspect
        np.clip(low, -FAR, FAR, out=low)
        np.clip(high, -FAR, FAR, out=high)
    starts = np.ceil(low - 0.5).astype(np.int32)
    ends = np.floor(high + 0.5).astype(np.int32)
    place, column = math.floor(under[0]) - top, math.floor(under[1])
    starts[place], ends[place] = min(int(starts[place]), column), max(int(ends[place]), column + 1)
    return Spans(top, starts, ends)
