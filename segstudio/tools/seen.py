"""What a tool sees of the image: pixels of the visible part around a point, reduced where they are very many."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.core.source import block_mean
from segstudio.tools.base import Area, Pointer, ToolSession

REACH = 1900
"""Image pixels in each direction that are looked at at most: a source may give no more than 16 x 16 tiles at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """`values` (rows, columns, channels), float32 in shares of the display range: 0 is black, 1 white, but not
    clipped. Each is the mean of `step` x `step` image pixels of `box`; what is no number counts as black.
    """

    box: Box
    step: int
    values: NDArray[np.float32]

    def place(self, row: float, column: float) -> tuple[int, int]:
        """Index into `values` of an image point, or of the nearest one inside."""
        rows, columns = self.values.shape[:2]
        r, c = (math.floor(row) - self.box.top) // self.step, (math.floor(column) - self.box.left) // self.step
        return min(max(r, 0), rows - 1), min(max(c, 0), columns - 1)

    def point(self, row: int, column: int) -> tuple[float, float]:
        """The image point in the middle of a value, given by its index."""
        return self.box.top + (row + 0.5) * self.step, self.box.left + (column + 0.5) * self.step

    def serves(self, session: ToolSession, at: Pointer, limit: int) -> bool:
        """Whether another look can be spared: the point is inside, as finely as a look would now show it."""
        inside = at.z == self.box.z and holds(self.box, at.row, at.column)
        return inside and self.step <= _step(session.view, limit)

    def area(self, chosen: NDArray[np.bool_], row: int = 0, column: int = 0) -> Area:
        """The image pixels of `chosen`, a mask over `values` from index (row, column) on."""
        height, width = self.box.height - row * self.step, self.box.width - column * self.step
        stencil = chosen.repeat(self.step, axis=0).repeat(self.step, axis=1) if self.step > 1 else chosen
        top, left = self.box.top + row * self.step, self.box.left + column * self.step
        return Area(top, left, stencil[:height, :width])


def look(session: ToolSession, z: int, row: float, column: float, limit: int, reach: float = REACH) -> Seen | None:
    """The visible pixels up to `reach` rows and columns from a point, reduced to about `limit` values a channel.

    None where the point is not seen, and while the pixels are not loaded.
    """
    reach = min(reach, REACH)
    view = session.view
    if z != view.z or not holds(view, row, column):
        return None
    around = Box(
        z, math.floor(row - reach), math.floor(column - reach), math.ceil(row + reach), math.ceil(column + reach)
    )
    box = around.intersect(view)
    pixels = session.read_pixels(box)
    if pixels is None:
        return None
    step = _step(box, limit)
    low, high = session.value_range
    values = (block_mean(pixels, step).astype(np.float32) - low) / max(high - low, 1e-12)
    return Seen(box, step, np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0).astype(np.float32, copy=False))


def holds(box: Box, row: float, column: float) -> bool:
    """Whether a point lies in a box."""
    return box.top <= row < box.bottom and box.left <= column < box.right


def _step(box: Box, limit: int) -> int:
    return max(1, math.ceil(math.sqrt(box.height * box.width / limit)))
