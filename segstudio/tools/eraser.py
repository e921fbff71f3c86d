"""Eraser: paints background, which is something a model can learn from."""

from __future__ import annotations

from segstudio.core.codes import BACKGROUND, Origin
from segstudio.tools.base import Pointer
from segstudio.tools.brush import Brush


class Eraser(Brush):
    id = "eraser"
    title = "Eraser"
    shortcut = "E"
    icon = "eraser"
    hint = "Drag to paint background. Ctrl paints the active class instead."
    options: tuple[str, ...] = ("radius",)

    def stroke_title(self, at: Pointer) -> str:
        return "Paint" if at.erase else "Erase"

    def origin(self) -> Origin:
        return Origin.PAINTED

    def value(self, at: Pointer) -> int | None:
        return self.session.active_class if at.erase else BACKGROUND
