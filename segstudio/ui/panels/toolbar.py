"""The bar at the top and the tools at the left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QPushButton, QSizePolicy, QToolBar, QToolButton, QWidget

from segstudio.ui import icons
from segstudio.ui.commands import COMMANDS, TOOL_BAR, TOOL_COLUMN
from segstudio.ui.widgets import label, row
from segstudio.ui.words import tr

if TYPE_CHECKING:
    from segstudio.ui.window import MainWindow


class SearchBox(QPushButton):
    """Looks like a field, opens the command search."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.setObjectName("commandSearch")
        self.setFixedWidth(320)
        self.setMinimumHeight(18)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setText("  " + tr("Search commands"))
        icons.set_icon(self, "search")
        self.setIconSize(QSize(15, 15))
        self.setLayout(row(0, label(key, "faint"), margins=(0, 0, 10, 0)))


ICONS = {command.id: command.icon for command in COMMANDS}


def build_tool_bar(window: MainWindow, actions: dict[str, QAction]) -> QToolBar:
    """The slim bar at the top, with the way to the command search."""
    bar = _bar(window, "main", tr("Tool bar"), Qt.ToolBarArea.TopToolBarArea, TOOL_BAR, actions, 18)
    for name in ("images.open", "model.predict", "model.train"):
        button = bar.widgetForAction(actions[name])
        if isinstance(button, QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.addWidget(_space())
    shortcut = actions["commands.search"].shortcut()
    search = SearchBox(shortcut.toString(QKeySequence.SequenceFormat.NativeText))
    search.clicked.connect(window.search_commands)
    bar.addWidget(search)
    bar.addWidget(_space())
    return bar


def build_tool_column(window: MainWindow, actions: dict[str, QAction]) -> QToolBar:
    """The tools at the left."""
    return _bar(window, "tools", tr("Tools"), Qt.ToolBarArea.LeftToolBarArea, TOOL_COLUMN, actions, 20)


def _bar(
    window: MainWindow, name: str, title: str, area: Qt.ToolBarArea, ids: tuple[str, ...],
    actions: dict[str, QAction], size: int,
) -> QToolBar:  # fmt: skip
    bar = QToolBar(title, window)
    bar.setObjectName(name)
    bar.setMovable(False)
    bar.setIconSize(QSize(size, size))
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    for id_ in ids:
        if id_:
            icons.set_icon(actions[id_], ICONS[id_])  # menus show none, so only these are drawn at start
            bar.addAction(actions[id_])
        else:
            bar.addSeparator()
    window.addToolBar(area, bar)
    return bar


def _space() -> QWidget:
    made = QWidget()
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return made
