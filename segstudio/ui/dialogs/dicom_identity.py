"""What a DICOM image says of its patient, and what becomes of it in an export without the patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.io.dicom.deidentify import Removed


class IdentityDialog(QDialog):
    """A table: the field, what the image holds, what the export will hold."""

    def __init__(self, parent: QWidget, name: str, rows: Sequence[Removed]) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("What is removed"))
        self.resize(680, 460)
        told = tr("What “{name}” says of the patient and the study. It is shown here only, and stored nowhere.")
        self.table = QTableWidget(len(rows), 3)
        self.table.setHorizontalHeaderLabels([tr("Field"), tr("In the image"), tr("In the export")])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for place, mode in enumerate(
            (QHeaderView.ResizeMode.ResizeToContents,) + (QHeaderView.ResizeMode.Stretch,) * 2
        ):
            header.setSectionResizeMode(place, mode)
        for number, row in enumerate(rows):
            for place, text in enumerate((row.field, row.before, row.after or tr("removed"))):
                self.table.setItem(number, place, QTableWidgetItem(text))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        note = label(told.format(name=name), "muted", wrap=True)
        self.setLayout(column(note, self.table, buttons, margins=(18, 16, 18, 14), gap=12))
