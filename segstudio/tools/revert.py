"""Revert brush: unsets pixels, so that the model speaks again."""

from __future__ import annotations

from segstudio.core.codes import Origin
from segstudio.tools.base import Pointer
from segstudio.tools.brush import Brush


class Revert(Brush):
    id = "revert"
    title = "Revert to model"
    shortcut = "R"
    icon = "revert"
    hint = "Drag to take your annotation away and see the model's prediction again."
    options: tuple[str, ...] = ("radius",)

    def stroke_title(self, at: Pointer) -> str:
        return "Revert to model"

    def origin(self) -> Origin:
        return Origin.PAINTED

    def value(self, at: Pointer) -> int | None:
        return None
