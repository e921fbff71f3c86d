"""Classes: all of the project, one row each."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from segstudio.ui.panels.class_row import ClassRow
from segstudio.ui.panels.rows import ICONS, Chip, Row, key_cap
from segstudio.ui.project.table_changes import add_class
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.basics import clear, column, label, row, small_button
from segstudio.ui.widgets.words import tr


class ClassesPanel(QWidget):
    """All classes of the project, the background first, “unsure” last."""

    in_use = Signal(str, int)
    """Why a class cannot be removed, and its id."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.rows: dict[int, ClassRow] = {}
        self.add_button = small_button("add", tr("Add class"), self.add_class)
        self._list = QVBoxLayout()
        self._list.setSpacing(1)
        self.unsure = self._unsure_row()
        self._empty = label(tr("Classes appear with the first image."), "muted", wrap=True)
        self._empty.setContentsMargins(8, 4, 8, 4)
        body = QWidget()
        body.setObjectName("body")
        body.setLayout(column(self._empty, self._list, self.unsure, 0, margins=(6, 0, 6, 6), gap=1))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        self.setLayout(column(area, gap=0))
        session.classes_changed.connect(self.refresh)
        session.document_changed.connect(self.refresh)
        session.class_changed.connect(lambda _: self._mark())
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(280, 170)

    def refresh(self) -> None:
        """Follow the class table; rows are made anew only when classes come or go."""
        document = self._session.document
        entries = list(document.classes) if document else []
        if [entry.id for entry in entries] != list(self.rows):
            clear(self._list)
            self.rows = {}
            for place, entry in enumerate(entries):
                self.rows[entry.id] = ClassRow(self._session, entry, place)
                self.rows[entry.id].in_use.connect(self.in_use)
                self._list.addWidget(self.rows[entry.id])
                self.rows[entry.id].show()
        for entry in entries:
            self.rows[entry.id].show_entry(entry)
        self._empty.setVisible(not entries)
        self.unsure.setVisible(bool(entries))
        self.add_button.setEnabled(document is not None and not self._session.read_only)
        self._mark()

    def add_class(self) -> None:
        """Append a class, make it the active one and let its name be typed."""
        if (made := add_class(self._session)) is not None:
            self.point_at(made)

    def point_at(self, item: str | int) -> None:
        """Let the name of a class be typed, given by its id."""
        if item in self.rows:
            self.rows[int(item)].name.edit()

    def remove_active(self) -> None:
        """Remove the class that is painted with."""
        if (line := self.rows.get(self._session.active_class)) is not None:
            line.remove()

    def ask_merge(self, class_id: int) -> None:
        """Let the user choose which class takes the pixels of this one."""
        if (line := self.rows.get(class_id)) is not None and not self._session.read_only:
            line.ask_merge()

    def _mark(self) -> None:
        session = self._session
        for class_id, line in self.rows.items():
            line.set_active(class_id == session.active_class and not session.unsure)
        self.unsure.set_active(session.unsure)

    def _unsure_row(self) -> Row:
        made, chip = Row(), Chip()
        chip.show_color("", hatched=True)
        made.setToolTip(tr("Pixels that training leaves out"))
        made.setLayout(row(chip, 4, label(tr("Unsure")), 0, key_cap("U"), ICONS, margins=(8, 5, 4, 5), gap=4))
        made.chosen.connect(self._session.choose_unsure)
        return made
