"""The hand on the canvas: hands pointer positions to the active tool, and knows when it may not."""

from __future__ import annotations

import math
from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPointingDevice, QTabletEvent

from segstudio.core.geometry import Box
from segstudio.tools import TOOLS
from segstudio.tools.base import Pointer, Preview, Tool
from segstudio.ui.canvas.viewport import Viewport
from segstudio.ui.session.session import Session

REACH = 7
"""Widget pixels around a point within which a click hits it."""


def pointer_at(view: Viewport, z: int, at: QPointF, modifiers: Qt.KeyboardModifier) -> Pointer:
    """What a mouse at a widget point means to a tool; Ctrl erases, Alt picks."""
    row, column = view.to_image(at.x(), at.y())
    erase, pick, shift = (
        bool(modifiers & key)
        for key in (
            Qt.KeyboardModifier.ControlModifier,
            Qt.KeyboardModifier.AltModifier,
            Qt.KeyboardModifier.ShiftModifier,
        )
    )
    return Pointer(z, row, column, erase, pick, 1.0, shift, (0.0, 0.0), REACH / view.scale)


def stylus_at(view: Viewport, z: int, event: QTabletEvent, place: QPointF) -> Pointer:
    """What a stylus at a point of the straight frame means: with pressure and tilt, and its eraser tip erases."""
    at = pointer_at(view, z, place, event.modifiers())
    eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
    return replace(at, erase=at.erase or eraser, pressure=event.pressure(), tilt=(event.xTilt(), event.yTilt()))


class PointerInput:
    """One tool of each kind, the last pointer position, and whether a tool is at work (`down`)."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._tools: dict[str, Tool] = {kind.id: kind(session) for kind in TOOLS}
        self.pointer: Pointer | None = None
        self.down = False

    @property
    def tool(self) -> Tool:
        """The active tool."""
        return self._tools[self._session.tool_id]

    def press(self, at: Pointer) -> bool:
        """The button went down; whether a tool has begun. Where painting would do nothing, the user is told why."""
        session = self._session
        if session.image is None or session.pixels is None:
            return False
        if at.pick:
            self._pick(at)
            return False
        if why := session.why_not_editable():
            session.blocked.emit(why)
            return False
        self.down, self.pointer = True, at
        self.tool.press(at)
        return True

    def move(self, at: Pointer) -> bool:
        """The pointer moved; whether a tool is at work."""
        self.pointer = at
        if self.down:
            self.tool.drag(at)
        return self.down

    def release(self, at: Pointer) -> None:
        if self.down:
            self.down = False
            self.tool.release(at)

    def confirm(self) -> bool:
        """Enter: finish what the tool has begun; False if there is nothing to finish."""
        if not self.tool.busy or self.pointer is None:
            return False
        self.tool.confirm(self.pointer)
        return True

    def cancel(self) -> bool:
        """Esc: drop what the tool has begun; False if there is nothing to drop."""
        busy = self.down or self.tool.busy
        self.tool.cancel()
        self.down = False
        return busy

    def drop_all(self, *, but_active: bool = False) -> None:
        """Another image or another tool: nothing half-drawn is kept."""
        for tool in self._tools.values():
            if not (but_active and tool is self.tool):
                tool.cancel()
        self.down = False

    def previews(self) -> list[Preview]:
        """What the tool would draw where the pointer is."""
        return list(self.tool.preview(self.pointer)) if self._session.pixels is not None else []

    def _pick(self, at: Pointer) -> None:
        """Choose the class under the pointer."""
        row, column = math.floor(at.row), math.floor(at.column)
        box = Box(at.z, row, column, row + 1, column + 1).clip(self._session.shape)
        found = 255 if box.empty else int(self._session.layer.mask(box)[0, 0])
        if found in self._session.classes:
            self._session.choose_class(found)
