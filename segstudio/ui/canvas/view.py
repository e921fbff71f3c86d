"""The canvas: shows the image and its masks, and hands pointer events to the active tool."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from segstudio.tools.base import Pointer, Preview, Tool
from segstudio.ui.boundary import guarded
from segstudio.ui.canvas import overlay
from segstudio.ui.canvas.drags import Drag, Levelling, MinimapDrag, Pan, Touch
from segstudio.ui.canvas.pointer_input import PointerInput, pointer_at, stylus_at
from segstudio.ui.canvas.scene_view import SceneView
from segstudio.ui.session.session import Session


class Canvas(SceneView):
    """The scene with a hand over it: tools, panning, zooming and keys."""

    hovered = Signal(object)
    """(row, column) of the pixel under the pointer, or None outside the image."""
    files_dropped = Signal(list)
    painting = Signal()
    """The pointer is down in a tool."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.setObjectName("canvas")
        self._hand = PointerInput(session)
        self._drawn = QRectF()
        self._drag: Drag | None = None
        self._space = False
        self.setMouseTracking(True)
        self._touch = Touch(self)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        session.tool_changed.connect(lambda _: self._cancel_others())
        session.options_changed.connect(self._refresh_preview)
        session.slice_changed.connect(lambda _: self._refresh_preview())
        session.display_changed.connect(self._set_cursor)

    @property
    def tool(self) -> Tool:
        """The active tool."""
        return self._hand.tool

    @property
    def pointer(self) -> Pointer | None:
        """Where the pointer is over the canvas, if it is."""
        return self._hand.pointer

    def drop_shapes(self) -> None:
        self._hand.drop_all()

    def previews(self) -> list[Preview]:
        return [] if self._drag is not None or self._space or self.session.levelling else self._hand.previews()

    def _refresh_preview(self) -> None:
        """Repaint where the outlines were and where they are now."""
        now = overlay.preview_rect(self.view, self.previews())
        for rect in (self._drawn, now):
            if not rect.isNull():
                self.refresh(rect.toAlignedRect())
        self._drawn = now

    def _cancel_others(self) -> None:
        self._hand.drop_all(but_active=True)
        self._refresh_preview()

    # --- pointer --------------------------------------------------------------------------------------------

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        at, left = self.straightened(event.position()), event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (self._space and left):
            self._start(Pan(self, at))
        elif left and self.turn.straight and MinimapDrag.starts(self, at):
            self._start(MinimapDrag(self, at))
        elif left and self.session.levelling:
            self._start(Levelling(self.session, event.position()))
        elif left:
            self._press(self._pointer_at(event.position(), event.modifiers()))

    @guarded
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._drag.move(event.position() if self._drag.upright else self.straightened(event.position()))
        else:
            self._move(self._pointer_at(event.position(), event.modifiers()))

    @guarded
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is not None:
            self._drag = None
            self._set_cursor()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._release(self._pointer_at(event.position(), event.modifiers()))

    @guarded
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._pointer_at(event.position(), event.modifiers())
        if self.tool.busy:
            self.tool.confirm(at)
            self._refresh_preview()
        else:
            self.mousePressEvent(event)

    @guarded
    def tabletEvent(self, event: QTabletEvent) -> None:
        """A stylus: pressure changes the radius, the eraser tip erases."""
        at = stylus_at(self.view, self.session.slice, event, self.straightened(event.position()))
        actions = {
            QEvent.Type.TabletPress: self._press,
            QEvent.Type.TabletMove: self._move,
            QEvent.Type.TabletRelease: self._release,
        }
        action = actions.get(event.type())
        if action is not None:
            action(at)
            event.accept()

    @guarded
    def leaveEvent(self, event: QEvent) -> None:
        if not self._hand.down:
            self._hand.pointer = None
            self._refresh_preview()
        self.hovered.emit(None)

    @guarded
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor; Alt changes the brush, Shift the slice."""
        delta = event.angleDelta()
        steps = (delta.y() or delta.x()) / 120
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.session.set_brush_radius(self.session.brush_radius * 1.15**steps)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.session.set_slice(self.session.slice - int(math.copysign(1, steps)))
        elif self.session.image is not None:
            self.zoom_by(1.2**steps, event.position())
            self._refresh_preview()
        event.accept()

    def _pointer_at(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> Pointer:
        return pointer_at(self.view, self.session.slice, self.straightened(at), modifiers)

    def _press(self, at: Pointer) -> None:
        if self._hand.press(at):
            self.painting.emit()
        self._refresh_preview()

    def _move(self, at: Pointer) -> None:
        if self._hand.move(at):
            self.painting.emit()
        self._refresh_preview()
        inside = 0 <= at.row < self.session.shape[1] and 0 <= at.column < self.session.shape[2]
        self.hovered.emit((int(at.row), int(at.column)) if inside else None)

    def _release(self, at: Pointer) -> None:
        self._hand.release(at)
        self._refresh_preview()

    def _start(self, drag: Drag) -> None:
        self._drag = drag
        self.setCursor(drag.cursor)
        self.refresh(self._drawn.toAlignedRect())

    def _set_cursor(self) -> None:
        levelling, shape = self.session.levelling, Qt.CursorShape
        self.setCursor(shape.OpenHandCursor if self._space else shape.SizeAllCursor if levelling else shape.CrossCursor)

    # --- keys and drops -------------------------------------------------------------------------------------

    @guarded
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that act while they are held, and those that end a half-drawn shape; all others are commands."""
        if event.isAutoRepeat() and event.key() in (Qt.Key.Key_Space, Qt.Key.Key_QuoteLeft):
            return
        if event.key() == Qt.Key.Key_Space:
            self._space = True
            self._set_cursor()
        elif event.key() == Qt.Key.Key_QuoteLeft:
            self.session.set_display(peeking=True)
        else:
            super().keyPressEvent(event)

    @guarded
    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space:
            self._space = False
            self._set_cursor()
        elif event.key() == Qt.Key.Key_QuoteLeft:
            self.session.set_display(peeking=False)
        else:
            super().keyReleaseEvent(event)

    @guarded
    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A key that was held when the focus left will never be released here."""
        self._space = False
        if self.session.peeking:
            self.session.set_display(peeking=False)
        self._set_cursor()
        super().focusOutEvent(event)

    def confirm(self) -> bool:
        """Enter: finish what the tool has begun; False if there is nothing to finish."""
        finished = self._hand.confirm()
        self._refresh_preview()
        return finished

    def cancel(self) -> bool:
        """Esc: drop what the tool has begun; False if there is nothing to drop."""
        dropped = self._hand.cancel() or self.session.levelling
        if self.session.levelling:
            self.session.set_display(levelling=False)
        self._refresh_preview()
        return dropped

    @guarded
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    @guarded
    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.files_dropped.emit(paths)
