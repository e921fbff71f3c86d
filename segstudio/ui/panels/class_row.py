"""ClassRow: one class with its colour, name, number key, lock and eye, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QIcon,
    QPixmap,
)
from PySide6.QtWidgets import (
    QColorDialog,
    QMenu,
    QWidget,
)

from segstudio.core.class_use import merge, painted_in, predicted_in
from segstudio.core.classes import PALETTE, ClassEntry
from segstudio.errors import UserError
from segstudio.ui.boundary import guarded
from segstudio.ui.panels.rows import Chip, Name, Row, key_cap
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import icons
from segstudio.ui.widgets.basics import row, small_button
from segstudio.ui.widgets.words import tr


class ClassRow(Row):
    """One class."""

    in_use = Signal(str, int)
    """Why a class cannot be removed, and its id."""

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
            merging = self.merge_menu(menu)
            merging.setEnabled(not self._session.read_only)
            menu.addMenu(merging)
            menu.addAction(icons.icon("trash"), tr("Remove"), self.remove)
        menu.popup(event.globalPos())

    def merge_menu(self, parent: QWidget) -> QMenu:
        """The other classes, which this one can become a part of."""
        menu = QMenu(tr("Merge into"), parent)
        for entry in self._session.classes:
            if entry.id != self.class_id:
                action = menu.addAction(_swatch(entry.color), entry.name)
                action.triggered.connect(lambda _=False, target=entry.id: self.merge_into(target))
        return menu

    def ask_merge(self) -> None:
        """Let the user choose the class that takes this one's pixels."""
        menu = self.merge_menu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(QPoint(8, self.height())))

    def merge_into(self, target: int) -> None:
        """Give all pixels of the class, painted and predicted, to another one and take it out of the table."""
        session = self._session
        if session.document is None or session.read_only:
            return
        name, other = session.classes.name(self.class_id), session.classes.name(target)
        active = session.active_class
        try:
            merge(
                session.document,
                self.class_id,
                target,
                tr("Merge “{name}” into “{other}”").format(name=name, other=other),
            )
        except UserError as error:
            session.blocked.emit(error.sentence)
            return
        if active == self.class_id:
            session.choose_class(target)

    def remove(self) -> None:
        """Take the class out of the project, unless pixels still have it: then offer to merge it into another."""
        session = self._session
        if session.document is None or session.read_only:
            return
        name = session.classes.name(self.class_id)
        if (entry := painted_in(session.document, self.class_id)) is not None:
            why = tr("“{name}” is still painted in {image}.").format(name=name, image=entry.name)
        elif (entry := predicted_in(session.document, self.class_id)) is not None:
            why = tr("“{name}” is still predicted in {image}.").format(name=name, image=entry.name)
        else:
            session.document.change_classes(
                tr("Remove “{name}”").format(name=name), lambda classes: classes.remove(self.class_id)
            )
            if session.active_class == self.class_id:
                session.choose_class(0)
            return
        self.in_use.emit(why, self.class_id)

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


def _swatch(color: str) -> QIcon:
    made = QPixmap(14, 14)
    made.fill(QColor(color))
    return QIcon(made)
