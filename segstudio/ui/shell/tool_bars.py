"""The bar at the top and the tools at the left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QPushButton, QSizePolicy, QToolBar, QToolButton, QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.commands.table import COMMANDS, TOOL_BAR, TOOL_COLUMN
from segstudio.ui.widgets import icons
from segstudio.ui.widgets.basics import label, row, set_property
from segstudio.ui.widgets.words import tr


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


def build_tool_bar(window: QMainWindow, actions: dict[str, QAction], search: Callable[[], object]) -> QToolBar:
    """The slim bar at the top, with the way to the command search."""
    bar = QToolBar(tr("Tool bar"), window)
    _bar(window, bar, "main", Qt.ToolBarArea.TopToolBarArea, TOOL_BAR, actions, 18)
    for name in ("images.open", "model.predict", "model.train"):
        button = bar.widgetForAction(actions[name])
        if isinstance(button, QToolButton):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    bar.addWidget(_space())
    shortcut = actions["commands.search"].shortcut()
    box = SearchBox(shortcut.toString(QKeySequence.SequenceFormat.NativeText))
    box.clicked.connect(lambda: search())
    bar.addWidget(box)
    bar.addWidget(_space())
    return bar


class ToolColumn(QToolBar):
    """The tools at the left; on a low screen they move together rather than out of sight."""

    def __init__(self, title: str, window: QMainWindow) -> None:
        super().__init__(title, window)
        self._airy = 0

    @guarded
    def resizeEvent(self, event: QResizeEvent) -> None:
        if not self.property("tight"):
            self._airy = max(self._airy, self.sizeHint().height())
        tight = self.height() < self._airy
        if tight is not bool(self.property("tight")):
            for widget in (self, *self.findChildren(QToolButton)):
                set_property(widget, "tight", tight)
                widget.updateGeometry()
        super().resizeEvent(event)


def build_tool_column(window: QMainWindow, actions: dict[str, QAction]) -> QToolBar:
    """The tools at the left."""
    bar = ToolColumn(tr("Tools"), window)
    return _bar(window, bar, "tools", Qt.ToolBarArea.LeftToolBarArea, TOOL_COLUMN, actions, 20)


def _bar(
    window: QMainWindow, bar: QToolBar, name: str, area: Qt.ToolBarArea, ids: tuple[str, ...],
    actions: dict[str, QAction], size: int,
) -> QToolBar:  # fmt: skip
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
    if rest := bar.findChild(QToolButton, "qt_toolbar_ext_button"):  # Qt's arrow cannot be seen on a dark bar
        icons.set_icon(rest, "more")
    window.addToolBar(area, bar)
    return bar


def _space() -> QWidget:
    made = QWidget()
    made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    return made
