"""The curves of a histogram, with handles for the display window (window/level)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.words import tr

BINS = 192
REACH = 8
"""Pixels around a handle within which a press takes it."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Counts per channel over `low` .. `high`, in image values."""

    counts: tuple[NDArray[np.int64], ...]
    low: float
    high: float


def distribution(plane: NDArray[np.generic], channels: list[int]) -> Distribution | None:
    """The histogram of pixels (rows, columns, channels); None where no pixel is finite."""
    parts = [plane[..., channel].ravel() for channel in channels]
    if plane.dtype.kind == "f":
        parts = [part[np.isfinite(part)] for part in parts]
    if not any(part.size for part in parts):
        return None
    low = min(float(part.min()) for part in parts if part.size)
    high = max(float(part.max()) for part in parts if part.size)
    bins, end = BINS, max(high, low + max(1e-6, abs(low) * 1e-6))
    if plane.dtype.kind in "ui":  # as many whole values in each bin, or the curve becomes a comb
        width = int((high - low + 1) // BINS) + 1
        bins = -(-int(high - low + 1) // width)
        end = low + bins * width
    counts = tuple(np.histogram(part.astype(np.float64), bins=bins, range=(low, end))[0] for part in parts)
    return Distribution(counts, low, end)


class HistogramView(QWidget):
    """The curves, what is darker and brighter than the window, and its two handles."""

    dragged = Signal(float, float)

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(84)
        self.setMouseTracking(True)
        self.setToolTip(tr("Drag an end to set the window, drag between them to shift it"))
        self._found: Distribution | None = None
        self._colors: tuple[str, ...] = ()
        self.low, self.high = 0.0, 1.0
        self._held = ""
        self._from = (0.0, 0.0, 0.0)

    def sizeHint(self) -> QSize:
        return QSize(240, 110)

    def show_distribution(self, found: Distribution | None, colors: tuple[str, ...]) -> None:
        self._found, self._colors = found, colors
        self.update()

    def show_window(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.update()

    def _ends(self) -> tuple[float, float]:
        """Values at the left and right edge: the pixels' range, with room for a window beyond it."""
        if self._found is None:
            return 0.0, 1.0
        return min(self._found.low, self.low), max(self._found.high, self.high)

    def x_of(self, level: float) -> float:
        low, high = self._ends()
        return 6 + (self.width() - 12) * (level - low) / (high - low)

    def value_at(self, x: float) -> float:
        low, high = self._ends()
        return low + (high - low) * min(1.0, max(0.0, (x - 6) / max(1, self.width() - 12)))

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(theme.color("line"))
        painter.setBrush(theme.color("field"))
        painter.drawRoundedRect(frame, 5, 5)
        if self._found is None:
            painter.setPen(theme.color("faint"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, tr("No image is shown."))
            return
        for counts, tint in zip(self._found.counts, self._colors, strict=False):
            self._draw_counts(painter, counts, tint)
        self._draw_window(painter)

    def _draw_counts(self, painter: QPainter, counts: NDArray[np.int64], tint: str) -> None:
        assert self._found is not None
        top = np.sqrt(max(1.0, float(np.sort(counts)[-2:].mean())))
        base, height = self.height() - 7.0, self.height() - 16.0
        left, right = self.x_of(self._found.low), self.x_of(self._found.high)
        path = QPainterPath(QPointF(left, base))
        for place, number in enumerate(counts):
            x = left + (right - left) * (place + 0.5) / len(counts)
            path.lineTo(x, base - height * min(1.0, float(np.sqrt(number)) / top))
        path.lineTo(right, base)
        color = QColor(tint) if tint else theme.color("muted")
        painter.setPen(QPen(color, 1.1))
        fill = QColor(color)
        fill.setAlphaF(0.22)
        painter.setBrush(fill)
        painter.drawPath(path)

    def _draw_window(self, painter: QPainter) -> None:
        left, right = self.x_of(self.low), self.x_of(self.high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("field", 0.62))
        painter.drawRect(QRectF(1, 1, max(0, left - 1), self.height() - 2))
        painter.drawRect(QRectF(right, 1, max(0, self.width() - right - 1), self.height() - 2))
        ramp = QPen(theme.color("accent", 0.65), 1)
        ramp.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(ramp)
        painter.drawLine(QPointF(left, self.height() - 7), QPointF(right, 9))
        for x in (left, right):
            painter.setPen(QPen(theme.color("accent"), 1.5))
            painter.drawLine(QPointF(x, 4), QPointF(x, self.height() - 4))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("accent"))
            painter.drawRoundedRect(QRectF(x - 3.5, self.height() - 14, 7, 10), 2, 2)

    def _part_at(self, x: float) -> str:
        near = {"low": abs(x - self.x_of(self.low)), "high": abs(x - self.x_of(self.high))}
        closest = min(near, key=lambda name: near[name])
        if near[closest] <= REACH:
            return closest
        return "both" if self.x_of(self.low) < x < self.x_of(self.high) else ""

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        self._held = self._part_at(x) if self._found else ""
        self._from = self.value_at(x), self.low, self.high

    @guarded
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if not self._held:
            shapes = {"low": Qt.CursorShape.SizeHorCursor, "high": Qt.CursorShape.SizeHorCursor}
            self.setCursor(shapes.get(self._part_at(x), Qt.CursorShape.ArrowCursor))
            return
        here, (start, low, high) = self.value_at(x), self._from
        if self._held == "both":
            low, high = low + here - start, high + here - start
        elif self._held == "low":
            low = min(here, high)
        else:
            high = max(here, low)
        self.dragged.emit(low, high)

    @guarded
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = ""
