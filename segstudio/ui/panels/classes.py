"""Classes: colour, name, number key, lock and eye of each."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QIcon,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import (
    QColorDialog,
    QFrame,
    QLabel,
    QLineEdit,
    QMenu,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.classes import PALETTE, ClassEntry
from segstudio.core.codes import Origin
from segstudio.ui.boundary import guarded
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import icons, theme
from segstudio.ui.widgets.basics import clear, column, label, row, set_property, small_button
from segstudio.ui.widgets.words import tr

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


class ClassRow(Row):
    """One class."""

    def __init__(self, session: Session, entry: ClassEntry, place: int) -> None:
        super().__init__()
        self._session, self.class_id = session, entry.id
        self.chip, self.name = Chip(), Name(entry.name)
        self.chip.setToolTip(tr("Change the colour"))
        self.chip.setCursor(Qt.CursorShape.PointingHandCursor)
        self.key = key_cap(str(place) if place < 10 else "")
        self.lock = small_button("unlock", tr("Lock: its pixels cannot be painted over"), self._toggle_lock)
        self.eye = small_button("eye", tr("Show or hide this class"), self._toggle_eye)
        self.setLayout(row(self.chip, self.name, self.key, self.lock, self.eye, margins=(8, 2, 4, 2), gap=4))
        self.layout().setStretch(1, 1)  # type: ignore[union-attr]
        self.layout().insertSpacing(1, 4)  # type: ignore[union-attr]
        self.key.setHidden(place > 9)
        self.chip.clicked.connect(self.recolour)
        self.name.renamed.connect(lambda name: self._change(name=name))
        self.chosen.connect(lambda: session.choose_class(self.class_id))
        self.show_entry(entry)

    def show_entry(self, entry: ClassEntry) -> None:
        self.chip.show_color(entry.color)
        self.name.show_text(entry.name)
        icons.set_icon(self.lock, "lock" if entry.locked else "unlock", quiet=not entry.locked)
        icons.set_icon(self.eye, "eye" if entry.visible else "eye-off")
        self.lock.setEnabled(not self._session.read_only)

    def recolour(self) -> None:
        """A menu of the palette's colours, and a way to all others."""
        menu = QMenu(self)
        for color in PALETTE:
            action = menu.addAction(_swatch(color), color)
            action.triggered.connect(lambda _=False, color=color: self._change(color=color))
        menu.addSeparator()
        menu.addAction(tr("More colours…"), self._ask_color)
        menu.popup(self.chip.mapToGlobal(QPoint(0, self.chip.height() + 2)))

    @guarded
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction(icons.icon("rename"), tr("Rename"), self.name.edit)
        menu.addAction(icons.icon("color"), tr("Colour…"), self._ask_color)
        if self.class_id:
            menu.addSeparator()
            menu.addAction(icons.icon("trash"), tr("Remove"), self.remove)
        menu.popup(event.globalPos())

    def remove(self) -> None:
        """Take the class out of the project, unless pixels still have it."""
        session = self._session
        if session.document is None:
            return
        name = session.classes.name(self.class_id)
        if used := _images_with(session, self.class_id):
            session.blocked.emit(tr("“{name}” is still painted in {image}.").format(name=name, image=used))
            return
        session.document.change_classes(
            tr("Remove “{name}”").format(name=name), lambda classes: classes.remove(self.class_id)
        )
        if session.active_class == self.class_id:
            session.choose_class(0)

    def _ask_color(self) -> None:
        dialog = QColorDialog(QColor(self.chip.color), self)
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.colorSelected.connect(lambda color: self._change(color=color.name()))
        dialog.open()

    def _toggle_lock(self) -> None:
        self._change(locked=not self._session.classes[self.class_id].locked)

    def _toggle_eye(self) -> None:
        self._change(visible=not self._session.classes[self.class_id].visible)

    def _change(self, **values: object) -> None:
        document = self._session.document
        if document is not None and not self._session.read_only:
            title = tr("Rename class") if "name" in values else tr("Change colour")
            document.change_classes(title, lambda classes: classes.change(self.class_id, **values))


class ClassesPanel(QWidget):
    """All classes of the project, the background first, “unsure” last."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.rows: dict[int, ClassRow] = {}
        self.add_button = small_button("add", tr("Add class"), self.add_class)
        self._list = QVBoxLayout()
        self._list.setSpacing(1)
        self.unsure = self._unsure_row()
        self._empty = label(tr("Classes appear with the first image."), "muted", wrap=True)
        self._empty.setContentsMargins(8, 4, 8, 4)
        body = QWidget()
        body.setObjectName("body")
        body.setLayout(column(self._empty, self._list, self.unsure, 0, margins=(6, 0, 6, 6), gap=1))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        self.setLayout(column(area, gap=0))
        session.classes_changed.connect(self.refresh)
        session.document_changed.connect(self.refresh)
        session.class_changed.connect(lambda _: self._mark())
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(280, 170)

    def refresh(self) -> None:
        """Follow the class table; rows are made anew only when classes come or go."""
        document = self._session.document
        entries = list(document.classes) if document else []
        if [entry.id for entry in entries] != list(self.rows):
            clear(self._list)
            self.rows = {}
            for place, entry in enumerate(entries):
                self.rows[entry.id] = ClassRow(self._session, entry, place)
                self._list.addWidget(self.rows[entry.id])
                self.rows[entry.id].show()
        for entry in entries:
            self.rows[entry.id].show_entry(entry)
        self._empty.setVisible(not entries)
        self.unsure.setVisible(bool(entries))
        self.add_button.setEnabled(document is not None and not self._session.read_only)
        self._mark()

    def add_class(self) -> None:
        """Append a class, make it the active one and let its name be typed."""
        document = self._session.document
        if document is None or self._session.read_only:
            return
        taken = {entry.name for entry in self._session.classes}
        number = next(n for n in range(1, 999) if f"Class {n}" not in taken)
        title = tr("Class {number}").format(number=number)
        entry = document.change_classes(tr("Add class"), lambda classes: classes.add(title))
        self._session.choose_class(entry.id)
        self.rows[entry.id].name.edit()

    def _mark(self) -> None:
        session = self._session
        for class_id, line in self.rows.items():
            line.set_active(class_id == session.active_class and not session.unsure)
        self.unsure.set_active(session.unsure)

    def _unsure_row(self) -> Row:
        made, chip = Row(), Chip()
        chip.show_color("", hatched=True)
        made.setToolTip(tr("Pixels that training leaves out"))
        made.setLayout(row(chip, 4, label(tr("Unsure")), 0, key_cap("U"), ICONS, margins=(8, 5, 4, 5), gap=4))
        made.chosen.connect(self._session.choose_unsure)
        return made


def _swatch(color: str) -> QIcon:
    made = QPixmap(14, 14)
    made.fill(QColor(color))
    return QIcon(made)


def _images_with(session: Session, class_id: int) -> str:
    """The name of an image in which a person painted this class, or the empty string."""
    assert session.document is not None
    for entry in session.document.images.values():
        for layer in entry.layers:
            if layer.tally.pixels().reshape(-1, 256)[Origin.PAINTED : Origin.UNSURE, class_id].any():
                return entry.name
    return ""
