"""A small line chart: one or more curves over training steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.words import tr

SHARES = (0.0, 0.5, 1.0)
"""Where the grid has lines, from the lowest value to the highest."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (step, value), the name in the legend, and the theme colour by name; dashed for a reference."""

    name: str
    color: str
    points: tuple[tuple[float, float], ...]
    dashed: bool = False


class Chart(QWidget):
    """Curves under a heading, with the last value of each in the legend; quiet grid, no frame."""

    def __init__(self, title: str, *, low: float | None = None, high: float | None = None) -> None:
        super().__init__()
        self._title, self._low, self._high = title, low, high
        self.curves: tuple[Curve, ...] = ()
        self.setMinimumSize(104, 72)

    def sizeHint(self) -> QSize:
        return QSize(190, 130)

    def show_curves(self, curves: Sequence[Curve]) -> None:
        self.curves = tuple(curves)
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(11))
        self._legend(painter)
        points = [point for curve in self.curves for point in curve.points]
        low, high = self._range([y for _, y in points])
        labels = labels_of(low, high)
        left = max(24, *(painter.fontMetrics().horizontalAdvance(label) for label in labels)) + 7
        area = QRectF(left, 22, self.width() - left - 6, self.height() - 38)
        self._grid(painter, area, labels)
        if not points:
            painter.setPen(theme.color("faint"))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, tr("None yet"))
            return
        first, last = min(x for x, _ in points), max(x for x, _ in points)
        self._steps(painter, area, first, last)
        for curve in self.curves:
            self._draw(painter, area, curve, (first, max(last, first + 1)), (low, high))

    def _range(self, values: list[float]) -> tuple[float, float]:
        low = self._low if self._low is not None else min(values, default=0.0)
        high = self._high if self._high is not None else max(values, default=1.0)
        return (low, high) if high > low else (low, low + 1.0)

    def _legend(self, painter: QPainter) -> None:
        metrics = painter.fontMetrics()
        painter.setPen(theme.color("muted"))
        painter.drawText(QPointF(0, 12), self._title)
        x, free = float(self.width()), metrics.horizontalAdvance(self._title) + 18
        for curve in reversed(self.curves):
            if not curve.points:
                continue
            number = f"{curve.points[-1][1]:.3f}"
            text = f"{curve.name} {number}".strip()
            if x - metrics.horizontalAdvance(text) < free:
                text = number
            x -= metrics.horizontalAdvance(text)
            if x < free:
                return
            painter.setPen(theme.color("text"))
            painter.drawText(QPointF(x, 12), text)
            painter.setPen(QPen(theme.color(curve.color), 2))
            painter.drawLine(QPointF(x - 13, 8), QPointF(x - 5, 8))
            x -= 26

    def _grid(self, painter: QPainter, area: QRectF, labels: Sequence[str]) -> None:
        for share, text in zip(SHARES, labels, strict=True):
            y = area.bottom() - share * area.height()
            painter.setPen(theme.color("line"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme.color("faint"))
            where = QRectF(0, y - 8, area.left() - 6, 16)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)

    def _steps(self, painter: QPainter, area: QRectF, first: float, last: float) -> None:
        painter.setPen(theme.color("faint"))
        below = QRectF(area.left(), area.bottom() + 2, area.width(), 14)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"{first:.0f}")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, tr("step {n}").format(n=f"{last:.0f}"))

    def _draw(
        self, painter: QPainter, area: QRectF, curve: Curve, across: tuple[float, float], up: tuple[float, float]
    ) -> None:
        pen = QPen(theme.color(curve.color), 1.6)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        if curve.dashed:
            pen.setDashPattern([3, 3])
        painter.setPen(pen)
        line = QPolygonF()
        for step, number in thinned(curve.points, int(area.width())):
            share = min(1.0, max(0.0, (number - up[0]) / (up[1] - up[0])))
            x = area.left() + (step - across[0]) / (across[1] - across[0]) * area.width()
            line.append(QPointF(x, area.bottom() - share * area.height()))
        painter.drawPolyline(line)
        if line.size():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color(curve.color))
            painter.drawEllipse(line.at(line.size() - 1), 2.4, 2.4)


def labels_of(low: float, high: float) -> list[str]:
    """What stands beside the lines of the grid: as short as tells them apart."""
    values = [low + share * (high - low) for share in SHARES]
    every = ([f"{value:.{digits}g}" for value in values] for digits in range(2, 6))
    return next((labels for labels in every if len(set(labels)) == len(labels)), [f"{value:.5g}" for value in values])


def thinned(points: Sequence[tuple[float, float]], most: int) -> Sequence[tuple[float, float]]:
    """At most about `most` of the points, first and last among them."""
    if len(points) <= max(2, most):
        return points
    step = -(-len(points) // most)
    return [*points[:-1:step], points[-1]]
