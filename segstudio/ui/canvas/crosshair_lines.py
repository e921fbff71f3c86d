"""What lies over a view among several: the crosshair, which slice it is, and the divider between two of them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.core.reslice import ORDER, Axis
from segstudio.ui.boundary import guarded
from segstudio.ui.canvas.overlay import INK, PLATE
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.session.crosshair import Crosshair
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.words import tr

NAMES = ("Axial", "Coronal", "Sagittal")
COLORS = ("#f2675c", "#5fc36b", "#f0c33c")
"""Of the planes axial, coronal, sagittal, as clinical viewers have them."""
GAP = 9.0
"""Widget pixels around the middle that the crosshair leaves free."""


class CrosshairLines(QWidget):
    """The crosshair and the corner text of one canvas; lets all events through."""

    def __init__(self, canvas: Canvas, crosshair: Crosshair, axis: Axis) -> None:
        super().__init__(canvas)
        self._canvas, self._crosshair, self._axis = canvas, crosshair, axis
        self.lines = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        crosshair.moved.connect(self.update)
        canvas.session.display_changed.connect(self.update)
        canvas.view_changed.connect(self.update)

    def text(self) -> str:
        """Which plane and slice this is, and what of it is seen together."""
        session = self._canvas.session
        slab = session.display.slab
        found = f"{tr(NAMES[self._axis])} {session.slice + 1}/{session.shape[0]}"
        return found + (f" · {tr(slab.projection)} {slab.slices}" if slab.thick else "")

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._canvas.session.image is None:
            return
        painter = QPainter(self)
        if self.lines:
            self._draw_lines(painter)
        painter.setFont(theme.font(11, bold=True))
        text = self.text()
        width = painter.fontMetrics().horizontalAdvance(text)
        plate = QRectF(10, 10, width + (30 if self.lines else 18), 22)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(PLATE)
        painter.drawRoundedRect(plate, 5, 5)
        if self.lines:
            painter.setBrush(QColor(COLORS[self._axis]))
            painter.drawEllipse(QPointF(plate.left() + 12, plate.center().y()), 4, 4)
        painter.setPen(INK)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(plate.adjusted(0, 0, -9, 0), right, text)

    def _draw_lines(self, painter: QPainter) -> None:
        """Each line is where another plane cuts this one, in that plane's colour."""
        order = ORDER[self._axis]
        row, column = (self._crosshair.at[axis] + 0.5 for axis in order[1:])
        at = self._canvas.on_screen(QPointF(*self._canvas.view.to_widget(row, column)))
        x, y = at.x(), at.y()
        level, upright = order[1:] if self._canvas.turn.quarters % 2 == 0 else (order[2], order[1])
        for axis, ends in (
            (level, ((0.0, y, x - GAP, y), (x + GAP, y, float(self.width()), y))),
            (upright, ((x, 0.0, x, y - GAP), (x, y + GAP, x, float(self.height())))),
        ):
            color = QColor(COLORS[axis])
            color.setAlphaF(0.85)
            painter.setPen(QPen(color, 1))
            for x0, y0, x1, y1 in ends:
                painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))


class Divider(QWidget):
    """A line that is dragged from side to side; `dragged` tells where to, as a share of the width (0..1)."""

    dragged = Signal(float)
    WIDTH = 13

    def __init__(self, canvas: Canvas, moved: Callable[[float], None]) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.setObjectName("divider")
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.dragged.connect(moved)

    def place(self, share: float) -> None:
        self.setGeometry(round(share * self._canvas.width()) - self.WIDTH // 2, 0, self.WIDTH, self._canvas.height())

    @guarded
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = self.mapTo(self._canvas, event.position())
        self.dragged.emit(min(0.98, max(0.02, at.x() / max(1, self._canvas.width()))))

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = self.WIDTH // 2
        painter.fillRect(middle - 1, 0, 3, self.height(), QColor(0, 0, 0, 140))
        painter.fillRect(middle, 0, 1, self.height(), INK)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(PLATE, 1))
        painter.setBrush(INK)
        painter.drawRoundedRect(QRectF(middle - 3, self.height() / 2 - 16, 7, 32), 3, 3)
