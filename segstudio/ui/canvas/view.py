"""The canvas: shows the image and its masks, and hands pointer events to the active tool."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from segstudio.core.geometry import Box
from segstudio.core.layer import MaskLayer
from segstudio.tools.base import Pointer, Preview, Tool
from segstudio.ui.canvas import overlay
from segstudio.ui.canvas.backing import Backing
from segstudio.ui.canvas.furniture import Furniture
from segstudio.ui.canvas.hand import Hand, pointer_at, stylus_at
from segstudio.ui.canvas.painter import ScenePainter
from segstudio.ui.canvas.viewport import Viewport
from segstudio.ui.session import Session


class Canvas(QWidget):
    """A raster widget. Its cost follows what is touched and seen, never the size of the image."""

    hovered = Signal(object)
    """(row, column) of the pixel under the pointer, or None outside the image."""
    view_changed = Signal()
    files_dropped = Signal(list)
    painting = Signal()
    """The pointer is down in a tool."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.session = session
        self.view = Viewport()
        self._scene = ScenePainter(session)
        self._hand = Hand(session)
        self._backing = Backing()
        self._furniture = Furniture()
        self._place = (0.0, 0.0, 0.0)  # scale, and where image point (0, 0) is
        self._drawn = QRectF()
        self._pan_from: QPointF | None = None
        self._space = False
        self._shown_image: int | None = None
        self._look: tuple[object, object] = (None, None)
        self._fitted = True
        self._unsubscribe: list[Callable[[], None]] = []
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setBackgroundRole(QPalette.ColorRole.Dark)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._connect()

    def _connect(self) -> None:
        session = self.session
        session.image_changed.connect(self._on_image)
        session.layers_changed.connect(self._on_layers)
        session.slice_changed.connect(lambda _: self._on_slice())
        session.display_changed.connect(self._on_display)
        session.classes_changed.connect(self._on_masks)
        session.proposal_changed.connect(self._redraw)
        session.tool_changed.connect(lambda _: self._cancel_others())
        session.options_changed.connect(self._refresh_preview)

    # --- view -----------------------------------------------------------------------------------------------

    @property
    def tool(self) -> Tool:
        """The active tool."""
        return self._hand.tool

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def fit(self) -> None:
        """Show the whole image, and go on doing so when the window changes its size."""
        self.view.fit(self.session.shape)
        self._fitted = True
        self._moved()

    def actual_size(self) -> None:
        """One image pixel is one pixel of the screen, around the middle of the view."""
        self.zoom_by(1 / self.devicePixelRatioF() / self.view.scale)

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom, keeping the image point under `at` (else the middle) where it is."""
        at = QPointF(self.width() / 2, self.height() / 2) if at is None else at
        self._fitted = False
        self.view.zoom(factor, at.x(), at.y())
        self._moved()

    def center_on(self, row: float, column: float) -> None:
        """Bring an image point to the middle."""
        self._fitted = False
        self.view.center(row, column)
        self._moved()

    def visible_box(self) -> Box:
        """The part of the shown slice that is seen; may be empty."""
        return self.view.visible(self.session.slice, self.session.shape)

    def _moved(self) -> None:
        if self.session.image is not None:
            self.view.keep_near(self.session.shape)
        scale, (x, y) = self.view.scale, self.view.to_widget(0, 0)
        if scale == self._place[0]:
            self._backing.scroll(x - self._place[1], y - self._place[2])
            self.update()
        else:
            self._redraw()
        self._place = scale, x, y
        self.view_changed.emit()

    def _redraw(self, rect: QRect | None = None) -> None:
        """The scene inside `rect` (all, if None) looks different now."""
        self._backing.spoil(rect)
        self.update() if rect is None else self.update(rect)

    # --- what changed ---------------------------------------------------------------------------------------

    def _on_image(self) -> None:
        image = self.session.image
        self._scene.forget_image()
        self._hand.drop_all()
        if image is not None and image.id != self._shown_image:
            self.fit()
        self._shown_image = image.id if image else None
        self._on_layers()

    def _on_arrived(self, box: Box) -> None:
        """A tile of an image that is read as it is shown."""
        self._scene.update_image(box)
        if box.z == self.session.slice:
            self._redraw(self._widget_rect(box))

    def _on_layers(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = [
            layer.changed.connect(lambda box, layer=layer: self._on_pixels(layer, box))  # type: ignore[misc]
            for layer in (self.session.image.layers if self.session.image else ())
        ]
        if self.session.pixels is not None:
            self._unsubscribe.append(self.session.pixels.arrived.connect(self._on_arrived))
        self._on_masks()

    def _on_pixels(self, layer: MaskLayer, box: Box) -> None:
        self._scene.update_mask(layer, box, self.view.level)
        if box.z == self.session.slice:
            self._redraw(self._widget_rect(box.expand(2 if self.session.outlines else 0)))

    def _on_masks(self) -> None:
        self._scene.forget_masks()
        self._redraw()

    def _on_slice(self) -> None:
        self._scene.forget_minimap()
        self._refresh_preview()
        self._redraw()

    def _on_display(self) -> None:
        """Forget only the tiles that look different now; peeking and hiding draw the same tiles, or none."""
        session = self.session
        image = session.tone
        masks = (session.outlines, tuple(layer.opacity for layer in session.image.layers) if session.image else ())
        if image != self._look[0]:
            self._scene.forget_image()
        elif masks != self._look[1]:
            self._scene.forget_masks()
        self._look = image, masks
        self._redraw()

    def _cancel_others(self) -> None:
        self._hand.drop_all(but_active=True)
        self._refresh_preview()

    def _widget_rect(self, box: Box) -> QRect:
        x0, y0 = self.view.to_widget(box.top, box.left)
        x1, y1 = self.view.to_widget(box.bottom, box.right)
        margin = 1 + (1 << self.view.level) * self.view.scale
        return QRectF(QPointF(x0 - margin, y0 - margin), QPointF(x1 + margin, y1 + margin)).toAlignedRect()

    # --- painting -------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        clip = event.rect()
        session = self.session
        if session.image is None or session.pixels is None:
            painter.fillRect(clip, self.palette().color(QPalette.ColorRole.Dark))
            if session.image is not None:
                painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
                text = self.tr("Reading %s …") % session.image.name
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        self._scene.begin_frame()
        self._backing.show(painter, clip, self.size(), self.devicePixelRatioF(), self._draw_scene)
        overlay.draw_previews(painter, self.view, self._previews())
        key = self._scene.minimap_key
        self._furniture.show(painter, clip, self.view, session.image.info, self._scene.minimap, key)

    def _draw_scene(self, painter: QPainter, clip: QRect) -> None:
        painter.fillRect(clip, self.palette().color(QPalette.ColorRole.Dark))
        if not self._scene.draw(painter, self.view, clip):
            QTimer.singleShot(0, lambda: self._redraw(clip))
        overlay.draw_grid(painter, self.view, self.session.shape)

    def _previews(self) -> list[Preview]:
        return [] if self._pan_from is not None or self._space else self._hand.previews()

    def _refresh_preview(self) -> None:
        """Repaint where the outlines were and where they are now."""
        now = overlay.preview_rect(self.view, self._previews())
        for rect in (self._drawn, now):
            if not rect.isNull():
                self.update(rect.toAlignedRect())
        self._drawn = now

    # --- pointer --------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        middle = event.button() == Qt.MouseButton.MiddleButton
        if middle or (self._space and event.button() == Qt.MouseButton.LeftButton):
            self._start_pan(event.position())
        elif event.button() == Qt.MouseButton.LeftButton:
            self._press(self._pointer_at(event.position(), event.modifiers()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pan_from is not None:
            self._pan(event.position())
        else:
            self._move(self._pointer_at(event.position(), event.modifiers()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pan_from is not None:
            self._pan_from = None
            self._set_cursor()
        elif event.button() == Qt.MouseButton.LeftButton:
            self._release(self._pointer_at(event.position(), event.modifiers()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._pointer_at(event.position(), event.modifiers())
        if self.tool.busy:
            self.tool.confirm(at)
            self._refresh_preview()
        else:
            self.mousePressEvent(event)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A stylus: pressure changes the radius, the eraser tip erases."""
        at = stylus_at(self.view, self.session.slice, event)
        actions = {
            QEvent.Type.TabletPress: self._press,
            QEvent.Type.TabletMove: self._move,
            QEvent.Type.TabletRelease: self._release,
        }
        action = actions.get(event.type())
        if action is not None:
            action(at)
            event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        if not self._hand.down:
            self._hand.pointer = None
            self._refresh_preview()
        self.hovered.emit(None)

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
        return pointer_at(self.view, self.session.slice, at, modifiers)

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

    def _start_pan(self, at: QPointF) -> None:
        self._pan_from = at
        self.setCursor(Qt.CursorShape.ClosedHandCursor)
        self.update(self._drawn.toAlignedRect())

    def _pan(self, at: QPointF) -> None:
        assert self._pan_from is not None
        moved = (at - self._pan_from).toPoint()  # by whole pixels, so that what is drawn already can be moved
        self._pan_from += QPointF(moved)
        self._fitted = False
        self.view.row -= moved.y() / self.view.scale
        self.view.column -= moved.x() / self.view.scale
        self._moved()

    def _set_cursor(self) -> None:
        self.setCursor(Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.CrossCursor)

    # --- keys and drops -------------------------------------------------------------------------------------

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
        dropped = self._hand.cancel()
        self._refresh_preview()
        return dropped

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.files_dropped.emit(paths)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what was in the middle in the middle."""
        view = self.view
        row, column = view.to_image(view.width / 2, view.height / 2)
        view.width, view.height = self.width(), self.height()
        if self._fitted and self.session.image is not None:
            self.fit()
        elif self.session.image is not None:
            view.center(row, column)
            self._moved()
