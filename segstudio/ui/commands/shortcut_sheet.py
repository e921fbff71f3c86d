"""The shortcut sheet (F1): every key, and what the mouse does on the canvas."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from segstudio.ui.commands.base import Command, keys_of
from segstudio.ui.commands.table import COMMANDS, MENUS
from segstudio.ui.widgets.basics import label, row, rule, small_button
from segstudio.ui.widgets.overlay_card import OverlayCard
from segstudio.ui.widgets.words import tr

GESTURES = (
    ("Wheel", "Zoom at the pointer"),
    ("Space + drag", "Pan, also with the middle button"),
    ("Drag", "Paint with the active tool"),
    ("Ctrl + drag", "Erase for as long as it is held"),
    ("Alt + click", "Pick the class under the pointer"),
    ("Alt + wheel", "Brush size"),
    ("Shift + wheel", "Next or previous slice"),
    ("Shift + move", "Take the crosshair along"),
)
"""What the canvas understands without a command."""

Line = tuple[list[str], str]


def sections(own: dict[str, str]) -> list[tuple[str, list[Line]]]:
    """Headings, each with its keys and what they do; read from the table of commands."""
    found = [(tr("Canvas"), [([tr(gesture)], tr(text)) for gesture, text in GESTURES])]
    for menu in MENUS:
        lines = [_line(command, own) for command in COMMANDS if command.menu == menu and keys_of(command, own)]
        if menu == "Classes":
            lines = [([tr("1 to 9")], tr("Choose a class")), *lines[9:]]
        if lines:
            found.append((tr(menu), lines))
    return found


def _line(command: Command, own: dict[str, str]) -> Line:
    native = QKeySequence.SequenceFormat.NativeText
    keys = [QKeySequence(key).toString(native) for key in keys_of(command, own)][:2]
    keys = [key.replace("Return", tr("Enter")) for key in keys]
    return list(dict.fromkeys(keys)), tr(command.text)


class ShortcutSheet(OverlayCard):
    """All sections in columns of about the same height."""

    def __init__(self, window: QWidget, own: dict[str, str]) -> None:
        super().__init__(window, 1120, top=48)
        title = label(tr("Keyboard shortcuts"), "heading", size=16)
        close = small_button("close", tr("Close"), self.dismiss)
        head = row(title, 0, close, margins=(24, 16, 16, 12))
        self.body.addLayout(head)
        self.body.addWidget(rule())
        area = QScrollArea()
        area.setWidgetResizable(True)
        self._sheet = QWidget()
        self._sheet.setObjectName("body")
        area.setWidget(self._sheet)
        self._fill(sections(own))
        self.body.addWidget(area, 1)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def open(self) -> None:
        super().open()
        self.setFocus()

    def card_height(self) -> int:
        return 64 + self._sheet.sizeHint().height()

    def _fill(self, found: list[tuple[str, list[Line]]], columns: int = 3) -> None:
        box = QHBoxLayout(self._sheet)
        box.setContentsMargins(24, 16, 24, 20)
        box.setSpacing(28)
        for places in balanced([len(lines) + 2 for _, lines in found], columns):
            stack = QVBoxLayout()
            for place in places:
                stack.addLayout(_section(*found[place]))
                stack.addSpacing(18)
            stack.addStretch(1)
            box.addLayout(stack, 1)


def balanced(heights: list[int], columns: int) -> list[list[int]]:
    """Places of `heights` in columns of about the same height: the tallest first, each into the shortest column."""
    found: list[list[int]] = [[] for _ in range(columns)]
    for place in sorted(range(len(heights)), key=lambda p: -heights[p]):
        min(found, key=lambda column: sum(heights[p] for p in column)).append(place)
    return sorted(sorted(column) for column in found)


def _section(title: str, lines: list[Line]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(0, 1)
    grid.addWidget(label(title, "heading"), 0, 0, 1, 2)
    for number, (keys, text) in enumerate(lines, start=1):
        grid.addWidget(label(text, "muted"), number, 0)
        caps = row(0, *(label(key, "key") for key in keys), gap=4)
        grid.addLayout(caps, number, 1)
    return grid
