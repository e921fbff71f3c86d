"""What opens a dialog, each imported when it is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segstudio.ui.shell.window import MainWindow


def open_settings(window: MainWindow) -> None:
    from segstudio.ui.dialogs import settings as settings_dialog

    settings_dialog.open_settings(window)


def open_plugins(window: MainWindow) -> None:
    from segstudio.ui.dialogs import plugins as plugins_dialog

    plugins_dialog.open_plugins(window)


def open_export(window: MainWindow) -> None:
    from segstudio.ui.dialogs import mask_exchange as transfer_dialogs

    transfer_dialogs.open_export(window)


def open_import(window: MainWindow) -> None:
    from segstudio.ui.dialogs import mask_exchange as transfer_dialogs

    transfer_dialogs.open_import(window)


def open_import_folder(window: MainWindow) -> None:
    from segstudio.ui.dialogs import mask_exchange as transfer_dialogs

    transfer_dialogs.open_import_folder(window)


def open_new_model(window: MainWindow) -> None:
    from segstudio.ui.dialogs import settings as settings_dialog

    settings_dialog.open_new_model(window)
