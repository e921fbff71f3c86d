"""Histogram of the shown slice, with handles for the display window (window/level)."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QPushButton, QWidget

from segstudio.core.source import PixelSource
from segstudio.ui.panels.display import DisplayOptions, PresetButton
from segstudio.ui.panels.histogram_view import HistogramView, distribution
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.basics import column, label, row
from segstudio.ui.widgets.words import tr, value

SETTLE = 150
"""Milliseconds on one slice before it is counted: scrolling must not wait for histograms."""
CHANNEL_COLORS = ("#e5686a", "#5fb37c", "#6a9ff0")


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
