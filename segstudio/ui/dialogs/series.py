"""Which of the DICOM series of a folder are opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.io.dicom.folder import Series

FILE = Qt.ItemDataRole.UserRole
"""Where a line keeps the first file of its series."""


class SeriesDialog(QDialog):
    """A tree of patients and studies with a line for each series, its number of slices and its size; `take` gets the
    first file of each that is checked."""

    def __init__(self, parent: QWidget, series: Sequence[Series], take: Callable[[list[Path]], object]) -> None:
        super().__init__(parent)
        self._take = take
        self.setWindowTitle(tr("Open series"))
        self.resize(720, 460)
        told = label(tr("This folder holds {count} series. Which are opened?").format(count=len(series)), wrap=True)
        self.words = QLineEdit()
        self.words.setPlaceholderText(tr("Filter by patient, study or series"))
        self.words.setClearButtonEnabled(True)
        self.words.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([tr("Series"), tr("Slices"), tr("Size")])
        self.tree.setUniformRowHeights(True)
        self._lines = [self._line(one) for one in series]
        self.items = [item for item, _, _ in self._lines]
        self.tree.expandAll()
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.itemChanged.connect(lambda *_: self._settle())
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        self.buttons.button(kinds.Ok).setText(tr("Open"))
        self.every = self.buttons.addButton(tr("None"), QDialogButtonBox.ButtonRole.ResetRole)
        self.every.clicked.connect(self._all_or_none)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.setLayout(column(told, self.words, self.tree, self.buttons, margins=(18, 16, 18, 14), gap=12))

    @property
    def chosen(self) -> list[Path]:
        """The first files of the checked series."""
        return [Path(i.data(0, FILE)) for i in self.items if i.checkState(0) == Qt.CheckState.Checked]

    def _line(self, one: Series) -> tuple[QTreeWidgetItem, QTreeWidgetItem, QTreeWidgetItem]:
        """A series below its study and its patient, and these; those that are not named share a line."""
        patient = self._group(self.tree.invisibleRootItem(), one.patient or tr("Unnamed patient"))
        study = self._group(patient, one.study or tr("Study"))
        slices, rows, columns = one.size
        item = QTreeWidgetItem(study, [one.title, f"{slices}", f"{columns} × {rows}" if rows else ""])
        item.setData(0, FILE, str(one.first))
        item.setCheckState(0, Qt.CheckState.Checked)
        return item, study, patient

    def _group(self, parent: QTreeWidgetItem, name: str) -> QTreeWidgetItem:
        known = [item for place in range(parent.childCount()) if (item := parent.child(place)) is not None]
        found = next((item for item in known if item.text(0) == name and not item.data(0, FILE)), None)
        return found or QTreeWidgetItem(parent, [name])

    def _filter(self, words: str) -> None:
        """Show the lines that hold all the words, in their own text or in that of their study or patient."""
        wanted = words.casefold().split()
        groups = [group for _, study, patient in self._lines for group in (study, patient)]
        for group in groups:
            group.setHidden(True)
        for item, study, patient in self._lines:
            text = " ".join(one.text(0) for one in (item, study, patient)).casefold()
            shown = all(word in text for word in wanted)
            item.setHidden(not shown)
            for group in (study, patient) if shown else ():
                group.setHidden(False)

    def accept(self) -> None:
        super().accept()
        self._take(self.chosen)

    def _all_or_none(self) -> None:
        """Check the lines that are seen, or uncheck them where some are checked."""
        seen = [item for item in self.items if not item.isHidden()]
        some = any(item.checkState(0) == Qt.CheckState.Checked for item in seen)
        for item in seen:
            item.setCheckState(0, Qt.CheckState.Unchecked if some else Qt.CheckState.Checked)

    def _settle(self) -> None:
        self.every.setText(tr("None") if self.chosen else tr("All"))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(self.chosen))
