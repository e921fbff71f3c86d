"""The canvas: shows the image and its masks, and hands pointer events to the active tool."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
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
from segstudio.ui.session.shown_plane import ShownPlane

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NOTCH = 120
"""Units of one notch of a wheel."""


class Canvas(SceneView):
    """The scene with a hand over it: tools, panning, zooming and keys."""

    hovered = Signal(object)
    """(row, column) of the pixel under the pointer, or None outside the image."""
    files_dropped = Signal(list)
    painting = Signal()
    """The pointer is down in a tool."""

    def __init__(self, session: ShownPlane, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self.setObjectName("canvas")
        self._hand = PointerInput(session, self._refresh_preview)
        self._drawn = QRectF()
        self._drag: Drag | None = None
        self._button, self._pen = Qt.MouseButton.NoButton, False  # what began the stroke or drag
        self._space = False
        self._turned = 0  # of the wheel, less than a notch
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self._touch = Touch(self)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        session.tool_changed.connect(lambda _: self._forget_others())
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
        self._hand.forget_image()

    def previews(self) -> list[Preview]:
        return [] if self._drag is not None or self._space or self.session.display.levelling else self._hand.previews()

    def _refresh_preview(self) -> None:
        """Repaint where the outlines were and where they are now."""
        now = overlay.preview_rect(self.view, self.previews())
        for rect in (self._drawn, now):
            if not rect.isNull():
                self.refresh(rect.toAlignedRect())
        self._drawn = now

    def _forget_others(self) -> None:
        self._hand.forget_others()
        self._refresh_preview()

    # --- pointer: mouse and pen do the same -----------------------------------------------------------------

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = pointer_at(self.view, self.session.slice, self.straightened(event.position()), event.modifiers())
        self._press(event, at)

    @guarded
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = pointer_at(self.view, self.session.slice, self.straightened(event.position()), event.modifiers())
        self._move(event, at)

    @guarded
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = pointer_at(self.view, self.session.slice, self.straightened(event.position()), event.modifiers())
        self._release(event, at)

    @guarded
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = pointer_at(self.view, self.session.slice, self.straightened(event.position()), event.modifiers())
        if event.button() != LEFT or not self._hand.confirm(at):
            self.mousePressEvent(event)

    @guarded
    def tabletEvent(self, event: QTabletEvent) -> None:
        """A stylus: pressure changes the radius, the eraser tip erases; its other buttons are those of the mouse."""
        actions = {
            QEvent.Type.TabletPress: self._press,
            QEvent.Type.TabletMove: self._move,
            QEvent.Type.TabletRelease: self._release,
        }
        action = actions.get(event.type())
        if action is not None:
            event.accept()  # else Qt makes a mouse event of it
            action(event, stylus_at(self.view, self.session.slice, event, self.straightened(event.position())))

    @guarded
    def leaveEvent(self, event: QEvent) -> None:
        if not self._hand.down:
            self._hand.pointer = None
            self._refresh_preview()
        self.hovered.emit(None)

    @guarded
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor; Alt changes the brush, Shift the slice: one for each notch, in however many events."""
        delta = event.angleDelta()
        turned = delta.y() or delta.x()
        if event.phase() == Qt.ScrollPhase.ScrollBegin or not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._turned = 0
        event.accept()
        if not turned:  # a touchpad tells the begin and the end of a gesture so
            return
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.session.set_brush_radius(self.session.brush_radius * 1.15 ** (turned / NOTCH))
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            slices = int((self._turned + turned) / NOTCH)  # towards 0
            self._turned += turned - slices * NOTCH
            self.session.set_slice(self.session.slice - slices)
        elif self.session.image is not None:
            self.zoom_by(1.2 ** (turned / NOTCH), event.position())
            self._refresh_preview()

    def _press(self, event: QMouseEvent | QTabletEvent, at: Pointer) -> None:
        """A button went down. While another one is held that has begun something, it does nothing."""
        self.setFocus()
        if self._holds(event) and event.button() != self._button:
            return
        self._let_go()  # a release that was lost
        self._button, self._pen = event.button(), isinstance(event, QTabletEvent)
        place, left = self.straightened(event.position()), self._button == LEFT
        if self._button == MIDDLE or (self._space and left):
            self._start(Pan(self, place))
        elif left and self.turn.straight and MinimapDrag.starts(self, place):
            self._start(MinimapDrag(self, place))
        elif left and self.session.display.levelling:
            self._start(Levelling(self.session, event.position()))
        elif left:
            if self._hand.press(at):
                self.painting.emit()
            self._refresh_preview()

    def _move(self, event: QMouseEvent | QTabletEvent, at: Pointer) -> None:
        """The pointer moved; without the button that began something that is over: its release was lost."""
        if self._busy and self._pen != isinstance(event, QTabletEvent):
            return  # the mouse lies beside the pen
        if self._busy and not self._holds(event):
            self._let_go()
        if self._drag is not None:
            self._drag.move(event.position() if self._drag.upright else self.straightened(event.position()))
            return
        if self._hand.move(at):
            self.painting.emit()
        self._refresh_preview()
        inside = 0 <= at.row < self.session.shape[1] and 0 <= at.column < self.session.shape[2]
        self.hovered.emit((int(at.row), int(at.column)) if inside else None)

    def _release(self, event: QMouseEvent | QTabletEvent, at: Pointer) -> None:
        """A button went up; only that which began something ends it."""
        if event.button() != self._button or self._pen != isinstance(event, QTabletEvent):
            return
        if self._hand.down:
            self._hand.pointer = at
        self._let_go()
        self._refresh_preview()

    @property
    def _busy(self) -> bool:
        return self._drag is not None or self._hand.down

    def _holds(self, event: QMouseEvent | QTabletEvent) -> bool:
        """Whether what was begun goes on: the button that began it is held, as the event says."""
        same = self._pen == isinstance(event, QTabletEvent)
        return self._busy and same and bool(event.buttons() & self._button)

    def _let_go(self) -> None:
        """Whatever was begun under a button is over, at the last place that is known."""
        if self._hand.pointer is not None:
            self._hand.release(self._hand.pointer)
        if self._drag is not None:
            self._drag = None
            self._set_cursor()

    def _start(self, drag: Drag) -> None:
        self._drag = drag
        self.setCursor(drag.cursor)
        self.refresh(self._drawn.toAlignedRect())

    def _set_cursor(self) -> None:
        levelling, shape = self.session.display.levelling, Qt.CursorShape
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
        if self.session.display.peeking:
            self.session.set_display(peeking=False)
        self._set_cursor()
        super().focusOutEvent(event)

    def confirm(self) -> bool:
        """Enter: finish what is half done; False if there is nothing to finish."""
        return self.session.editing.confirm()

    def cancel(self) -> bool:
        """Esc: drop what is half done, or end setting the window; False if there is nothing to drop."""
        dropped = self.session.editing.cancel() or self.session.display.levelling
        if self.session.display.levelling:
            self.session.set_display(levelling=False)
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
