"""SceneView: a raster widget that shows the image and its masks, and keeps up with every change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPalette, QResizeEvent, QTransform
from PySide6.QtWidgets import QWidget

from segstudio.core.geometry import Box
from segstudio.core.layer import MaskLayer
from segstudio.core.selection import Selection
from segstudio.tools.base import Preview
from segstudio.ui.boundary import guarded
from segstudio.ui.canvas import overlay
from segstudio.ui.canvas.kept_picture import KeptPicture
from segstudio.ui.canvas.minimap_and_scale import MinimapAndScale
from segstudio.ui.canvas.painter import ScenePainter
from segstudio.ui.canvas.turn import Turn
from segstudio.ui.canvas.viewport import Viewport
from segstudio.ui.session.shown_plane import ShownPlane

FLATTEST = 64.0
"""How many times longer than wide an image pixel is drawn at most, whatever the file says."""


class SceneView(QWidget):
    """Its cost follows what is touched and seen, never the size of the image. What the hand does comes on top."""

    view_changed = Signal()

    def __init__(self, session: ShownPlane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.view = Viewport()
        self.scene = ScenePainter(session)
        self.turn = Turn()
        self._to_screen: QTransform | None = None  # from the straight frame; None where it is the screen
        self._backing = KeptPicture()
        self._furniture = MinimapAndScale()
        self._place = (0.0, 0.0, 0.0)  # scale, and where image point (0, 0) is
        self._shown_image: int | None = None
        self._left: dict[int, tuple[float, float, float] | None] = {}  # scale and middle of images shown; None: fitted
        self._look: tuple[object, object] = (None, None)
        self._selection: tuple[Selection, QPainterPath] | None = None  # and its border
        self._fitted = True
        self._unsubscribe: list[Callable[[], None]] = []
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setBackgroundRole(QPalette.ColorRole.Dark)
        session.document_changed.connect(self._on_document)
        session.image_changed.connect(self._on_image)
        session.layers_changed.connect(self._on_layers)
        session.slice_changed.connect(lambda _: self._on_slice())
        session.display_changed.connect(self._on_display)
        session.classes_changed.connect(self._on_masks)
        session.proposal_changed.connect(self._redraw)
        session.options_changed.connect(self._on_options)

    # --- what lies over the scene ---------------------------------------------------------------------------

    def previews(self) -> list[Preview]:
        """What a tool would draw where the pointer is."""
        return []

    def drop_shapes(self) -> None:
        """Another image is shown: nothing half-drawn is kept."""

    # --- view -----------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    def set_turn(self, turn: Turn) -> None:
        """Turn and mirror what is seen, keeping its middle; the image stays as it is."""
        self.turn = turn
        self._take_size()
        self._redraw()
        self.view_changed.emit()

    def straightened(self, at: QPointF) -> QPointF:
        """A point of the widget in the frame the viewport works in."""
        return at if self._to_screen is None else self._to_screen.inverted()[0].map(at)

    def on_screen(self, at: QPointF) -> QPointF:
        """A point of the frame the viewport works in, on the widget."""
        return at if self._to_screen is None else self._to_screen.map(at)

    def refresh(self, rect: QRect) -> None:
        """Paint a rectangle of the straight frame again."""
        self.update(rect if self._to_screen is None else self._to_screen.mapRect(rect).adjusted(-1, -1, 1, 1))

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
        at = QPointF(self.view.width / 2, self.view.height / 2) if at is None else self.straightened(at)
        self._fitted = False
        self.view.zoom(factor, at.x(), at.y())
        self._moved()

    def center_on(self, row: float, column: float) -> None:
        """Bring an image point to the middle."""
        self._fitted = False
        self.view.center(row, column)
        self._moved()

    def show_box(self, box: Box) -> None:
        """Bring a box to the middle, about half as large as the view unless it is seen well already."""
        share = max(
            (box.height * self.view.row_scale) / self.view.height, (box.width * self.view.scale) / self.view.width
        )
        if not 0.25 <= share <= 0.8:
            self.zoom_by(0.5 / share)
        self.center_on((box.top + box.bottom) / 2, (box.left + box.right) / 2)

    def follow(self, other: Viewport) -> None:
        """Bring what another view has in its middle to the middle, at the same scale."""
        row, column = other.to_image(other.width / 2, other.height / 2)
        here = self.view.to_image(self.view.width / 2, self.view.height / 2)
        apart = max(abs(row - here[0]) * self.view.row_scale, abs(column - here[1]) * self.view.scale)
        if self.view.scale != other.scale or apart > 1e-3:
            self.view.scale = other.scale
            self.center_on(row, column)

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
        self.update() if rect is None else self.refresh(rect)

    def pan_by(self, x: int, y: int) -> None:
        """Move the image by widget pixels."""
        self._fitted = False
        self.view.row -= y / self.view.row_scale
        self.view.column -= x / self.view.scale
        self._moved()

    # --- what changed ---------------------------------------------------------------------------------------

    def _on_image(self) -> None:
        image = self.session.image
        self.scene.forget_image()
        self.drop_shapes()
        shown = image.id if image else None
        if shown != self._shown_image:
            self._leave()
        _, tall, wide = self.session.spacing
        self.view.aspect = min(FLATTEST, max(1 / FLATTEST, tall / wide)) if tall > 0 and wide > 0 else 1.0
        if shown != self._shown_image:
            self._shown_image = shown
            self._return()
        self._on_layers()

    def _on_document(self) -> None:
        self._left.clear()
        self._shown_image = None

    def _leave(self) -> None:
        """Remember how the image was seen that was shown until now."""
        if self._shown_image is not None:
            view = self.view
            middle = view.to_image(view.width / 2, view.height / 2)
            self._left[self._shown_image] = None if self._fitted else (view.scale, *middle)

    def _return(self) -> None:
        """See the image as it was left, or all of it."""
        left = self._left.get(self._shown_image) if self._shown_image is not None else None
        if left is not None:
            self.view.scale, row, column = left
            self.center_on(row, column)
        elif self._shown_image is not None:
            self.fit()

    def _on_arrived(self, box: Box) -> None:
        """A tile of an image that is read as it is shown."""
        self.scene.update_image(box)
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
        self.scene.update_mask(layer, box, self.view.level)
        if box.z == self.session.slice:
            self._redraw(self._widget_rect(box.expand(0 if self.session.display.mask_style == "fill" else 2)))

    def _on_masks(self) -> None:
        self.scene.forget_masks()
        self._redraw()

    def _on_slice(self) -> None:
        self.scene.forget_minimap()
        self._redraw()

    def _on_display(self) -> None:
        """Forget only the tiles that look different now; peeking and hiding draw the same tiles, or none."""
        session = self.session
        image = session.tone, session.display.slab
        masks = (
            session.display.mask_style,
            tuple(layer.opacity for layer in session.image.layers) if session.image else (),
        )
        if image != self._look[0]:
            self.scene.forget_image()
        elif masks != self._look[1]:
            self.scene.forget_masks()
        self._look = image, masks
        self._redraw()

    def _on_options(self) -> None:
        selection = self.session.selection
        if selection is not (self._selection[0] if self._selection else None):
            shape = self.session.shape
            self._selection = None if selection is None else (selection, overlay.selection_path(selection, shape))
            self.update()

    def _widget_rect(self, box: Box) -> QRect:
        x0, y0 = self.view.to_widget(box.top, box.left)
        x1, y1 = self.view.to_widget(box.bottom, box.right)
        margin = 1 + (1 << self.view.level) * max(self.view.scale, self.view.row_scale)
        return QRectF(QPointF(x0 - margin, y0 - margin), QPointF(x1 + margin, y1 + margin)).toAlignedRect()

    # --- painting -------------------------------------------------------------------------------------------

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        clip = event.rect()
        session = self.session
        if session.image is None or session.pixels is None:
            painter.fillRect(clip, self.palette().color(QPalette.ColorRole.Dark))
            if session.image is not None:
                painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
                lost = session.project is not None and session.image.id in session.project.problems
                text = (self.tr("%s cannot be shown.") if lost else self.tr("Reading %s …")) % session.image.name
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, text)
            return
        self.scene.begin_frame()
        turn, size = self._to_screen, self.turn.frame(self.size())
        inner = clip if turn is None else turn.inverted()[0].mapRect(clip).intersected(QRect(QPoint(), size))
        if turn is not None:
            painter.setTransform(turn)
        self._backing.show(painter, inner, size, self.devicePixelRatioF(), self._draw_scene)
        if self._selection is not None:
            overlay.draw_selection(painter, self.view, self._selection[1])
        overlay.draw_previews(painter, self.view, self.previews())
        if turn is None:
            ruled = session.display.rulers
            self._furniture.show(painter, clip, self.view, session.image.info, self.scene.minimap, ruled=ruled)
        elif (
            self.view.aspect == 1 or self.turn.quarters % 2 == 0
        ):  # the scale bar is upright; the minimap would show another picture than the screen
            painter.resetTransform()
            upright = replace(self.view, width=self.width(), height=self.height())
            self._furniture.show(painter, clip, upright, session.image.info, None)

    def _draw_scene(self, painter: QPainter, clip: QRect) -> None:
        painter.fillRect(clip, self.palette().color(QPalette.ColorRole.Dark))
        if not self.scene.draw(painter, self.view, clip):
            QTimer.singleShot(0, lambda: self._redraw(clip))
        overlay.draw_grid(painter, self.view, self.session.shape)

    @guarded
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what was in the middle in the middle."""
        self._take_size()

    def _take_size(self) -> None:
        view = self.view
        row, column = view.to_image(view.width / 2, view.height / 2)
        frame = self.turn.frame(self.size())
        self._to_screen = None if self.turn.straight else self.turn.transform(self.size())
        view.width, view.height = frame.width(), frame.height()
        if self._fitted and self.session.image is not None:
            self.fit()
        elif self.session.image is not None:
            view.center(row, column)
            self._moved()
