"""Actions and menus, built from the table of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from segstudio.ui.commands.base import Command, keys_of
from segstudio.ui.commands.table import COMMANDS, INSIDE, MENUS
from segstudio.ui.widgets import icons
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk


def build_actions(
    window: QMainWindow, run: Callable[[Command], object], keys: dict[str, str]
) -> dict[str, QAction]:  # fmt: skip
    """An action for each command, by id, that has it `run`; `keys` holds the user's own shortcuts."""
    actions = {}
    for command in COMMANDS:
        action = QAction(tr(command.text), window)
        action.setObjectName(command.id)
        sequences = [QKeySequence(key) for key in keys_of(command, keys)]
        action.setShortcuts(sequences)
        action.setToolTip(tool_tip(command, sequences))
        action.setCheckable(command.checked is not None)
        action.setAutoRepeat(not command.held)
        action.setIconVisibleInMenu(False)
        action.triggered.connect(lambda _=False, command=command: run(command))
        window.addAction(action)
        actions[command.id] = action
    return actions


def keep_to_canvas(window: QMainWindow, views: QWidget, actions: dict[str, QAction]) -> None:
    """Let the keys of some commands act only while the focus is in the views."""
    for command in COMMANDS:
        if command.canvas:
            action = actions[command.id]
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            window.removeAction(action)
            views.addAction(action)


def tool_tip(command: Command, sequences: list[QKeySequence]) -> str:
    """What it is, its key, and in a second line what it does."""
    key = sequences[0].toString(QKeySequence.SequenceFormat.NativeText) if sequences else ""
    head = tr(command.text) + (f"  ({key})" if key else "")
    return f"{head}\n{tr(command.tip)}" if command.tip else head


def build_menus(window: QMainWindow, actions: dict[str, QAction]) -> dict[str, QMenu]:
    """Fill the menu bar; a line is drawn between the parts of a menu."""
    menus: dict[str, QMenu] = {}
    for name in MENUS:
        outer = INSIDE.get(name)
        menu = menus[outer].addMenu(tr(name)) if outer else window.menuBar().addMenu(tr(name))
        menu.setToolTipsVisible(False)
        part = 0
        for command in sorted((c for c in COMMANDS if c.menu == name), key=lambda c: c.part):
            if command.part != part:
                menu.addSeparator()
                part = command.part
            menu.addAction(actions[command.id])
        menus[name] = menu
    return menus


def follow(desk: Desk, actions: dict[str, QAction]) -> None:
    """Enable and tick every command after the state of the program."""
    for command in COMMANDS:
        action = actions[command.id]
        action.setEnabled(command.enabled(desk))
        if command.checked is not None:
            action.setChecked(command.checked(desk))
    training, train = desk.training.phase == "training", actions["model.train"]
    if train.property(icons.NAME) != ("pause" if training else "train"):
        icons.set_icon(train, "pause" if training else "train")
    train.setIconText(tr("Pause") if training else tr("Train"))
