"""How image values become colours besides the window: presets, gamma, inversion, colours and bands."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QCheckBox, QComboBox, QMenu, QPushButton, QToolButton, QWidget

from segstudio.ui.session.session import Session
from segstudio.ui.session.tone import RAMPS
from segstudio.ui.widgets import icons
from segstudio.ui.widgets.basics import column, label, row, slider, small_button
from segstudio.ui.widgets.words import tr

PERCENTILES = {"Full range": (0.0, 100.0), "0.5–99.5 %": (0.5, 99.5), "1–99 %": (1.0, 99.0), "5–95 %": (5.0, 95.0)}

CT = {
    "Abdomen": (400, 40), "Lung": (1500, -600), "Bone": (1800, 400), "Brain": (80, 40), "Mediastinum": (350, 50),
    "Liver": (150, 30), "Stroke": (40, 40),
}  # fmt: skip
"""Width and level of usual windows in Hounsfield units."""

GAMMA_STEP = 20
"""Slider notches for each doubling of gamma."""


class PresetButton(QPushButton):
    """A menu of the file's own windows and of usual ones; CT only where values go below 0, as Hounsfield units do."""

    def __init__(self, session: Session) -> None:
        super().__init__(tr("Presets"))
        self._session = session
        self.setMenu(QMenu(self))
        self.menu().aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        menu, session = self.menu(), self._session
        menu.clear()
        for title, ends in PERCENTILES.items():
            menu.addAction(tr(title), partial(session.window_to_percentiles, *ends))
        menu.addAction(tr("What is seen"), partial(session.window_to_percentiles, 0.5, 99.5, seen=True))
        if session.image is None:
            return
        offered = [(name or tr("Window"), low, high) for name, low, high in session.image.info.windows]
        usual = [(tr(title), level - width / 2, level + width / 2) for title, (width, level) in CT.items()]
        for windows in (offered, usual if session.value_range[0] < -150 else []):
            if windows:
                menu.addSeparator()
            for title, low, high in windows:
                text = tr("{title}  (W {width}, L {level})")
                name = text.format(title=title, width=f"{high - low:g}", level=f"{(high + low) / 2:g}")
                menu.addAction(name, partial(session.window_all, low, high))


class DisplayOptions(QWidget):
    """Gamma with a way back to 1, inversion, and colours or bands."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.gamma = slider(-2 * GAMMA_STEP, 2 * GAMMA_STEP, self._set_gamma)
        self.gamma.setToolTip(tr("Gamma: to the right dark parts become brighter"))
        self.number = label("1.00", "muted")
        self.number.setFixedWidth(30)
        self.reset: QToolButton = small_button("undo", tr("Back to gamma 1"), lambda: self.gamma.setValue(0))
        self.inverted = QCheckBox(tr("Invert"))
        self.inverted.toggled.connect(lambda on: session.set_display(inverted=on))
        self.ramp = QComboBox()
        for name in RAMPS:
            self.ramp.addItem(tr(name.capitalize()), name)
        self.ramp.setToolTip(tr("Colours from dark to bright"))
        self.ramp.currentIndexChanged.connect(lambda _: session.set_display(ramp=self.ramp.currentData()))
        self.bands = [QComboBox() for _ in range(3)]
        parts = row(gap=4)
        for name, band in zip(("R", "G", "B"), self.bands, strict=True):
            band.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            band.setToolTip(tr("The band shown as {colour}").format(colour=name))
            band.currentIndexChanged.connect(lambda _: self._set_bands())
            parts.addWidget(label(name, "faint"))
            parts.addWidget(band, 1)
        self._bands = QWidget()
        self._bands.setLayout(parts)
        head = row(label(tr("Gamma"), "muted"), self.gamma, self.number, self.reset, gap=8)
        head.setStretch(1, 1)
        tail = row(self.inverted, 0, self.ramp, gap=8)
        self.setLayout(column(head, self._bands, tail, gap=5))
        session.display_changed.connect(self.refresh)
        session.image_changed.connect(self._on_image)
        self._on_image()

    def refresh(self) -> None:
        """Follow the session."""
        session = self._session
        self.number.setText(f"{session.display.gamma:.2f}")
        single = len(session.tone.bands) == 1
        self.ramp.setVisible(single)
        channels = session.image.info.channels if session.image else 1
        self._bands.setVisible(channels > 3 and session.display.channel is None)
        for widget, value in ((self.inverted, session.display.inverted),):
            widget.blockSignals(True)
            widget.setChecked(value)
            widget.blockSignals(False)
        for place, band in enumerate(self.bands):
            if not single:
                band.blockSignals(True)
                band.setCurrentIndex(session.tone.bands[place])
                band.blockSignals(False)
        icons.set_icon(self.reset, "undo", quiet=session.display.gamma == 1)

    def _on_image(self) -> None:
        image = self._session.image
        for band in self.bands:
            band.blockSignals(True)
            band.clear()
            for name in image.info.channel_names if image else ():
                band.addItem(name)
            band.blockSignals(False)
        self.setEnabled(image is not None)
        self.refresh()

    def _set_gamma(self, notch: int) -> None:
        self._session.set_display(gamma=2.0 ** (notch / GAMMA_STEP))

    def _set_bands(self) -> None:
        self._session.set_display(bands=tuple(max(0, band.currentIndex()) for band in self.bands))
