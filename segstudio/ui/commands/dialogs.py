"""What opens a dialog and acts on what was chosen in it; each is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from segstudio.core.document import ImageEntry
    from segstudio.ui.desk import Desk
    from segstudio.ui.dialogs.class_code import CodeDialog
    from segstudio.ui.dialogs.mask_exchange import ExportDialog, ImportDialog
    from segstudio.ui.dialogs.plugins import PluginsDialog
    from segstudio.ui.dialogs.settings import SettingsDialog


def open_settings(desk: Desk) -> SettingsDialog:
    from segstudio.ui.dialogs.settings import SettingsDialog

    dialog = desk.open_dialog(lambda parent: SettingsDialog(parent, desk.session))
    dialog.restyled.connect(desk.apply_theme)
    return dialog


def find_image(desk: Desk, entry: ImageEntry | None) -> None:
    """Ask where the file of an image is, or (None) in which folder all that are missing are, and look there."""
    from segstudio.ui.dialogs import files

    place = desk.ask(files.choose_missing if entry is None else lambda parent: files.choose_file_of(parent, entry.name))
    if place is not None:
        desk.studio.lost.find(place, entry)


def open_new_model(desk: Desk) -> SettingsDialog:
    """Choose a network and what it starts from."""
    from segstudio.ui.dialogs.settings import NEW_MODEL, SettingsDialog

    dialog = desk.open_dialog(lambda parent: SettingsDialog(parent, desk.session, *NEW_MODEL))
    dialog.accepted.connect(lambda: desk.studio.training.new_model())
    return dialog


def open_plugins(desk: Desk) -> PluginsDialog:
    from segstudio.ui.dialogs.plugins import PluginsDialog

    dialog = desk.open_dialog(PluginsDialog)
    dialog.failed.connect(desk.notices.show_problem)
    dialog.said.connect(desk.say)
    return dialog


def open_export(desk: Desk) -> ExportDialog:
    from segstudio.ui.dialogs.mask_exchange import ExportDialog

    dialog = desk.open_dialog(lambda parent: ExportDialog(parent, desk.session))
    dialog.chosen.connect(lambda folder, form: desk.studio.transfer.write(folder, form))
    dialog.failed.connect(desk.notices.show_problem)
    return dialog


def open_import(desk: Desk) -> ImportDialog | None:
    """Choose a file, then how it is read."""
    from segstudio.ui.dialogs.mask_exchange import choose_masks

    return _import(desk, choose_masks)


def open_import_folder(desk: Desk) -> ImportDialog | None:
    """Choose a folder with a file for each image, then how it is read."""
    from segstudio.ui.dialogs.mask_exchange import choose_folder

    return _import(desk, choose_folder)


def ask_import(desk: Desk, path: Path) -> ImportDialog:
    """Ask how a file or folder of masks is read."""
    from segstudio.ui.dialogs.mask_exchange import ImportDialog

    dialog = desk.open_dialog(lambda parent: ImportDialog(parent, desk.session, path))
    dialog.chosen.connect(lambda *request: desk.studio.transfer.read(*request))
    return dialog


def _import(desk: Desk, choose: Callable[[QWidget], Path | None]) -> ImportDialog | None:
    path = desk.ask(choose)
    return ask_import(desk, path) if path else None


def open_code(desk: Desk) -> CodeDialog | None:
    """Choose what the active class is, in coded words."""
    from segstudio.ui.dialogs.class_code import CodeDialog

    document, entry = desk.session.document, desk.session.classes.get(desk.session.active_class)
    if document is None or entry is None:
        return None

    def change(code: str) -> None:
        document.change_classes(f"Code “{entry.name}”", lambda classes: classes.change(entry.id, code=code))

    dialog = desk.open_dialog(lambda parent: CodeDialog(parent, entry.name, entry.code))
    dialog.chosen.connect(change)
    return dialog
