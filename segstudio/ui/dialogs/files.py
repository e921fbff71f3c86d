"""The few dialogs there are: choosing files and folders, and who made this."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMessageBox

from segstudio import __version__
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.ui.shell.window import MainWindow

NOT_FOR_DIAGNOSIS = "Research and annotation tool. Not for diagnosis or treatment."


def open_images(window: MainWindow) -> None:
    names, _ = QFileDialog.getOpenFileNames(window, tr("Open images"), "", _image_filter())
    if names:
        window.actions.open_files([Path(name) for name in names])


def open_folder(window: MainWindow) -> None:
    if folder := QFileDialog.getExistingDirectory(window, tr("Open folder of images")):
        window.actions.open_folder(Path(folder))


def combine_images(window: MainWindow) -> None:
    names, _ = QFileDialog.getOpenFileNames(window, tr("Open as channels of one image"), "", _image_filter())
    if names:
        window.actions.combine_images([Path(name) for name in names])


def open_project(window: MainWindow) -> None:
    if folder := QFileDialog.getExistingDirectory(window, tr("Open project (its folder)")):
        window.actions.open_project(Path(folder))


def save_copy(window: MainWindow) -> None:
    name, _ = QFileDialog.getSaveFileName(window, tr("Save a copy of the project (a new folder)"))
    if name:
        window.actions.save_copy(Path(name))


def export_model(window: MainWindow) -> None:
    name, _ = QFileDialog.getSaveFileName(window, tr("Export the model as ONNX"), "model.onnx", "ONNX (*.onnx)")
    if name:
        window.actions.export_model(Path(name))


def about(window: MainWindow) -> None:
    box = QMessageBox(window)
    box.setWindowTitle(tr("About SegStudio"))
    box.setText(f"SegStudio {__version__}")
    box.setInformativeText(
        tr("Correct a mask once; the model learns it while you go on.") + "\n\n" + tr(NOT_FOR_DIAGNOSIS)
    )
    box.open()


def _image_filter() -> str:
    from segstudio.io.formats import SUFFIXES

    patterns = " ".join(f"*{suffix}" for suffix in SUFFIXES)
    return f"{tr('Images')} ({patterns});;{tr('All files')} (*)"
