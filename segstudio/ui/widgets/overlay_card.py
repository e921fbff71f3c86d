"""A card over the dimmed window: for the command search and the shortcut sheet."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from segstudio.ui.boundary import guarded
from segstudio.ui.widgets import theme


class OverlayCard(QWidget):
    """Covers the window it is given, shows a card in it, and goes away with Esc or a click beside the card."""

    closed = Signal()

    def __init__(self, window: QWidget, width: int, *, top: int = 72) -> None:
        super().__init__(window)
        self._host = window
        self._back_to = window.window().focusWidget()
        self.card = QFrame(self)
        self.card.setObjectName("card")
        self._width, self._top = width, top
        self.body = QVBoxLayout(self.card)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        window.installEventFilter(self)

    def open(self) -> None:
        """Show the card above everything else in the window."""
        self._place()
        self.show()
        self.raise_()

    def dismiss(self) -> None:
        """Close, and give the keys back to where they were."""
        if self.isVisible() or self.parent() is not None:
            self._host.removeEventFilter(self)
            self.hide()
            if self._back_to is not None:
                self._back_to.setFocus()
            self.closed.emit()
            self.deleteLater()

    def card_height(self) -> int:
        """Height the card would like; it never gets more than the window has."""
        return self.card.sizeHint().height()

    def _place(self) -> None:
        host = self._host
        self.setGeometry(0, 0, host.width(), host.height())
        width = min(self._width, host.width() - 48)
        height = min(self.card_height(), host.height() - self._top - 32)
        self.card.setGeometry((host.width() - width) // 2, self._top, width, height)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.color("scrim"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for spread in range(12, 0, -2):  # a soft shadow
            painter.setBrush(QColor(0, 0, 0, 14))
            painter.drawRoundedRect(self.card.geometry().adjusted(-spread, -spread + 4, spread, spread + 4), 16, 16)

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.card.geometry().contains(event.position().toPoint()):
            self.dismiss()

    @guarded
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        event.accept()  # keys meant for the card never reach the tools below it
