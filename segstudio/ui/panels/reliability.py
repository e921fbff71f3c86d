"""Reliability diagram: how often the model is right where it says how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.words import count, tr

Bins = Sequence[tuple[float, float, int]]
"""Mean confidence, accuracy and pixels of each bin, from confidence 0 to 1."""


class ReliabilityPlot(QWidget):
    """Bars of accuracy over confidence with the diagonal of perfect honesty; below, the pixels of each bin."""

    def __init__(self, calibration: dict[str, Any]) -> None:
        super().__init__()
        self.bins: Bins = calibration["after"]["bins"]
        self.before: Bins = calibration["before"]["bins"]
        self.setToolTip(
            tr("Bars: how often the class is right, by how sure the model is. On the line the two are equal.")
            + "\n"
            + tr("Circles: before calibration. Below: how many pixels are in each bin.")
        )

    def sizeHint(self) -> QSize:
        return QSize(260, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 180)

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(11))
        area = QRectF(30, 8, self.width() - 38, self.height() - 66)
        below = QRectF(area.left(), area.bottom() + 20, area.width(), 24)
        self._axes(painter, area, below)
        width = area.width() / len(self.bins)
        most = max(pixels for _, _, pixels in self.bins) or 1
        for place, (_, right, pixels) in enumerate(self.bins):
            left = area.left() + place * width + 1
            height = right * area.height()
            painter.fillRect(QRectF(left, area.bottom() - height, width - 2, height), theme.color("accent"))
            height = pixels / most * below.height()
            painter.fillRect(QRectF(left, below.bottom() - height, width - 2, height), theme.color("muted"))
        painter.setPen(QPen(theme.color("text"), 1.2, Qt.PenStyle.DashLine))
        painter.drawLine(area.bottomLeft(), area.topRight())
        painter.setPen(QPen(theme.color("text"), 1.2))
        painter.setBrush(theme.color("panel"))
        for confidence, right, pixels in self.before:
            if pixels:
                where = QPointF(area.left() + confidence * area.width(), area.bottom() - right * area.height())
                painter.drawEllipse(where, 3, 3)

    def _axes(self, painter: QPainter, area: QRectF, below: QRectF) -> None:
        right, left = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - share * area.height()
            painter.setPen(theme.color("line"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme.color("faint"))
            painter.drawText(
                QRectF(0, y - 8, area.left() - 6, 16), right | Qt.AlignmentFlag.AlignVCenter, f"{share:.1f}"
            )
        words = QRectF(area.left(), area.bottom() + 2, area.width(), 16)
        painter.drawText(words, left, "0")
        painter.drawText(words, Qt.AlignmentFlag.AlignHCenter, tr("how sure"))
        painter.drawText(words, right, "1")
        total = tr("{n} held-out pixels").format(n=count(sum(pixels for _, _, pixels in self.bins)))
        painter.drawText(QRectF(below.left(), below.bottom(), below.width(), 16), left, total)
