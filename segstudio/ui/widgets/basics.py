"""Small building blocks that the panels share."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QScrollArea,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from segstudio.ui.widgets import icons


def label(text: str = "", kind: str = "", *, wrap: bool = False, size: int = 0) -> QLabel:
    """A label; `kind` is "", "muted", "faint", "heading" or "key"."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wrap)
    if kind:
        made.setProperty(kind, True)
    if size:
        made.setStyleSheet(f"font-size: {size}px")
    return made


def small_button(
    name: str, tip: str, click: Callable[[], object] | None = None, *, checkable: bool = False
) -> QToolButton:
    """A flat icon button of 22 px for rows and panel headers."""
    made = QToolButton()
    icons.set_icon(made, name)
    made.setIconSize(QSize(16, 16))
    made.setProperty("small", True)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if click is not None:
        made.clicked.connect(lambda: click())
    return made


def slider(low: int, high: int, change: Callable[[int], object] | None = None) -> QSlider:
    """A horizontal slider over whole numbers."""
    made = QSlider(Qt.Orientation.Horizontal)
    made.setRange(low, high)
    made.setMinimumWidth(40)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if change is not None:
        made.valueChanged.connect(change)
    return made


def rule(*, vertical: bool = False) -> QFrame:
    """A line of one pixel."""
    made = QFrame()
    made.setObjectName("rule")
    made.setProperty("vertical", vertical)
    return made


def row(
    *parts: QWidget | QLayout | int, margins: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 8
) -> QHBoxLayout:
    """Widgets side by side; a number n > 0 is a space of n px, 0 a stretch."""
    made = QHBoxLayout()
    _fill(made, parts, margins, gap)
    return made


def column(
    *parts: QWidget | QLayout | int, margins: tuple[int, int, int, int] = (0, 0, 0, 0), gap: int = 8
) -> QVBoxLayout:
    """Widgets below each other; a number n > 0 is a space of n px, 0 a stretch."""
    made = QVBoxLayout()
    _fill(made, parts, margins, gap)
    return made


def scrolled(content: QVBoxLayout | QGridLayout) -> QScrollArea:
    """An area without a frame that scrolls `content` up and down."""
    content.setContentsMargins(0, 6, 0, 0)
    body = QWidget()
    body.setObjectName("body")
    outer = QVBoxLayout(body)
    outer.setContentsMargins(0, 0, 4, 0)
    outer.addLayout(content)
    outer.addStretch(1)
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(body)
    return area


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property it asks for has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def set_property(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet asks for."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):  # before that the style is still to come
            restyle(widget)


def discard(widget: QWidget) -> None:
    """Take a widget out of sight and let Qt delete it once nothing of it runs any more.

    It keeps its parent. Without one Python would own it, and delete it with the last reference: perhaps while it
    emits, and a second time when Qt gets to it (docs/decisions/0011).
    """
    widget.hide()
    widget.deleteLater()


def clear(layout: QLayout) -> None:
    """Take all items out of a layout and delete their widgets."""
    while (item := layout.takeAt(0)) is not None:  # which gives them to Python; itemAt would not
        if (widget := item.widget()) is not None:
            discard(widget)


def _fill(
    layout: QHBoxLayout | QVBoxLayout, parts: tuple[object, ...], margins: tuple[int, int, int, int], gap: int
) -> None:
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    for part in parts:
        if isinstance(part, QWidget):
            layout.addWidget(part)
        elif isinstance(part, QLayout):
            layout.addLayout(part)
        elif part == 0:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
