"""Command search: type a few letters of what you want to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QIcon, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QLineEdit, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.commands import base
from segstudio.ui.commands.base import Command, keys_of
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.widgets import icons, theme
from segstudio.ui.widgets.basics import label
from segstudio.ui.widgets.overlay_card import OverlayCard
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk

ROW = 34
ROLE = Qt.ItemDataRole.UserRole


def score(query: str, text: str) -> float | None:
    """How well `query` fits `text`: None if its letters do not occur in order, else larger is better.

    Letters that follow each other or begin a word count more.
    """
    query, text = query.lower().replace(" ", ""), text.lower()
    if not query:
        return 0.0
    total, at = 0.0, -1
    for letter in query:
        found = _best_place(text, letter, at)
        if found < 0:
            return None
        total += 3.0 if found == at + 1 and at >= 0 else 2.0 if found == 0 or text[found - 1] in " -" else 0.5
        at = found
    return total - 0.01 * len(text)


def _best_place(text: str, letter: str, after: int) -> int:
    """The next place of a letter: right behind the last one, else at the start of a word, else anywhere."""
    first = text.find(letter, after + 1)
    if first < 0 or first == after + 1:
        return first
    for place in range(first, len(text)):
        if text[place] == letter and (place == 0 or text[place - 1] in " -"):
            return place
    return first


def matching(query: str, commands: Iterable[Command] = COMMANDS) -> list[Command]:
    """The commands that fit, best first; all of them, in menu order, for an empty query."""
    scored = []
    for command in commands:
        by_name, by_rest = score(query, tr(command.text)), score(query, f"{command.menu} {command.text} {command.tip}")
        best = max((s for s in (by_name, by_rest and by_rest - 3) if s is not None), default=None)
        if best is not None and (by_name is not None or len(query) > 2):
            scored.append((best, command))
    return [command for _, command in sorted(scored, key=lambda pair: -pair[0])]


class CommandList(QAbstractListModel):
    """The commands that fit what was typed."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self.commands: list[Command] = list(COMMANDS)

    def search(self, query: str) -> None:
        self.beginResetModel()
        found = matching(query)
        usable = [command for command in found if command.enabled(self._desk)]
        self.commands = usable + [command for command in found if command not in usable]
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # type: ignore[override]
        return len(self.commands)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # type: ignore[override]
        command = self.commands[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return tr(command.text)
        return command if role == ROLE else None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:  # type: ignore[override]
        flags = Qt.ItemFlag.ItemIsSelectable
        if self.commands[index.row()].enabled(self._desk):
            flags |= Qt.ItemFlag.ItemIsEnabled
        return flags


class CommandPainter(QStyledItemDelegate):
    """One line: icon, text, menu, and the shortcut at the right."""

    def __init__(self, parent: QObject, keys: dict[str, str]) -> None:
        super().__init__(parent)
        self._keys = keys

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # type: ignore[override]
        return QSize(200, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # type: ignore[override]
        command: Command = index.data(ROLE)
        rect: QRect = option.rect.adjusted(6, 1, -6, -1)
        state = option.state
        usable = bool(state & QStyle.StateFlag.State_Enabled)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected and usable:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("selection"))
            painter.drawRoundedRect(rect, 5, 5)
        if command.icon:
            mode = QIcon.Mode.Normal if usable else QIcon.Mode.Disabled
            icons.icon(command.icon).paint(painter, QRect(rect.left() + 8, rect.center().y() - 8, 17, 17), mode=mode)
        self._texts(painter, rect, command, usable)
        painter.restore()

    def _texts(self, painter: QPainter, rect: QRect, command: Command, usable: bool) -> None:
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font(13))
        painter.setPen(theme.color("text" if usable else "disabled"))
        text = rect.adjusted(36, 0, -10, 0)
        painter.drawText(text, middle, tr(command.text))
        text.setLeft(text.left() + QFontMetrics(painter.font()).horizontalAdvance(tr(command.text)) + 10)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("muted" if usable else "disabled"))
        keys = keys_of(command, self._keys)
        shortcut = QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
        painter.drawText(text, middle | Qt.AlignmentFlag.AlignRight, shortcut)
        text.setRight(text.right() - QFontMetrics(painter.font()).horizontalAdvance(shortcut) - 12)
        painter.setPen(theme.color("faint" if usable else "disabled"))
        note = tr(command.menu) + (f" · {tr(command.tip)}" if command.tip else "")
        painter.drawText(
            text, middle, painter.fontMetrics().elidedText(note, Qt.TextElideMode.ElideRight, text.width())
        )


class CommandSearch(OverlayCard):
    """A field and the commands that fit; Enter runs the chosen one."""

    def __init__(self, window: QWidget, desk: Desk, own: dict[str, str]) -> None:
        super().__init__(window, 620)
        self._desk = desk
        self.field = QLineEdit()
        self.field.setObjectName("search")
        self.field.setPlaceholderText(tr("What would you like to do?"))
        self.field.installEventFilter(self)
        self.model = CommandList(desk, self)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setItemDelegate(CommandPainter(self, own))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.view.clicked.connect(lambda index: self.run(index.row()))
        self.view.entered.connect(self.view.setCurrentIndex)
        self.nothing = label(tr("No command fits."), "muted")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMinimumHeight(80)
        self.body.addWidget(self.field)
        self.body.addWidget(self.view, 1)
        self.body.addWidget(self.nothing)
        self.body.setContentsMargins(1, 1, 1, 6)
        self.field.textChanged.connect(self._search)
        self._search("")

    def open(self) -> None:
        super().open()
        self.field.setFocus()

    def card_height(self) -> int:
        return 58 + ROW * 12

    def run(self, place: int) -> None:
        """Close and run the command at a place of the list, if it can be used now."""
        if 0 <= place < len(self.model.commands):
            command = self.model.commands[place]
            if command.enabled(self._desk):
                self.dismiss()
                base.run(command, self._desk)

    def _search(self, query: str) -> None:
        self.model.search(query)
        found = self.model.rowCount() > 0
        self.view.setVisible(found)
        self.nothing.setVisible(not found)
        if found:
            self.view.setCurrentIndex(self.model.index(0))
            self.view.scrollToTop()

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._on_key(Qt.Key(event.key()))
        return super().eventFilter(watched, event)

    def _on_key(self, key: Qt.Key) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}
        if key in steps:
            place = self.view.currentIndex().row() + steps[key]
            place = max(0, min(self.model.rowCount() - 1, place))
            self.view.setCurrentIndex(self.model.index(place))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.run(self.view.currentIndex().row())
        elif key == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            return False
        return True
