"""Keys of the window: what is typed into a field, or meant for a card, does not reach the commands."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QMainWindow

from segstudio.ui.boundary import guarded
from segstudio.ui.widgets.overlay_card import OverlayCard

FIELDS = QLineEdit | QAbstractSpinBox
LEAVE = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
"""Keys that give the keyboard back to the canvas."""


class TypedKeys(QObject):
    """Watches a window for keys that would be shortcuts, and keeps those that are typed."""

    def __init__(self, window: QMainWindow, leave: Callable[[], object]) -> None:
        super().__init__(window)
        self._window, self._leave = window, leave
        window.installEventFilter(self)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            typed = self._is_typed(event)
            event.setAccepted(typed)
            return typed
        if event.type() == QEvent.Type.KeyPress and event.key() in LEAVE:
            return self._leave_field()
        return False

    def _leave_field(self) -> bool:
        """Enter and Esc in a field of the window give the keys back to the canvas."""
        if not isinstance(QApplication.focusWidget(), FIELDS):
            return False
        self._leave()
        return True

    def _is_typed(self, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        in_field = isinstance(QApplication.focusWidget(), FIELDS)
        return plain and (in_field or any(card.isVisible() for card in self._window.findChildren(OverlayCard)))
