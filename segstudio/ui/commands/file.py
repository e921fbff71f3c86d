"""Commands of the File menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ui.commands.base import Command, can_edit, has_document
from segstudio.ui.commands.dialogs import open_export, open_import, open_import_folder
from segstudio.ui.dialogs import files

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk


def open_images(desk: Desk) -> None:
    if paths := desk.ask(files.choose_images):
        desk.studio.open_paths(paths)


def open_folder(desk: Desk) -> None:
    if folder := desk.ask(files.choose_folder):
        desk.studio.open_paths([folder])


def combine_images(desk: Desk) -> None:
    if paths := desk.ask(files.choose_channels):
        desk.studio.combine(paths)


def open_project(desk: Desk) -> None:
    if folder := desk.ask(files.choose_project):
        desk.studio.open_project(folder)


def save_copy(desk: Desk) -> None:
    if folder := desk.ask(files.choose_copy):
        desk.studio.save_copy(folder)


FILE = (
    Command("images.open", "File", "Open images…", open_images, "Ctrl+O", tip="Add images to the project",
            icon="image"),
    Command("folder.open", "File", "Open folder…", open_folder, "Ctrl+Shift+O", tip="Add all images of a folder",
            icon="folder"),
    Command("images.combine", "File", "Open as channels of one image…", combine_images, "",
            tip="Co-registered files, such as T1, T2 and FLAIR, or colour and infrared", icon="layers"),
    Command("project.new", "File", "New project", lambda desk: desk.studio.new_project(), "Ctrl+N", icon="new",
            part=1),
    Command("project.open", "File", "Open project…", open_project, "Ctrl+Alt+O", icon="project", part=1),
    Command("sample.open", "File", "Open sample project", lambda desk: desk.studio.open_sample(), icon="sample",
            part=1),
    Command("project.copy", "File", "Save a copy…", save_copy, "Ctrl+Shift+S", has_document,
            "The project itself is stored all the time", "copy", part=2),
    Command("masks.export", "File", "Export masks…", open_export, "Ctrl+E", has_document,
            "For other programs: PNG, TIFF, GeoTIFF, NIfTI, DICOM SEG, COCO…", "export", part=2),
    Command("masks.import", "File", "Import masks…", open_import, "Ctrl+I", can_edit,
            "What another program made, into the active layer or a new one", "open", part=2),
    Command("masks.import-folder", "File", "Import masks from a folder…", open_import_folder, "", can_edit,
            "A file for each image, found by its name", "open", part=2),
    Command("app.quit", "File", "Quit", lambda desk: desk.close(), "Ctrl+Q", icon="quit", part=3),
)  # fmt: skip
