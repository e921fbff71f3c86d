"""What a class is, in the coded words of anatomy and tissue that DICOM knows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QListWidget, QListWidgetItem, QWidget

from segstudio.io.dicom.codes import search
from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.words import tr

SHOWN = 200
"""Codes that are listed at a time; more words find fewer."""


class CodeDialog(QDialog):
    """A field to search in and the codes that are found, the first line for none."""

    chosen = Signal(str)
    """The code as core.classes keeps it, "" for none."""

    def __init__(self, parent: QWidget, name: str, code: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What is “{name}”?").format(name=name))
        self.resize(520, 420)
        told = label(tr("DICOM segmentations carry this code: other programs see what was segmented."), "muted",
                     wrap=True)  # fmt: skip
        self.words = QLineEdit()
        self.words.setPlaceholderText(tr("Search anatomy and tissue: liver, lung nodule…"))
        self.words.setClearButtonEnabled(True)
        self.list = QListWidget()
        kinds = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._code = code
        self.words.textChanged.connect(lambda _: self._fill())
        self.list.itemDoubleClicked.connect(lambda _: self.accept())
        self.setLayout(column(told, self.words, self.list, buttons, margins=(18, 16, 18, 14), gap=10))
        self.words.setText(code.split("^")[-1] or name)
        self.words.selectAll()
        self._fill()

    def accept(self) -> None:
        super().accept()
        item = self.list.currentItem()
        if item is not None:
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))

    def _fill(self) -> None:
        self.list.clear()
        self._add(tr("Nothing in particular (tissue)"), "")
        for one in search(self.words.text())[:SHOWN]:
            self._add(f"{one.meaning}   ({one.scheme} {one.value})", one.text)
        found = [row for row in range(self.list.count()) if self._at(row) == self._code]
        self.list.setCurrentRow(found[0] if found else min(1, self.list.count() - 1))

    def _add(self, text: str, code: str) -> None:
        item = QListWidgetItem(text)
        item.setData(Qt.ItemDataRole.UserRole, code)
        self.list.addItem(item)

    def _at(self, row: int) -> str:
        return str(self.list.item(row).data(Qt.ItemDataRole.UserRole))
