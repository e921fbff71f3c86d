"""Which of the DICOM series of a folder are opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QWidget

from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.io.dicom.folder import Series

ROWS = 12
"""Series that are seen without scrolling."""


class SeriesDialog(QDialog):
    """A row for each series with a check; `take` gets the first file of each that is checked."""

    def __init__(self, parent: QWidget, series: Sequence[Series], take: Callable[[list[Path]], object]) -> None:
        super().__init__(parent)
        self._take = take
        self.setWindowTitle(tr("Open series"))
        self.setMinimumWidth(520)
        told = label(tr("This folder holds {count} series. Which are opened?").format(count=len(series)), wrap=True)
        self.list = QListWidget()
        self.list.setAlternatingRowColors(False)
        for one in series:
            slices = tr("{count} slices").format(count=one.files) if one.files > 1 else tr("one file")
            item = QListWidgetItem(f"{one.title}  ·  {slices}")
            item.setData(Qt.ItemDataRole.UserRole, str(one.first))
            item.setCheckState(Qt.CheckState.Checked)
            self.list.addItem(item)
        self.list.setFixedHeight((self.list.sizeHintForRow(0) + 2) * min(ROWS, max(3, len(series))) + 8)
        self.list.itemChanged.connect(lambda _: self._settle())
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Ok | kinds.Cancel)
        self.buttons.button(kinds.Ok).setText(tr("Open"))
        self.every = self.buttons.addButton(tr("None"), QDialogButtonBox.ButtonRole.ResetRole)
        self.every.clicked.connect(self._all_or_none)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.setLayout(column(told, self.list, self.buttons, margins=(18, 16, 18, 14), gap=12))

    @property
    def chosen(self) -> list[Path]:
        """The first files of the checked series."""
        items = [self.list.item(row) for row in range(self.list.count())]
        return [Path(i.data(Qt.ItemDataRole.UserRole)) for i in items if i.checkState() == Qt.CheckState.Checked]

    def accept(self) -> None:
        super().accept()
        self._take(self.chosen)

    def _all_or_none(self) -> None:
        state = Qt.CheckState.Unchecked if self.chosen else Qt.CheckState.Checked
        for row in range(self.list.count()):
            self.list.item(row).setCheckState(state)

    def _settle(self) -> None:
        self.every.setText(tr("None") if self.chosen else tr("All"))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(self.chosen))
