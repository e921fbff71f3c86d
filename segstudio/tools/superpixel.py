"""Superpixel brush: paints whole superpixels, the one under the pointer or all that a drag crosses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import BACKGROUND
from segstudio.core.parameters import Range, Value
from segstudio.tools.base import Area, Pointer, Preview, Tool, ToolSession
from segstudio.tools.seen import Seen, look
from segstudio.tools.writing import begin

if TYPE_CHECKING:
    from segstudio.tools.base import PixelWriter

LIMIT = 500_000
"""Values that are grouped at most (half a second); a larger part is reduced."""

SMALLEST = 4
"""Side of a superpixel in values, at least: below that there is nothing to group."""

ROUNDS = 5
"""Of k-means: the borders hardly move after that, and each takes time."""


class Superpixels(Tool):
    """The groups are found for the visible part when the pointer is first over it, and kept while they serve."""

    id = "superpixel"
    title = "Superpixels"
    icon = "superpixel"
    hint = "Drag over superpixels to paint them whole. Ctrl erases."
    options = ("class",)

    @staticmethod
    def form(
        *,
        size: Annotated[int, range(4, 201), "Side of a superpixel in image pixels, about."] = 20,
        compactness: Annotated[float, Range(0.01, 1.0, 0.01), "Low follows edges, high makes squares."] = 0.1,
    ) -> None: ...

    def __init__(self, session: ToolSession) -> None:
        super().__init__(session)
        self._seen: Seen | None = None
        self._groups: NDArray[np.int32] = np.zeros((0, 0), np.int32)
        self._boxes: list[tuple[slice, slice]] = []  # rows and columns of each group
        self._chosen: tuple[Value, Value] = (None, None)  # size and compactness of the groups
        self._stroke: PixelWriter | None = None
        self._class = BACKGROUND
        self._last: Pointer | None = None
        self._painted: set[int] = set()

    def press(self, at: Pointer) -> None:
        self._stroke, self._class = begin(self, at, "Erase" if at.erase else "Paint superpixels")
        self._painted, self._last = set(), at
        self._paint(at)

    def drag(self, at: Pointer) -> None:
        """Paint every superpixel that the line from the last place crosses."""
        if self._stroke is None or self._last is None:
            return
        start, self._last = self._last, at
        down, right = at.row - start.row, at.column - start.column
        points = math.ceil(max(abs(down), abs(right)))
        for share in (np.arange(points) + 1) / max(points, 1):
            self._paint(replace(at, row=start.row + share * down, column=start.column + share * right))

    def release(self, at: Pointer) -> None:
        self.end()

    def end(self) -> None:
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            self.session.finish_edit(stroke)

    def cancel(self) -> None:
        stroke, self._stroke, self._seen = self._stroke, None, None
        if stroke is not None:
            stroke.rollback()

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        group = 0 if at is None else self._group(at)
        return (self._area(group),) if group else ()

    def _paint(self, at: Pointer) -> None:
        group = self._group(at)
        if group and group not in self._painted and self._stroke is not None:
            self._painted.add(group)
            area = self._area(group)
            self._stroke.set(at.z, area.top, area.left, area.stencil, self._class)

    def _group(self, at: Pointer) -> int:
        """The number of the superpixel at a point, from 1 on; 0 where nothing is seen or the pixels are not loaded."""
        chosen = self.option("size"), self.option("compactness")
        if self._seen is None or chosen != self._chosen or not self._seen.serves(self.session, at, LIMIT):
            seen = look(self.session, at.z, at.row, at.column, LIMIT)
            if seen is None:
                return 0
            side, compactness = float(chosen[0] or 0) / seen.step, float(chosen[1] or 0)
            self._groups, self._boxes = superpixels(seen.values, max(SMALLEST, side), compactness)
            self._seen, self._chosen, self._painted = seen, chosen, set()
        return int(self._groups[self._seen.place(at.row, at.column)])

    def _area(self, group: int) -> Area:
        assert self._seen is not None
        rows, columns = self._boxes[group - 1]
        return self._seen.area(self._groups[rows, columns] == group, rows.start, columns.start)


def superpixels(
    values: NDArray[np.float32], side: float, compactness: float
) -> tuple[NDArray[np.int32], list[tuple[slice, slice]]]:
    """The number of each value's superpixel, from 1 on, and the rows and columns of each.

    `values` is (rows, columns, channels); superpixels are about `side` wide. SLIC: Achanta et al., SLIC superpixels
    compared to state-of-the-art superpixel methods, IEEE TPAMI 2012, on the channels as they are instead of CIELAB.
    """
    from scipy import ndimage
    from skimage.segmentation import slic

    count = max(1, round(values.shape[0] * values.shape[1] / side**2))
    groups = slic(
        np.clip(values, 0, 1), count, compactness, ROUNDS, convert2lab=False, start_label=1, channel_axis=2
    ).astype(np.int32)
    return groups, ndimage.find_objects(groups)
