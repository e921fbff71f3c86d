"""Shapes as boolean arrays: capsule for strokes, polygon for the lasso."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
"""Row and column in image coordinates; pixel (r, c) has its centre at (r + 0.5, c + 0.5)."""

Stencil = tuple[int, int, NDArray[np.bool_]]
"""Top, left and which pixels (rows, columns) are inside."""


def capsule(start: Point, end: Point, radius: float, rows: int, columns: int) -> Stencil:
    """Pixels of a rows x columns image whose centre is within `radius` of the line from `start` to `end`.

    The pixel under `end` is always inside, so the smallest brush paints one pixel. A disc is a capsule of no
    length. Empty where it lies outside the image.
    """
    top = max(0, int(np.floor(min(start[0], end[0]) - radius)))
    left = max(0, int(np.floor(min(start[1], end[1]) - radius)))
    bottom = min(rows, int(np.ceil(max(start[0], end[0]) + radius)) + 1)
    right = min(columns, int(np.ceil(max(start[1], end[1]) + radius)) + 1)
    if bottom <= top or right <= left:
        return max(top, 0), max(left, 0), np.zeros((0, 0), bool)
    r = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5 - start[0])
    c = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5 - start[1])
    along_r, along_c = end[0] - start[0], end[1] - start[1]
    length = along_r**2 + along_c**2
    if length > 0:
        t = np.clip((r * along_r + c * along_c) / length, 0, 1)
        inside = (r - t * along_r) ** 2 + (c - t * along_c) ** 2 <= radius**2
    else:
        inside = r**2 + c**2 <= radius**2
    row, column = int(np.floor(end[0])), int(np.floor(end[1]))
    if top <= row < bottom and left <= column < right:
        inside[row - top, column - left] = True
    return top, left, inside


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
