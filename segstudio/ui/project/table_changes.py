"""New classes and layers, and taking a layer away: what panels and commands both do."""

from __future__ import annotations

from segstudio.errors import UserError
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr


def add_class(session: Session) -> int | None:
    """Append a class and make it the active one; its id, or None where nothing may be changed."""
    document = session.document
    if document is None or session.read_only:
        return None
    taken = {entry.name for entry in session.classes}
    number = next(n for n in range(1, 999) if f"Class {n}" not in taken)
    title = tr("Class {number}").format(number=number)
    entry = document.change_classes(tr("Add class"), lambda classes: classes.add(title))
    session.choose_class(entry.id)
    return entry.id


def add_layer(session: Session) -> None:
    """Put an empty mask layer on top and make it the active one."""
    if session.document is None or session.image is None or session.read_only:
        return
    number = len(session.image.layers) + 1
    layer = session.document.add_layer(session.image.id, tr("Mask {number}").format(number=number))
    session.set_active_layer(layer.id)


def remove_layer(session: Session, layer_id: int) -> None:
    """Take a layer away; undo brings it back with all its pixels."""
    if session.document is not None and session.image is not None:
        try:
            session.document.remove_layer(session.image.id, layer_id)
        except UserError as error:
            session.blocked.emit(error.sentence)
