"""Where painting may change anything: a menu in the option strip."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from segstudio.core.restriction import ANYTHING, FREE, UNTOUCHED, Restriction
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import icons
from segstudio.ui.widgets.basics import set_property
from segstudio.ui.widgets.words import tr

PLACES = {
    ANYTHING: "Everywhere",
    UNTOUCHED: "Where nobody has annotated",
    FREE: "Where there is no object",
}


class PaintWhere(QToolButton):
    """Says where painting is allowed, and opens a menu to change it."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setObjectName("paintWhere")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setToolTip(tr("Paint only where…"))
        icons.set_icon(self, "mask")
        self.setMenu(QMenu(self))
        self.menu().aboutToShow.connect(self._fill)
        session.options_changed.connect(self._show)
        session.classes_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        restriction = self._session.restriction
        parts = []
        if restriction.on != ANYTHING:
            parts.append(self._place(restriction.on))
        if restriction.in_window:
            parts.append(tr("in window"))
        if restriction.in_view:
            parts.append(tr("in view"))
        if restriction.selection is not None:
            parts.append(tr("in selection"))
        self.setText(" · ".join(parts) if parts else tr("Everywhere"))
        set_property(self, "active", restriction.active)

    def _place(self, on: int) -> str:
        if on in PLACES:
            return tr(PLACES[on])
        return tr("On {name}").format(name=self._session.classes.name(on)) if self._session.document else ""

    def _fill(self) -> None:
        session, menu = self._session, self.menu()
        menu.clear()
        group = QActionGroup(menu)
        classes = [entry.id for entry in session.classes] if session.document else []
        for on in (*PLACES, *classes):
            action = menu.addAction(self._place(on), partial(self._change, on=on))
            action.setCheckable(True)
            action.setChecked(session.restriction.on == on)
            group.addAction(action)
            if on == FREE:
                menu.addSeparator()
        menu.addSeparator()
        for name, title in (("in_window", "Only values in the display window"), ("in_view", "Only what is seen")):
            on_now = bool(getattr(session.restriction, name))
            action = menu.addAction(tr(title), partial(self._change, **{name: not on_now}))
            action.setCheckable(True)
            action.setChecked(on_now)
        if session.selection is not None:
            menu.addAction(tr("Drop the selection"), partial(self._change, selection=None))
        if session.restriction.active:
            menu.addSeparator()
            menu.addAction(tr("Paint everywhere again"), partial(session.restrict, Restriction()))

    def _change(self, **values: object) -> None:
        self._session.restrict(replace(self._session.restriction, **values))  # type: ignore[arg-type]
