"""The few dialogs there are: choosing files and folders, and who made this."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from segstudio import __version__
from segstudio.ui.widgets.words import tr

NOT_FOR_DIAGNOSIS = "Research and annotation tool. Not for diagnosis or treatment."


def choose_images(parent: QWidget) -> list[Path]:
    return _images(parent, tr("Open images"))


def choose_channels(parent: QWidget) -> list[Path]:
    return _images(parent, tr("Open as channels of one image"))


def choose_folder(parent: QWidget) -> Path | None:
    return _path(QFileDialog.getExistingDirectory(parent, tr("Open folder of images")))


def choose_project(parent: QWidget) -> Path | None:
    return _path(QFileDialog.getExistingDirectory(parent, tr("Open project (its folder)")))


def choose_missing(parent: QWidget) -> Path | None:
    """The folder in which images that are missing are looked for."""
    return _path(QFileDialog.getExistingDirectory(parent, tr("Folder where the missing images are")))


def choose_file_of(parent: QWidget, name: str) -> Path | None:
    """The file of an image that is not where it was."""
    title = tr("Find “{name}”").format(name=name)
    return _path(QFileDialog.getOpenFileName(parent, title, "", f"{name} ({name});;{tr('All files')} (*)")[0])


def choose_copy(parent: QWidget) -> Path | None:
    return _path(QFileDialog.getSaveFileName(parent, tr("Save a copy of the project (a new folder)"))[0])


def choose_onnx(parent: QWidget) -> Path | None:
    name, _ = QFileDialog.getSaveFileName(parent, tr("Export the model as ONNX"), "model.onnx", "ONNX (*.onnx)")
    return _path(name)


def about(parent: QWidget) -> QMessageBox:
    box = QMessageBox(parent)
    box.setWindowTitle(tr("About SegStudio"))
    box.setText(f"SegStudio {__version__}")
    box.setInformativeText(
        tr("Correct a mask once; the model learns it while you go on.") + "\n\n" + tr(NOT_FOR_DIAGNOSIS)
    )
    return box


def _images(parent: QWidget, title: str) -> list[Path]:
    from segstudio.io.formats import SUFFIXES

    patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
    names, _ = QFileDialog.getOpenFileNames(parent, title, "", f"{tr('Images')} ({patterns});;{tr('All files')} (*)")
    return [Path(name) for name in names]


def _path(name: str) -> Path | None:
    """None where the dialog was left without a choice."""
    return Path(name) if name else None
