"""Shapes as boolean arrays: swept discs and squares for strokes, polygon for outlines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.core.spans import ROUNDING, Point

Stencil = tuple[int, int, NDArray[np.bool_]]
"""Top, left and which pixels (rows, columns) are inside."""


Axes = tuple[float, float, float, float]
"""A matrix ((a, b), (c, d)) that turns (row, column) offsets within a brush into offsets in image pixels."""

PIXELS: Axes = (1.0, 0.0, 0.0, 1.0)
"""Offsets are in pixels already: a disc is a disc."""


def capsule(start: Point, end: Point, radius: float, rows: int, columns: int, axes: Axes = PIXELS) -> Stencil:
    """Pixels of a rows x columns image whose centre a disc of `radius` covers on its way from `start` to `end`.

    `axes` makes an ellipse of the disc. The pixel under `end` is always inside, so the smallest brush paints one
    pixel. A disc is a capsule of no length. Empty where it lies outside the image.
    """
    box = _around(start, end, radius * math.hypot(*axes[:2]), radius * math.hypot(*axes[2:]), rows, columns)
    if box.empty:
        return box.top, box.left, np.zeros((0, 0), bool)
    u, v, (along_u, along_v) = _within(box, start, end, axes)
    radius += ROUNDING
    length = along_u**2 + along_v**2
    if length > 0:
        t = np.clip((u * along_u + v * along_v) / length, 0, 1)
        inside = (u - t * along_u) ** 2 + (v - t * along_v) ** 2 <= radius**2
    else:
        inside = u**2 + v**2 <= radius**2
    return _with_pixel(box, inside, end)


def swept_square(start: Point, end: Point, radius: float, rows: int, columns: int, axes: Axes = PIXELS) -> Stencil:
    """As `capsule`, but of a square of half side `radius`: exactly what it covers on its way, without gaps."""
    reach_r, reach_c = abs(axes[0]) + abs(axes[1]), abs(axes[2]) + abs(axes[3])
    box = _around(start, end, radius * reach_r, radius * reach_c, rows, columns)
    if box.empty:
        return box.top, box.left, np.zeros((0, 0), bool)
    first: NDArray[np.floating] | float = 0.0
    last: NDArray[np.floating] | float = 1.0
    inside: NDArray[np.bool_] = np.ones((1, 1), bool)
    u, v, steps = _within(box, start, end, axes)
    # On each axis a pixel is covered from one share of the way to another; inside is where both overlap.
    for offset, step in zip((u, v), steps, strict=True):
        if step == 0:
            inside = inside & (np.abs(offset) <= radius)
            continue
        ends = (offset - radius) / step, (offset + radius) / step
        first, last = np.maximum(first, np.minimum(*ends)), np.minimum(last, np.maximum(*ends))
    inside = np.broadcast_to(inside & (first <= last), (box.height, box.width)).copy()
    return _with_pixel(box, inside, end)


def _around(start: Point, end: Point, reach_r: float, reach_c: float, rows: int, columns: int) -> Box:
    """The part of the image that a shape reaching so far may cover; empty ones start inside the image too."""
    return Box(
        0,
        max(0, int(np.floor(min(start[0], end[0]) - reach_r))),
        max(0, int(np.floor(min(start[1], end[1]) - reach_c))),
        min(rows, int(np.ceil(max(start[0], end[0]) + reach_r)) + 1),
        min(columns, int(np.ceil(max(start[1], end[1]) + reach_c)) + 1),
    )


def _within(
    box: Box, start: Point, end: Point, axes: Axes
) -> tuple[NDArray[np.floating], NDArray[np.floating], tuple[float, float]]:
    """Pixel centres seen from `start` in the brush's own axes, and the way to `end`.

    Where the axes are not turned, the first is a column and the second a row, which is much less to compute.
    """
    r = np.arange(box.height)[:, None] + (box.top + 0.5 - start[0])
    c = np.arange(box.width)[None, :] + (box.left + 0.5 - start[1])
    along_r, along_c = end[0] - start[0], end[1] - start[1]
    a, b, d, e = axes
    size = a * e - b * d
    u, v = r * (e / size), c * (a / size)
    if b or d:
        u, v = u - c * (b / size), v - r * (d / size)
    return u, v, ((e * along_r - b * along_c) / size, (a * along_c - d * along_r) / size)


def _with_pixel(box: Box, inside: NDArray[np.bool_], end: Point) -> Stencil:
    """The stencil, with the pixel under `end` in any case."""
    row, column = int(np.floor(end[0])), int(np.floor(end[1]))
    if box.top <= row < box.bottom and box.left <= column < box.right:
        inside[row - box.top, column - box.left] = True
    return box.top, box.left, inside


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
    # Only their parity counts, so a byte is enough however often it overflows.
    flips = np.zeros((bottom - top, right - left + 1), np.uint8)
    for (r0, c0), (r1, c1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = min(r0, r1), max(r0, r1)
        first, last = max(top, int(np.ceil(low - 0.5))), min(bottom, int(np.ceil(high - 0.5)))
        if last <= first:
            continue
        lines = np.arange(first, last)
        crossing = c0 + (lines + 0.5 - r0) * (c1 - c0) / (r1 - r0)
        columns_from = np.clip(np.ceil(crossing - 0.5).astype(np.int64) - left, 0, right - left)
        np.add.at(flips, (lines - top, columns_from), 1)
    return top, left, np.asarray(flips.cumsum(axis=1, dtype=np.uint8)[:, :-1] % 2 == 1)
