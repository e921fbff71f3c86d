"""What is asked before masks are written for another program, and before those of one are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QPushButton,
    QWidget,
)

from segstudio.core.document import Document
from segstudio.errors import UserError
from segstudio.io.masks.exports.table import EXPORTS, ExportFormat
from segstudio.io.masks.importing import format_of
from segstudio.io.masks.imports.table import IMPORTS
from segstudio.io.reading import guard
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.basics import row as row_of
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.ui.dialogs.dicom_identity import IdentityDialog

BEST = {"patient": "seg-nrrd", "map": "geotiff"}
"""The format that is offered first, by the frame of the images' grids."""


DEIDENTIFIED = "dicom-seg-deidentified"


class ExportDialog(QDialog):
    """Which format; those that the project's images cannot be written in are grey and say why."""

    chosen = Signal(object, str)
    """The folder (Path) to write into, and the id of the format."""
    failed = Signal(object)
    """A UserError: the image's file could not be read."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(tr("Export masks"))
        self.setMinimumWidth(460)
        document = session.document
        assert document is not None
        self.refusals = {row.id: refusal(row, document) for row in EXPORTS}
        self.formats = QComboBox()
        for row in EXPORTS:
            self.formats.addItem(row.title, row.id)
        model = self.formats.model()
        assert isinstance(model, QStandardItemModel)
        for place, row in enumerate(EXPORTS):
            if why := self.refusals[row.id]:
                item = model.item(place)
                item.setEnabled(False)
                item.setToolTip(why)
        self.formats.setCurrentIndex(self.formats.findData(first_choice(document, self.refusals)))
        self.note = label("", "muted", wrap=True)
        self.removed = QPushButton(tr("What is removed…"))
        self.removed.clicked.connect(self.show_removed)
        kept = self.removed.sizePolicy()
        kept.setRetainSizeWhenHidden(True)  # the dialog keeps its size whatever is chosen
        self.removed.setSizePolicy(kept)
        self.note.setMinimumHeight(4 * self.fontMetrics().lineSpacing())
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.formats.currentIndexChanged.connect(self._tell)
        self._tell()
        self.buttons = _buttons(self, tr("Choose folder…"))
        form = QFormLayout()
        form.addRow(tr("Format"), self.formats)
        top = QWidget()
        top.setLayout(form)
        form.setContentsMargins(0, 0, 0, 0)
        self.setLayout(column(top, self.note, row_of(self.removed, 0), self.buttons, margins=(18, 16, 18, 14), gap=14))

    def _tell(self) -> None:
        row = EXPORTS[self.formats.currentIndex()]
        known = tr("The masks of all images of the project, annotation over prediction.")
        self.note.setText(f"{known} {tr('Not kept')}: {row.loses}." if row.loses else known)
        self.removed.setVisible(row.id == DEIDENTIFIED)

    def show_removed(self) -> IdentityDialog | None:
        """What the shown image, or the first, says of its patient."""
        from segstudio.io.dicom.deidentify import preview
        from segstudio.ui.dialogs.dicom_identity import IdentityDialog

        session = self._session
        assert session.project is not None
        entry = session.image or next(iter(session.project.document.images.values()))
        try:
            with guard(Path(entry.name)):
                rows = preview(session.project.path_of(entry))
        except UserError as error:
            self.failed.emit(error)
            return None
        dialog = IdentityDialog(self, entry.name, rows)
        dialog.open()
        return dialog

    def accept(self) -> None:
        super().accept()
        if folder := QFileDialog.getExistingDirectory(self.parentWidget(), tr("Export masks into")):
            self.chosen.emit(Path(folder), str(self.formats.currentData()))


class ImportDialog(QDialog):
    """What a file is, for which images, and into which layer."""

    chosen = Signal(object, str, object, str)
    """The file or folder (Path), the id of the format, the ids of the images, and the name of a new layer or ""."""

    def __init__(self, parent: QWidget, session: Session, path: Path) -> None:
        super().__init__(parent)
        self._path = path
        self.setWindowTitle(tr("Import masks"))
        self.setMinimumWidth(460)
        document, image = session.document, session.image
        assert document is not None
        self.formats, self.images, self.layer = QComboBox(), QComboBox(), QLineEdit()
        for row in IMPORTS:
            self.formats.addItem(row.title, row.id)
        try:
            self.formats.setCurrentIndex(self.formats.findData(format_of(path)))
        except UserError:
            self.formats.setCurrentIndex(0)
        if image is not None:
            self.images.addItem(tr("The shown image") + f" ({image.name})", [image.id])
        if image is None or len(document.images) > 1:
            self.images.addItem(tr("All images, by name"), list(document.images))
        many = path.is_dir() or self.formats.currentData() == "coco"
        self.images.setCurrentIndex(self.images.count() - 1 if many else 0)
        self.layer.setPlaceholderText(tr("the active layer; give a name for a new one"))
        self.buttons = _buttons(self, tr("Import"))
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        name = label(path.name)
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for title, field in (("File", name), ("Format", self.formats), ("For", self.images), ("Into", self.layer)):
            form.addRow(tr(title), field)
        top = QWidget()
        top.setLayout(form)
        told = tr("Classes are found by name, and added where they are missing. One undo takes it back.")
        note = label(told, "muted", wrap=True)
        self.setLayout(column(top, note, self.buttons, margins=(18, 16, 18, 14), gap=14))

    def accept(self) -> None:
        super().accept()
        form, images = str(self.formats.currentData()), list(self.images.currentData())
        self.chosen.emit(self._path, form, images, self.layer.text().strip())


def refusal(row: ExportFormat, document: Document) -> str:
    """Why the project cannot be written in a format: what its first image that does not fit lacks."""
    place = {"patient": tr("in a patient"), "map": tr("on a map")}.get(row.frame, "")
    for entry in document.images.values():
        if not row.fits(entry.info):
            return f"“{entry.name}” {tr('does not say where it lies')} {place}."
        if row.id.startswith(("dicom-seg", "rtstruct")) and not entry.info.format.startswith("DICOM"):
            return f"“{entry.name}” {tr('is no DICOM image.')}"
    return ""


def first_choice(document: Document, refusals: dict[str, str]) -> str:
    """The format that keeps most of what the images say of themselves."""
    frames = {entry.info.grid.frame for entry in document.images.values() if entry.info.grid is not None}
    wanted = next((BEST[frame] for frame in frames), "png")
    return wanted if not refusals[wanted] else "png"


def choose_masks(parent: QWidget) -> Path | None:
    """A file of masks."""
    kinds = " ".join(sorted({f"*{suffix}" for row in IMPORTS for suffix in row.suffixes}))
    name, _ = QFileDialog.getOpenFileName(parent, tr("Import masks"), "", f"{tr('Masks')} ({kinds});;{tr('All')} (*)")
    return Path(name) if name else None


def choose_folder(parent: QWidget) -> Path | None:
    """A folder with a file of masks for each image."""
    name = QFileDialog.getExistingDirectory(parent, tr("Import masks from a folder"))
    return Path(name) if name else None


def _buttons(dialog: QDialog, accept: str) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    buttons.button(QDialogButtonBox.StandardButton.Ok).setText(accept)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    return buttons
