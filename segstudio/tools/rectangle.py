"""Rectangle: drag from corner to corner to fill it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from segstudio.core.spans import Point
from segstudio.tools.area import AreaTool
from segstudio.tools.base import Path, Pointer, Preview

SMALLEST = 0.5
"""Pixels a side must have; a click without a drag draws nothing."""


class Rectangle(AreaTool):
    id = "rectangle"
    title = "Rectangle"
    shortcut = "Shift+R"
    icon = "rectangle"
    hint = "Drag from corner to corner; letting go fills it. Shift makes a square, Ctrl erases, Esc drops it."

    _start: Point | None = None
    _end: Point = (0.0, 0.0)

    def press(self, at: Pointer) -> None:
        self._start = (at.row, at.column)
        self.drag(at)

    def drag(self, at: Pointer) -> None:
        if self._start is None:
            return
        high, wide = at.row - self._start[0], at.column - self._start[1]
        if at.shift:
            side = max(abs(high), abs(wide))
            high, wide = math.copysign(side, high), math.copysign(side, wide)
        self._end = (self._start[0] + high, self._start[1] + wide)

    def release(self, at: Pointer) -> None:
        self.drag(at)
        start, end = self._start, self._end
        self._start = None
        if start is not None and min(abs(end[0] - start[0]), abs(end[1] - start[1])) >= SMALLEST:
            self.fill(at, self.outline(start, end), erase=at.erase)

    def cancel(self) -> None:
        self._start = None

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        return () if self._start is None else (Path(self.outline(self._start, self._end), closed=True),)

    def outline(self, start: Point, end: Point) -> tuple[Point, ...]:
        """The corners of the shape between two opposite ones; the ellipse has many."""
        return start, (start[0], end[1]), end, (end[0], start[1])
