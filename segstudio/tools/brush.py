"""Brush: drag to paint the active class, hold Ctrl to erase."""

from __future__ import annotations

from collections.abc import Sequence

from segstudio.core.codes import BACKGROUND, Origin
from segstudio.core.spans import swept_disc
from segstudio.core.writer import MaskWriter
from segstudio.tools.base import Circle, Pointer, Preview, Tool


class Brush(Tool):
    id = "brush"
    title = "Brush"
    shortcut = "B"
    icon = "brush"
    hint = "Drag to paint. Ctrl erases, [ ] changes the size, Alt+click picks a class."
    options: tuple[str, ...] = ("radius", "class")

    _stroke: MaskWriter | None = None  # None: idle. A writer: painting.
    _last: Pointer | None = None

    def press(self, at: Pointer) -> None:
        self._stroke = self.session.begin_edit(self.stroke_title(at), tool=self.id, origin=self.origin())
        self._last = at
        self.drag(at)

    def drag(self, at: Pointer) -> None:
        if self._stroke is None or self._last is None:
            return
        radius = max(0.5, self.session.brush_radius * at.pressure)
        start, end = (self._last.row, self._last.column), (at.row, at.column)
        self._stroke.sweep(at.z, swept_disc(start, end, radius), self.value(at))
        self._last = at

    def release(self, at: Pointer) -> None:
        if self._stroke is not None:
            self.session.finish_edit(self._stroke)
        self._stroke = None

    def cancel(self) -> None:
        if self._stroke is not None:
            self._stroke.rollback()
        self._stroke = None

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        return () if at is None else (Circle(at.row, at.column, self.session.brush_radius),)

    # what the eraser and the revert brush do differently

    def stroke_title(self, at: Pointer) -> str:
        return "Erase" if at.erase else "Mark unsure" if self.session.unsure else "Paint"

    def origin(self) -> Origin:
        return Origin.UNSURE if self.session.unsure else Origin.PAINTED

    def value(self, at: Pointer) -> int | None:
        """The class to write, None to unset."""
        return BACKGROUND if at.erase or self.session.unsure else self.session.active_class
