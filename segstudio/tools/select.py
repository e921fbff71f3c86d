"""Select: drag around an area; from then on nothing outside of it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from segstudio.core.selection import How
from segstudio.core.spans import Point
from segstudio.tools.area import AreaTool
from segstudio.tools.base import Pointer, Preview, Tool, ToolSession
from segstudio.tools.ellipse import Ellipse
from segstudio.tools.lasso import Lasso
from segstudio.tools.rectangle import Rectangle


class _Drawing(AreaTool):
    """Keeps the outline in place of filling it."""

    drawn: tuple[Point, ...] = ()

    def fill(self, at: Pointer, points: Sequence[Point], *, erase: bool) -> None:
        self.drawn = tuple(points)


class _Freehand(_Drawing, Lasso): ...


class _Rectangle(_Drawing, Rectangle): ...


class _Ellipse(_Drawing, Ellipse): ...


class Select(Tool):
    id = "select"
    title = "Select"
    shortcut = "S"
    icon = "select"
    hint = "Drag around an area: nothing outside of it changes. Shift adds, Ctrl takes away, a click drops it."

    def __init__(self, session: ToolSession) -> None:
        super().__init__(session)
        self._shapes: dict[str, _Drawing] = {
            "freehand": _Freehand(session), "rectangle": _Rectangle(session), "ellipse": _Ellipse(session),
        }  # fmt: skip
        self._shape: _Drawing | None = None
        self._how: How = "new"

    @staticmethod
    def form(
        *,
        shape: Annotated[Literal["freehand", "rectangle", "ellipse"], "What is drawn while you drag."] = "freehand",
    ) -> None: ...

    def press(self, at: Pointer) -> None:
        self._how = "remove" if at.erase else "add" if at.shift else "new"
        self._shape = self._shapes[str(self.option("shape"))]
        self._shape.drawn = ()
        self._shape.press(_plain(at))

    def drag(self, at: Pointer) -> None:
        if self._shape is not None:
            self._shape.drag(_plain(at))

    def release(self, at: Pointer) -> None:
        shape, self._shape = self._shape, None
        if shape is not None:
            shape.release(_plain(at))
            self.session.select(shape.drawn, self._how)

    def cancel(self) -> None:
        if self._shape is not None:
            self._shape.cancel()
        self._shape = None

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        return () if self._shape is None else self._shape.preview(at)


def _plain(at: Pointer) -> Pointer:
    """Shift and Ctrl say what becomes of the area, not of what shape it is."""
    return replace(at, shift=False, erase=False)
