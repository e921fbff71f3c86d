"""Rows of a list that can be chosen, with a chip of colour and a name that can be typed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QStackedLayout,
    QWidget,
)

from segstudio.ui.boundary import guarded
from segstudio.ui.widgets import theme
from segstudio.ui.widgets.basics import label, set_property

ICONS = 56
"""Width of lock and eye at the end of a row; rows without them leave as much free, so that keys line up."""


def key_cap(text: str) -> QLabel:
    """A key as a small square."""
    made = label(text, "key")
    made.setFixedSize(20, 18)
    made.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return made


class Chip(QWidget):
    """A rounded square in a class's colour; hatched for “unsure”."""

    clicked = Signal()

    def __init__(self, side: int = 14) -> None:
        super().__init__()
        self.setFixedSize(side + 2, side + 2)
        self.color = ""
        self._hatched = False

    def show_color(self, color: str, *, hatched: bool = False) -> None:
        self.color, self._hatched = color, hatched
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = self.rect().adjusted(1, 1, -1, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._hatched:
            painter.setPen(QPen(theme.color("muted"), 1.2))
            painter.drawRoundedRect(rect, 3, 3)
            painter.drawLine(rect.bottomLeft() + QPoint(3, -2), rect.topRight() + QPoint(-2, 3))
        elif self.color:
            painter.setBrush(QColor(self.color))
            painter.drawRoundedRect(rect, 3.5, 3.5)

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.clicked.emit()


class Name(QWidget):
    """A text that becomes a field on a double click; `renamed` carries what was typed."""

    renamed = Signal(str)

    def __init__(self, text: str) -> None:
        super().__init__()
        self._label, self.field = label(text), QLineEdit()
        self.field.setStyleSheet("padding: 0 3px; min-height: 14px")
        self._stack = QStackedLayout(self)
        self._stack.setContentsMargins(0, 0, 0, 0)
        self._stack.addWidget(self._label)
        self._stack.addWidget(self.field)
        self.field.editingFinished.connect(self._finish)
        self.field.installEventFilter(self)

    @property
    def text(self) -> str:
        return self._label.text()

    def show_text(self, text: str) -> None:
        self._label.setText(text)

    def edit(self) -> None:
        """Type a new name; Enter keeps it, Esc does not."""
        self.field.setText(self.text)
        self._stack.setCurrentWidget(self.field)
        self.field.setFocus()
        self.field.selectAll()

    @guarded
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.edit()

    @guarded
    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.field.setText(self.text)
            self._finish()
            return True
        return False

    def _finish(self) -> None:
        if self._stack.currentWidget() is not self.field:
            return
        self._stack.setCurrentWidget(self._label)
        text = self.field.text().strip()
        if text and text != self.text:
            self.renamed.emit(text)


class Row(QFrame):
    """A line that can be chosen with a click."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("row")

    def set_active(self, on: bool) -> None:
        set_property(self, "active", on)

    @guarded
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.chosen.emit()
