"""A panel to choose something from a table, set its options, see it live and apply it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QCheckBox, QComboBox, QLayout, QPushButton, QScrollArea, QWidget

from segstudio.core.parameters import Parameter
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.basics import column, label, row
from segstudio.ui.widgets.form import Form, Value
from segstudio.ui.widgets.words import tr

SETTLE = 120
"""Milliseconds without a change before a preview is asked for."""


class TableRow(Protocol):
    """What can be chosen."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def summary(self) -> str: ...
    def parameters(self) -> list[Parameter]: ...


class MethodPanel(QWidget):
    """Family, method, its form and a live preview; what a subclass adds stands below."""

    def __init__(
        self, session: Session, rows: Mapping[str, TableRow], tip: str, extra: Sequence[QWidget | QLayout | int]
    ) -> None:
        super().__init__()
        self._session, self._rows, self._extra = session, rows, extra
        self._kept: dict[str, dict[str, Value]] = {}  # values by method, so that going back and forth loses nothing
        self.family, self.method, self.form = QComboBox(), QComboBox(), Form()
        for family in dict.fromkeys(method.family for method in rows.values()):
            self.family.addItem(tr(family), family)
        for chooser in (self.family, self.method):  # they may become narrower than their longest word
            chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            chooser.setMinimumContentsLength(7)
        self.summary = label("", "muted", wrap=True)
        self.live = QCheckBox(tr("Live preview"))
        self.live.setChecked(True)
        self.apply, self.discard = QPushButton(tr("Apply")), QPushButton(tr("Discard"))
        self.apply.setProperty("primary", True)
        self.apply.setToolTip(tip)
        self.discard.setToolTip(tr("Take the preview away (Esc)"))
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

    def choose(self, method_id: str) -> None:
        """Choose a method by its id."""
        self.family.setCurrentIndex(self.family.findData(self._rows[method_id].family))
        self.method.setCurrentIndex(self.method.findData(method_id))

    def point_at(self, item: str | int) -> None:
        """Choose a method by its id and show at once what it does; "": show the chosen one, if previews are wanted."""
        if item:
            self.choose(str(item))
            self.ask(preview=True)
        elif self.live.isChecked():
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
        parts = column(chooser, self.summary, self.form, 2, self.live, *self._extra, 0, margins=(10, 4, 10, 8), gap=7)
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
        self.discard.clicked.connect(self._session.proposals.discard)
        self._session.image_changed.connect(self._on_image)
        self._session.proposal_changed.connect(self.refresh)

    def _choose_family(self) -> None:
        self.method.blockSignals(True)
        self.method.clear()
        for method in self._rows.values():
            if method.family == self.family.currentData():
                self.method.addItem(tr(method.title), method.id)
        self.method.blockSignals(False)
        self._choose_method()

    def _choose_method(self) -> None:
        method = self._rows[self.method_id]
        self.summary.setText(tr(method.summary))
        self.form.show_parameters(self.parameters(), self._kept.get(method.id))
        self.refresh()

    def _on_change(self, values: dict[str, Value]) -> None:
        self._kept[self.method_id] = values
        self._settle()

    def _on_image(self) -> None:
        """Another image has other grey values: forms in the image's own units start anew."""
        self._kept.clear()
        self._timer.stop()
        self._choose_method()

    def _on_live(self, on: bool) -> None:
        if on:
            self._preview()
        else:
            self._session.proposals.discard()

    def _settle(self) -> None:
        """Ask for a preview when the hand rests, and only while the panel can be seen."""
        if self.live.isChecked() and self.isVisible() and self.apply.isEnabled():
            self._timer.start()

    def _preview(self) -> None:
        if self.apply.isEnabled() and self.isVisible():
            self.ask(preview=True)

    def _apply(self) -> None:
        self._timer.stop()
        if why := self._session.why_not_editable():
            self._session.blocked.emit(why)
            return
        self.ask(preview=False)

    # what a subclass says

    def parameters(self) -> list[Parameter]:
        """The options of the chosen method."""
        return self._rows[self.method_id].parameters()

    def ask(self, *, preview: bool) -> None:
        """Have the chosen method run, as a preview or to be applied."""
        raise NotImplementedError
