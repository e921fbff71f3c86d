"""Typed keys: what is typed into a field, or meant for a card, does not reach the commands."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QMainWindow

from segstudio.ui.boundary import guarded
from segstudio.ui.widgets.overlay_card import OverlayCard


class TypedKeys(QObject):
    """Watches a window for keys that would be shortcuts, and keeps those that are typed."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        window.installEventFilter(self)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        typed = self._is_typed(event)
        event.setAccepted(typed)
        return typed

    def _is_typed(self, event: QKeyEvent) -> bool:
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        in_field = isinstance(QApplication.focusWidget(), QLineEdit | QAbstractSpinBox)
        return plain and (in_field or any(card.isVisible() for card in self._window.findChildren(OverlayCard)))
