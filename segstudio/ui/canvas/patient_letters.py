"""The letters R L A P S I at the sides of a view: where the patient's right, left, front, back, head and feet are."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from segstudio.core.reslice import Axis
from segstudio.core.upright import directions, letter
from segstudio.ui.boundary import guarded
from segstudio.ui.canvas.overlay import INK, PLATE
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.widgets import theme

SIZE, EDGE = 20.0, 6.0
"""Widget pixels of a letter's plate, and between it and the edge."""


class PatientLetters(QWidget):
    """The letters of one canvas, as it is turned now; lets all events through."""

    def __init__(self, canvas: Canvas, axis: Axis) -> None:
        super().__init__(canvas)
        self._canvas, self._axis = canvas, axis
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        canvas.view_changed.connect(self.refresh)
        canvas.session.image_changed.connect(self.refresh)
        self._said: tuple[str, ...] = ()

    def letters(self) -> tuple[str, ...]:
        """Those at the left, right, top and bottom; none for an image that is in no patient."""
        image = self._canvas.session.image
        grid = image.info.grid if image is not None else None
        if grid is None or grid.frame != "patient":
            return ()
        _, rows, columns = directions(grid, self._axis)
        right, down = self._canvas.turn.seen(columns, rows)
        return letter(-right), letter(right), letter(-down), letter(down)

    def refresh(self) -> None:
        """Paint again where the letters have changed."""
        if (now := self.letters()) != self._said:
            self._said = now
            self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(11, bold=True))
        across, down, far = self.width() / 2, self.height() / 2, EDGE + SIZE / 2
        places = (far, down), (self.width() - far, down), (across, far), (across, self.height() - far)
        for text, (x, y) in zip(self.letters(), places, strict=False):
            plate = QRectF(QPointF(x - SIZE / 2, y - SIZE / 2), QPointF(x + SIZE / 2, y + SIZE / 2))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(PLATE)
            painter.drawRoundedRect(plate, 5, 5)
            painter.setPen(INK)
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
