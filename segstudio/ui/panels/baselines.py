"""Classical methods: choose one, see it live, apply it, and compare it with the network."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QPushButton, QScrollArea, QWidget

from segstudio.classical.registry import METHODS
from segstudio.core.parameters import fit
from segstudio.ui.actions import Actions
from segstudio.ui.form import Form, Value
from segstudio.ui.session import Session
from segstudio.ui.widgets import clear, column, label, row, rule
from segstudio.ui.words import share, tr

SETTLE = 120
"""Milliseconds without a change before a preview is asked for."""


class Comparison(Protocol):
    """Dice per class id on the `pixels` annotated pixels of the shown slice; None where undefined."""

    @property
    def pixels(self) -> int: ...
    @property
    def baseline(self) -> dict[int, float | None]: ...
    @property
    def network(self) -> dict[int, float | None]: ...


class BaselinesPanel(QWidget):
    """Family, method, its form, a live preview, and a score beside the network's."""

    def __init__(self, session: Session, actions: Actions) -> None:
        super().__init__()
        self._session, self._actions = session, actions
        self._kept: dict[str, dict[str, Value]] = {}  # values by method, so that going back and forth loses nothing
        self.family, self.method, self.form = QComboBox(), QComboBox(), Form()
        for family in dict.fromkeys(method.family for method in METHODS.values()):
            self.family.addItem(tr(family), family)
        for chooser in (self.family, self.method):  # they may become narrower than their longest word
            chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            chooser.setMinimumContentsLength(7)
        self.summary = label("", "muted", wrap=True)
        self.live = QCheckBox(tr("Live preview"))
        self.live.setChecked(True)
        self.apply, self.discard = QPushButton(tr("Apply")), QPushButton(tr("Discard"))
        self.apply.setProperty("primary", True)
        self.apply.setToolTip(tr("Paint the result where nobody has painted, as one step to undo (Enter)"))
        self.discard.setToolTip(tr("Take the preview away (Esc)"))
        self.scores = Scores(session)
        self._timer = QTimer(self, interval=SETTLE, singleShot=True)
        self._timer.timeout.connect(self._preview)
        self._lay_out()
        self._connect()
        self._choose_family()

    def sizeHint(self) -> QSize:
        return QSize(280, 300)

    @property
    def method_id(self) -> str:
        return str(self.method.currentData())

    def show_comparison(self, comparison: Comparison | None) -> None:
        """Show how well the method and the network fit the annotation."""
        self.scores.show_comparison(comparison)

    def choose(self, method_id: str) -> None:
        """Choose a method by its id."""
        self.family.setCurrentIndex(self.family.findData(METHODS[method_id].family))
        self.method.setCurrentIndex(self.method.findData(method_id))

    def preview(self) -> None:
        """Ask for a preview now, if previews are wanted."""
        if self.live.isChecked():
            self._preview()

    def refresh(self) -> None:
        """Follow the session: what can be done now."""
        usable = self._session.pixels is not None and not self._session.read_only
        self.apply.setEnabled(usable)
        self.live.setEnabled(usable)
        self.form.setEnabled(usable)
        self.discard.setEnabled(self._session.proposal is not None)

    def _lay_out(self) -> None:
        chooser = row(self.family, self.method, gap=6)
        chooser.setStretch(1, 1)
        body = QWidget()
        body.setObjectName("body")
        parts = column(
            chooser, self.summary, self.form, 2, self.live, 2, rule(), self.scores, 0, margins=(10, 4, 10, 8), gap=7
        )
        body.setLayout(parts)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        self.setLayout(column(area, row(self.discard, self.apply, margins=(10, 6, 10, 10), gap=6), gap=0))

    def _connect(self) -> None:
        self.family.currentIndexChanged.connect(lambda _: self._choose_family())
        self.method.currentIndexChanged.connect(lambda _: self._choose_method())
        for chooser in (self.family, self.method):
            chooser.currentIndexChanged.connect(lambda _: self._settle())
        self.form.changed.connect(self._on_change)
        self.live.toggled.connect(self._on_live)
        self.apply.clicked.connect(self._apply)
        self.discard.clicked.connect(self._session.discard_proposal)
        self._session.image_changed.connect(self._on_image)
        self._session.slice_changed.connect(lambda _: self.show_comparison(None))
        self._session.proposal_changed.connect(self.refresh)

    def _choose_family(self) -> None:
        self.method.blockSignals(True)
        self.method.clear()
        for method in METHODS.values():
            if method.family == self.family.currentData():
                self.method.addItem(tr(method.title), method.id)
        self.method.blockSignals(False)
        self._choose_method()

    def _choose_method(self) -> None:
        method = METHODS[self.method_id]
        self.summary.setText(tr(method.summary))
        parameters = method.parameters()
        if self._session.image is not None and self._session.image.info.ranges:
            parameters = fit(parameters, *self._session.value_range)
        self.form.show_parameters(parameters, self._kept.get(method.id))
        self.refresh()

    def _on_change(self, values: dict[str, Value]) -> None:
        self._kept[self.method_id] = values
        self._settle()

    def _on_image(self) -> None:
        """Another image has other grey values: forms in the image's own units start anew."""
        self._kept.clear()
        self.show_comparison(None)
        self._timer.stop()
        self._choose_method()

    def _on_live(self, on: bool) -> None:
        if on:
            self._preview()
        else:
            self._session.discard_proposal()

    def _settle(self) -> None:
        """Ask for a preview when the hand rests, and only while the panel can be seen."""
        if self.live.isChecked() and self.isVisible() and self.apply.isEnabled():
            self._timer.start()

    def _preview(self) -> None:
        if self.apply.isEnabled() and self.isVisible():
            self._actions.run_baseline(self.method_id, self._values(), True)

    def _apply(self) -> None:
        self._timer.stop()
        if why := self._session.why_not_editable():
            self._session.blocked.emit(why)
            return
        self._actions.run_baseline(self.method_id, self._values(), False)

    def _values(self) -> dict[str, Any]:
        return self.form.values()


class Scores(QWidget):
    """A small table: Dice and IoU of each class, for the method and for the network."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._empty = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        self.show_comparison(None)

    def show_comparison(self, comparison: Comparison | None) -> None:
        if comparison is None and self._empty:
            return
        self._empty = comparison is None
        clear(self._grid)
        if comparison is None or not comparison.pixels or self._session.document is None:
            text = tr("Once something is annotated, the score against it appears here, beside the network's.")
            self._grid.addWidget(label(text, "faint", wrap=True), 0, 0, 1, 5)
            return
        right = Qt.AlignmentFlag.AlignRight
        against = tr("Against {n} annotated px").format(n=f"{comparison.pixels:,}")
        self._grid.addWidget(label(against, "muted"), 0, 0, 1, 5)
        heads = ("", tr("Dice"), tr("IoU"), tr("Net Dice"), tr("Net IoU"))
        for place, text in enumerate(heads):
            self._grid.addWidget(label(text, "faint"), 1, place, right)
        for line, (class_id, dice) in enumerate(comparison.baseline.items(), start=2):
            network = comparison.network.get(class_id)
            if dice is None and network is None:
                continue
            name = self._session.document.classes.name(class_id)
            self._grid.addWidget(label(name), line, 0)
            for place, number in enumerate((dice, iou(dice), network, iou(network)), start=1):
                better = place in (1, 3) and number is not None and number >= max(dice or 0, network or 0)
                self._grid.addWidget(label(share(number), "heading" if better else "muted"), line, place, right)


def iou(dice: float | None) -> float | None:
    """IoU of one class from its Dice on the same pixels: the two are one number in two scales."""
    return None if dice is None else dice / (2 - dice)
