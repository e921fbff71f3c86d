"""The pointer on a canvas: hands its positions to the active tool, and knows when it may not."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPointingDevice, QTabletEvent

from segstudio.core.geometry import Box
from segstudio.tools import TOOLS
from segstudio.tools.base import Pointer, Preview, Tool
from segstudio.ui.canvas.viewport import Viewport
from segstudio.ui.session.shown_plane import ShownPlane

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
    """One tool of each kind, the last pointer position, and whether a tool is at work (`down`).

    Satisfies session.editing.Hand: it holds the session's editing from the first press until nothing is half done.
    """

    def __init__(self, session: ShownPlane, changed: Callable[[], None] = lambda: None) -> None:
        self._session, self._changed = session, changed
        self._tools: dict[str, Tool] = {kind.id: kind(session) for kind in TOOLS}
        self._begun = Pointer(0, 0.0, 0.0)  # the last press
        self.pointer: Pointer | None = None
        self.down = False

    @property
    def tool(self) -> Tool:
        """The active tool."""
        return self._tools[self._session.tool_id]

    def press(self, at: Pointer) -> bool:
        """The button went down; whether a tool has begun. Where painting would do nothing, the user is told why."""
        session = self._session
        self.settle()  # a release that was lost
        if session.image is None or session.pixels is None:
            return False
        if at.pick:
            self._pick(at)
            return False
        if why := session.why_not_editable() or self._why_elsewhere(at.z):
            session.blocked.emit(why)
            return False
        if not session.editing.hold(self):
            return False
        self.down, self.pointer, self._begun = True, at, at
        self._do(self.tool.press, at)
        return self.down

    def move(self, at: Pointer) -> bool:
        """The pointer moved; whether a tool is at work."""
        self.pointer = at
        if self.down:
            self._do(self.tool.drag, at)
        return self.down

    def release(self, at: Pointer) -> None:
        if self.down:
            self.down = False
            self._do(self.tool.release, at)

    # --- what editing asks ----------------------------------------------------------------------------------

    def settle(self) -> None:
        if self.down:
            self.down = False
            self._do(lambda _: self.tool.end())
            self._changed()

    def end(self) -> None:
        self.settle()
        self.cancel()

    def confirm(self, at: Pointer | None = None) -> bool:
        if not self.tool.busy:
            return False
        if why := self._session.why_not_editable() or self._why_elsewhere(self._session.slice):
            self._session.blocked.emit(why)
        else:
            self._do(self.tool.confirm, at or self.pointer)
        self._changed()
        return True

    def cancel(self) -> None:
        self.down = False
        self._do(lambda _: self.tool.cancel())
        self._changed()

    def take_back(self) -> None:
        if why := self._why_elsewhere(self._session.slice):
            self._session.blocked.emit(why)
            return
        self.down = False
        if not self.tool.take_back():
            self.tool.cancel()
        self._let_go()
        self._changed()

    def bring_back(self) -> None:
        self.tool.bring_back()
        self._changed()

    # --- what is seen ---------------------------------------------------------------------------------------

    def forget_others(self) -> None:
        """Another tool is active: what the others have found out about the image is of no use any more."""
        for tool in self._tools.values():
            if tool is not self.tool:
                tool.cancel()

    def forget_image(self) -> None:
        """Another image is shown: nothing half done is kept."""
        if self.down or self.tool.busy:
            self.end()
        for tool in self._tools.values():
            tool.cancel()

    def previews(self) -> list[Preview]:
        """What the tool would draw where the pointer is."""
        if self._session.pixels is None or self._why_elsewhere(self._session.slice):
            return []
        return list(self.tool.preview(self.pointer))

    # --- inside ---------------------------------------------------------------------------------------------

    def _do(self, deed: Callable[[Pointer], None], at: Pointer | None = None) -> None:
        """Let the tool do something. Where that fails, what it has written is kept and nothing stays half done."""
        try:
            deed(at or self._begun)
        except BaseException:
            self.down = False
            for mend in (self.tool.end, self.tool.cancel, self._session.editing.abandon):
                with suppress(Exception):  # the first error is told
                    mend()
            self._changed()
            raise
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if not self.down and not self.tool.busy:
            self._session.editing.let_go(self)

    def _why_elsewhere(self, z: int) -> str:
        """Why nothing can be done on a slice: a half-drawn shape lies on another one."""
        if z == self._begun.z or not self.tool.busy:
            return ""
        return f"A shape is half drawn on slice {self._begun.z + 1}: finish it there, or Esc drops it."

    def _pick(self, at: Pointer) -> None:
        """Choose the class under the pointer."""
        row, column = math.floor(at.row), math.floor(at.column)
        box = Box(at.z, row, column, row + 1, column + 1).clip(self._session.shape)
        found = 255 if box.empty else int(self._session.layer.mask(box)[0, 0])
        if found in self._session.classes:
            self._session.choose_class(found)
