"""Split: draw a line through an object to cut it in two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import BACKGROUND, NOTHING
from segstudio.core.geometry import Box
from segstudio.core.spans import Point, swept_disc
from segstudio.tools.base import Path, Pointer, Preview, Tool, ToolSession

WIDTH = 0.75
"""Radius of the cut in pixels: the least that leaves no way through, also diagonally."""
SIDE = 4096
"""Pixels around the line within which an object is followed."""


class Split(Tool):
    """The cut becomes background; or the smaller parts become the active class and nothing is lost."""

    id = "split"
    title = "Split"
    icon = "split"
    hint = "Drag a line through an object to cut it. The smaller part can get the active class."
    options = ("class",)

    def __init__(self, session: ToolSession) -> None:
        super().__init__(session)
        self._line: list[Point] = []

    @staticmethod
    def form(
        *,
        smaller_part: Annotated[
            Literal["same class", "active class"], "Same class: a gap is left. Active class: the parts touch."
        ] = "same class",
    ) -> None: ...

    @property
    def busy(self) -> bool:
        """Whether a line is being drawn."""
        return bool(self._line)

    def press(self, at: Pointer) -> None:
        self._line = [(at.row, at.column)]

    def drag(self, at: Pointer) -> None:
        if self._line and (at.row, at.column) != self._line[-1]:
            self._line.append((at.row, at.column))

    def release(self, at: Pointer) -> None:
        line, self._line = self._line, []
        if len(line) > 1:
            self._cut(at.z, line)

    def cancel(self) -> None:
        self._line = []

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        return (Path(tuple(self._line)),) if len(self._line) > 1 else ()

    def _cut(self, z: int, line: list[Point]) -> None:
        rows, columns = zip(*line, strict=True)
        ends = int(min(rows)), int(min(columns)), int(max(rows)) + 1, int(max(columns)) + 1
        reach = max(64, (SIDE - max(ends[2] - ends[0], ends[3] - ends[1])) // 2)
        box = Box(z, *ends).expand(reach).clip(self.session.shape)
        if box.empty or box.height * box.width > SIDE * SIDE * 2:
            self.session.refuse("This line is too long to cut along; zoom in and cut in parts.")
            return
        mask, cut = self.session.layer.mask(box), np.zeros((box.height, box.width), bool)
        for start, end in pairwise(line):
            spans = swept_disc(start, end, WIDTH)
            part = spans.box(z).clip(self.session.shape).intersect(box)
            if not part.empty:
                inside = np.s_[part.top - box.top : part.bottom - box.top, part.left - box.left : part.right - box.left]
                cut[inside] |= spans.stencil(part)
        crossed = mask[cut & (mask != BACKGROUND) & (mask != NOTHING)]
        if not crossed.size:
            self.session.refuse("There is no object under this line.")
            return
        class_id = int(np.bincount(crossed).argmax())
        cut &= mask == class_id
        changes = self._parts(mask == class_id, cut)
        if changes is None:
            self.session.refuse("The line does not cut the object in two; draw it from edge to edge.")
            return
        writer = self.session.begin_edit("Split", tool=self.id)
        writer.set(z, box.top, box.left, changes[0], changes[1])
        self.session.finish_edit(writer)

    def _parts(self, objects: NDArray[np.bool_], cut: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int] | None:
        """Which pixels change and to which class; None where the cut leaves the object whole."""
        from scipy.ndimage import binary_dilation, label

        whole, _ = label(objects)
        parts, _ = label(objects & ~cut)
        beside = binary_dilation(cut, iterations=2) & (parts > 0)
        found: list[NDArray[np.bool_]] = []
        for number in np.unique(whole[cut]):
            inside = np.unique(parts[beside & (whole == number)])
            if len(inside) > 1:
                sizes = [(parts == part).sum() for part in inside]
                found += [parts == part for part in inside[np.argsort(sizes)[:-1]]]
        if not found:
            return None
        if self.option("smaller_part") == "active class":
            return np.asarray(np.any(found, axis=0)), self.session.active_class
        return cut, BACKGROUND
