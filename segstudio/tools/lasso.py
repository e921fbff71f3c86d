"""Lasso: draw around an area freehand to fill it."""

from __future__ import annotations

from collections.abc import Sequence

from segstudio.core.spans import Point
from segstudio.tools.area import AreaTool
from segstudio.tools.base import Path, Pointer, Preview, ToolSession

STEP = 0.7
"""Pixels the pointer has to move before another point is kept."""


class Lasso(AreaTool):
    id = "lasso"
    title = "Lasso"
    shortcut = "L"
    icon = "lasso"
    hint = "Drag around an area to fill it. Ctrl erases, Esc drops it. For corners, use the polygon."

    def __init__(self, session: ToolSession) -> None:
        super().__init__(session)
        self._points: list[Point] = []

    def press(self, at: Pointer) -> None:
        self._points = [(at.row, at.column)]

    def drag(self, at: Pointer) -> None:
        if self._points and max(abs(at.row - self._points[-1][0]), abs(at.column - self._points[-1][1])) > STEP:
            self._points.append((at.row, at.column))

    def release(self, at: Pointer) -> None:
        points, self._points = self._points, []
        if len(points) > 2:
            self.fill(at, points, erase=at.erase)

    def cancel(self) -> None:
        self._points = []

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        return (Path(tuple(self._points), closed=True),) if self._points else ()
