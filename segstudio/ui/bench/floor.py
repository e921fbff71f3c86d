"""The raw floor: the least that painting into a picture and showing it takes with Qt."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.ui.boundary import guarded

COLOR = QColor(245, 133, 24, 140)


class Floor(QWidget):
    """Stamps a round line into a QImage and repaints the rectangle around it. No model, no undo, no file."""

    def __init__(self, side: int, radius: float) -> None:
        super().__init__()
        self.radius = radius
        self._picture = QImage(side, side, QImage.Format.Format_RGB32)
        self._picture.fill(QColor(90, 90, 90))
        self._mask = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
        self._mask.fill(0)
        self._last: QPointF | None = None
        self._offset = QPointF(side / 2, side / 2)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position()
        self._stamp(event.position())

    @guarded
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._stamp(event.position())

    @guarded
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        clip = QRectF(event.rect())
        source = clip.translated(self._corner())
        painter.drawImage(clip, self._picture, source)
        painter.drawImage(clip, self._mask, source)

    def _stamp(self, at: QPointF) -> None:
        if self._last is None:
            return
        painter = QPainter(self._mask)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.setPen(QPen(COLOR, 2 * self.radius, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(self._last + self._corner(), at + self._corner())
        painter.end()
        reach = self.radius + 2
        dirty = QRectF(self._last, at).normalized().adjusted(-reach, -reach, reach, reach)
        self.update(dirty.toAlignedRect())
        self._last = at

    def _corner(self) -> QPointF:
        """The image point at the widget's top left: the middle of the image is in the middle."""
        return self._offset - QPointF(self.width() / 2, self.height() / 2)
