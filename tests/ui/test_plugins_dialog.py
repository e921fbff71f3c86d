"""Edit > Plugins…: install a folder after a warning, see it among the networks, remove it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from segstudio import plugins
from segstudio.ui.commands.dialogs import open_new_model, open_plugins
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.dialogs.plugins import PluginsDialog
from segstudio.ui.shell.window import MainWindow

EXAMPLE = Path(__file__).parents[2] / "plugins" / "attention_unet"


@pytest.fixture
def window(make_window: Callable[[], MainWindow], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MainWindow:
    monkeypatch.setenv("SEGSTUDIO_HOME", str(tmp_path))
    window = make_window()
    window.build_panels()
    return window


def click(dialog: PluginsDialog, button: object) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]


def test_a_plugin_is_installed_chosen_and_removed(window: MainWindow, tmp_path: Path) -> None:
    window.run(next(command for command in COMMANDS if command.id == "app.plugins"))
    dialog = window.findChild(PluginsDialog)
    assert dialog is not None
    assert dialog.empty.isVisible() and not dialog.drop.isEnabled()
    dialog.choose_folder, dialog.sure = lambda: str(EXAMPLE), lambda _: False
    click(dialog, dialog.add)
    assert not plugins.found()[0], "not without a yes"
    dialog.sure = lambda _: True
    click(dialog, dialog.add)
    assert dialog.list.count() == 1 and "Attention U-Net" in dialog.list.item(0).text() and dialog.list.isVisible()
    chooser = open_new_model(window)
    assert chooser.form.fields["network"].editor.findText("Attention U-Net") >= 0  # type: ignore[attr-defined]
    chooser.close()
    dialog.list.setCurrentRow(0)
    click(dialog, dialog.drop)
    assert dialog.empty.isVisible() and not plugins.found()[0]


def test_a_folder_that_is_no_plugin_is_told_and_installs_nothing(window: MainWindow, tmp_path: Path) -> None:
    dialog = open_plugins(window)
    dialog.choose_folder = lambda: str(tmp_path)
    dialog.install()
    assert "is no plugin" in window.notices.strips[-1].what and not plugins.found()[0]
