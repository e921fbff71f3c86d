"""Shapes as boolean arrays: capsule for strokes, polygon for the lasso."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.spans import Point, swept_disc

Stencil = tuple[int, int, NDArray[np.bool_]]
"""Top, left and which pixels (rows, columns) are inside."""


def capsule(start: Point, end: Point, radius: float, rows: int, columns: int) -> Stencil:
    """Pixels of a rows x columns image whose centre is within `radius` of the line from `start` to `end`.

    The pixel under `end` is always inside, so the smallest brush paints one pixel. A disc is a capsule of no
    length. Empty where it lies outside the image.
    """
    spans = swept_disc(start, end, radius)
    box = spans.box(0).clip((1, rows, columns))
    if box.empty:
        return max(box.top, 0), max(box.left, 0), np.zeros((0, 0), bool)
    return box.top, box.left, spans.stencil(box)


def polygon(points: Sequence[Point], rows: int, columns: int) -> Stencil:
    """Pixels of a rows x columns image whose centre is inside the closed polygon (even-odd rule)."""
    corners = np.asarray(points, np.float64)
    top = max(0, int(np.floor(corners[:, 0].min())))
    left = max(0, int(np.floor(corners[:, 1].min())))
    bottom = min(rows, int(np.ceil(corners[:, 0].max())) + 1)
    right = min(columns, int(np.ceil(corners[:, 1].max())) + 1)
    if bottom <= top or right <= left or len(corners) < 3:
        return max(top, 0), max(left, 0), np.zeros((0, 0), bool)
    # Each edge that crosses a row's centre line flips everything to the right of the crossing.
    flips = np.zeros((bottom - top, right - left + 1), np.int32)
    for (r0, c0), (r1, c1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = min(r0, r1), max(r0, r1)
        first, last = max(top, int(np.ceil(low - 0.5))), min(bottom, int(np.ceil(high - 0.5)))
        if last <= first:
            continue
        lines = np.arange(first, last)
        crossing = c0 + (lines + 0.5 - r0) * (c1 - c0) / (r1 - r0)
        columns_from = np.clip(np.ceil(crossing - 0.5).astype(np.int64) - left, 0, right - left)
        np.add.at(flips, (lines - top, columns_from), 1)
    return top, left, np.asarray(flips.cumsum(axis=1)[:, :-1] % 2 == 1)
