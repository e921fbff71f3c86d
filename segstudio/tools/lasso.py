"""Lasso: draw around an area freehand, or click corner by corner, to fill it."""

from __future__ import annotations

from collections.abc import Sequence

from segstudio.core.stencils import polygon
from segstudio.tools.base import Area, Path, Pointer, Preview, Session, Tool
from segstudio.tools.writing import write

CLICK = 2.0
"""Pixels of movement below which a press and release is a click."""


class Lasso(Tool):
    id = "lasso"
    title = "Lasso"
    shortcut = "L"
    icon = "lasso"
    hint = "Drag around an area, or click its corners and finish with Enter or a double click. Esc drops it."
    options = ("class",)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._points: list[tuple[float, float]] = []
        self._stroke_start = 0
        self._down = False

    @property
    def busy(self) -> bool:
        """Whether corners have been set that Enter would close."""
        return bool(self._points)

    def press(self, at: Pointer) -> None:
        if self._points and _near(self._points[0], (at.row, at.column)) and len(self._points) > 2:
            self._fill(at)
            return
        self._points.append((at.row, at.column))
        self._stroke_start = len(self._points)
        self._down = True

    def drag(self, at: Pointer) -> None:
        if self._down and not _near(self._points[-1], (at.row, at.column), 0.7):
            self._points.append((at.row, at.column))

    def release(self, at: Pointer) -> None:
        drawn = self._down and len(self._points) - self._stroke_start > 3
        self._down = False
        if drawn:
            self._fill(at)

    def confirm(self, at: Pointer) -> None:
        """Enter or a double click: close the polygon."""
        self._fill(at)

    def cancel(self) -> None:
        self._points.clear()
        self._down = False

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        if not self._points:
            return ()
        points = [*self._points, *([] if at is None else [(at.row, at.column)])]
        return (Path(tuple(points), closed=self._down),)

    def _fill(self, at: Pointer) -> None:
        points, self._points, self._down = self._points, [], False
        if len(points) < 3:
            return
        _, rows, columns = self.session.shape
        area = Area(*polygon(points, rows, columns))
        write(self, at, "Erase area" if at.erase else "Fill area", [area])


def _near(a: tuple[float, float], b: tuple[float, float], distance: float = CLICK) -> bool:
    return abs(a[0] - b[0]) <= distance and abs(a[1] - b[1]) <= distance
