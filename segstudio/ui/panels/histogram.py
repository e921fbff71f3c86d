"""Histogram of the shown slice, with handles for the display window (window/level)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QPushButton, QWidget

from segstudio.core.source import PixelSource
from segstudio.ui.boundary import guarded
from segstudio.ui.panels.display import DisplayOptions, PresetButton
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.basics import column, label, row
from segstudio.ui.widgets.words import tr, value

BINS = 192
SETTLE = 150
"""Milliseconds on one slice before it is counted: scrolling must not wait for histograms."""
CHANNEL_COLORS = ("#e5686a", "#5fb37c", "#6a9ff0")
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
    low = float(min(part.min() for part in parts if part.size))
    high = float(max(part.max() for part in parts if part.size))
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


class HistogramPanel(QWidget):
    """Channel choice, histogram, the two ends as numbers, and three ways to set them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.channel = QComboBox()
        self.view = HistogramView()
        self.low, self.high = _number(), _number()
        self.auto = _button(tr("Auto"), tr("The image's range without its extremes (0.5 %)"), self._auto)
        self.percentile = _button(
            tr("2–98 %"),
            tr("The range of this slice without its extremes"),
            partial(session.window_to_percentiles, 2.0, 98.0),
        )
        self.full = _button(
            tr("Full"),
            tr("From the smallest to the largest value of this slice"),
            partial(session.window_to_percentiles, 0.0, 100.0),
        )
        ends = row(self.low, 0, label(tr("Window"), "faint"), 0, self.high, gap=4)
        self.presets, self.display = PresetButton(session), DisplayOptions(session)
        buttons = row(self.auto, self.percentile, self.full, self.presets, gap=5)
        self.view.setMaximumHeight(190)
        self.setLayout(column(self.channel, self.view, ends, buttons, self.display, margins=(10, 6, 10, 10), gap=7))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self._rest = QTimer(self, interval=SETTLE, singleShot=True)
        self._rest.timeout.connect(self._recount)
        self.channel.currentIndexChanged.connect(self._choose)
        self.view.dragged.connect(session.window_all)
        for field in (self.low, self.high):
            field.valueChanged.connect(lambda _: session.window_all(self.low.value(), self.high.value()))
        session.image_changed.connect(self.refresh)
        session.slice_changed.connect(lambda _: self._rest.start())
        session.display_changed.connect(self._follow)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(280, 230)

    def refresh(self) -> None:
        """Follow the image: its channels, its histogram, its window."""
        image = self._session.image
        self.channel.blockSignals(True)
        self.channel.clear()
        if image is not None:
            if image.info.channels > 1:
                self.channel.addItem(tr("All channels"), None)
            for number, name in enumerate(image.info.channel_names):
                self.channel.addItem(name.capitalize() if name.islower() else name, number)
        self.channel.setVisible(image is not None and image.info.channels > 1)
        self.channel.blockSignals(False)
        self._counted: object = None
        self._recount()
        self._follow()
        for widget in (self.auto, self.percentile, self.full, self.presets, self.low, self.high):
            widget.setEnabled(self._session.pixels is not None)

    def _channels(self) -> list[int]:
        session = self._session
        if session.display.channel is not None:
            return [session.display.channel]
        return list(session.tone.bands) if session.image else []

    def _recount(self) -> None:
        session = self._session
        sample = session.pixels.sample(session.slice) if session.pixels is not None else None
        if sample is None:
            self.view.show_distribution(None, ())
            if session.pixels is not None:  # an image that is read piece by piece: look again when more is there
                self._follow_arrival(session.pixels)
            return
        channels = self._channels()
        colors = CHANNEL_COLORS if len(channels) > 1 else ("",)
        self.view.show_distribution(distribution(sample, channels), colors)
        self._counted = session.display.channel

    def _follow_arrival(self, pixels: PixelSource) -> None:
        def again(_: object) -> None:
            stop()
            if self._session.pixels is pixels:
                self._recount()

        stop = pixels.arrived.connect(again)

    def _follow(self) -> None:
        session = self._session
        if session.image is None or not session.windows:
            return
        if session.pixels is not None and self._counted != session.display.channel:
            self._recount()
        place = self.channel.findData(session.display.channel)
        self.channel.blockSignals(True)
        self.channel.setCurrentIndex(max(0, place))
        self.channel.blockSignals(False)
        window = session.windows[self._channels()[0]]
        self.view.show_window(window.low, window.high)
        whole = session.pixels is None or session.pixels.dtype.kind in "ui"
        for field, level in ((self.low, window.low), (self.high, window.high)):
            field.blockSignals(True)
            field.setDecimals(0 if whole else 3)
            field.setValue(level)
            field.setToolTip(value(level))
            field.blockSignals(False)

    def _choose(self) -> None:
        self._session.set_display(channel=self.channel.currentData())

    def _auto(self) -> None:
        session = self._session
        if session.image is None:
            return
        for channel, (low, high) in enumerate(session.image.info.ranges):
            if session.display.channel in (None, channel):
                session.set_window(channel, low, high)


def _number() -> QDoubleSpinBox:
    made = QDoubleSpinBox()
    made.setRange(-1e12, 1e12)
    made.setFixedWidth(96)
    made.setAlignment(Qt.AlignmentFlag.AlignRight)
    made.setKeyboardTracking(False)
    return made


def _button(text: str, tip: str, click: object) -> QPushButton:
    made = QPushButton(text)
    made.setToolTip(tip)
    made.clicked.connect(click)
    return made
