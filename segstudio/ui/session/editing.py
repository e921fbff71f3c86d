"""Editing: the one owner of what is half done on the shown image, and of undo and redo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from segstudio.core.codes import Origin

if TYPE_CHECKING:
    from segstudio.core.document import Document
    from segstudio.core.history import Edit
    from segstudio.core.writer import MaskWriter
    from segstudio.tools.base import PixelWriter
    from segstudio.ui.session.session import Session


class Hand(Protocol):
    """Holds something half done: the pointer of a view with its tool."""

    def settle(self) -> None:
        """The button counts as released: what is written stays, what is only dragged is dropped."""

    def end(self) -> None:
        """As `settle`, and a half-drawn shape is dropped too."""

    def take_back(self) -> None:
        """Drop the last part of a half-drawn shape, or all that goes on."""

    def bring_back(self) -> None:
        """Do the part again that was taken back last, if there is one."""

    def confirm(self) -> bool:
        """Finish a half-drawn shape; False if there is none."""

    def cancel(self) -> None:
        """Drop all that goes on."""


class Editing(QObject):
    """At most one hand is at work, and at most one edit is open. Whatever wants to change the document or what is
    shown of it calls `settle` first, or `end` where the image or the tool goes; a document settles by itself.

    A stroke is kept up to there as a step of its own, a shape that is being dragged is dropped, and a half-drawn one
    (a polygon) stays until `end`.
    """

    changed = Signal()
    """Something began, or nothing is half done any more."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._hand: Hand | None = None

    @property
    def busy(self) -> bool:
        """Whether something is half done."""
        return self._hand is not None

    def hold(self, hand: Hand) -> bool:
        """A hand begins; False while another one holds a shape that is half drawn."""
        if self._hand is not None and self._hand is not hand:
            self._hand.settle()  # its release was lost
            if self._hand is not None:
                self._session.blocked.emit("A shape is half drawn in another view: Enter fills it, Esc drops it.")
                return False
        if self._hand is None:
            self._hand = hand
            self.changed.emit()
        return True

    def let_go(self, hand: Hand) -> None:
        """A hand has nothing half done any more."""
        if self._hand is hand:
            self._hand = None
            self.changed.emit()

    def settle(self) -> None:
        """Something else happens now: end what goes on under the button."""
        if self._hand is not None:
            self._hand.settle()

    def end(self) -> None:
        """The image, the tool or the program goes: nothing half done stays."""
        if self._hand is not None:
            self._hand.end()

    def confirm(self) -> bool:
        """Enter: finish a half-drawn shape; False if there is none."""
        return self._hand is not None and self._hand.confirm()

    def cancel(self) -> bool:
        """Esc: drop what is half done; False if nothing is."""
        hand = self._hand
        if hand is not None:
            hand.cancel()
        return hand is not None

    # --- edits ----------------------------------------------------------------------------------------------

    def begin(self, title: str, *, tool: str, origin: Origin) -> MaskWriter:
        """A writer on the active layer that leaves alone what a hidden class shows."""
        session = self._session
        assert session.document is not None and session.image is not None
        writer = session.document.begin_edit(
            session.image.id, session.active_layer, title, tool=tool, origin=origin, seen=True
        )
        if session.restriction.active:
            writer.allowed = session.allowed(session.restriction)
        return writer

    def finish(self, writer: PixelWriter) -> Edit | None:
        """Commit an edit as one undo step; None if it changed nothing or is over already."""
        from segstudio.core.writer import MaskWriter  # with all it needs, after the first paint

        if writer.closed or self._session.document is None or not isinstance(writer, MaskWriter):
            return None
        edit = self._session.document.finish_edit(writer)
        if writer.blocked and edit is None:
            self._session.blocked.emit(f"Nothing was painted: {writer.blocked}")
        elif writer.blocked:
            self._session.message.emit(f"Some pixels were left as they are: {writer.blocked}")
        return edit

    def abandon(self) -> None:
        """A tool failed: what it may have left open is put back."""
        document = self._session.document
        if document is not None and document.open_edit is not None:
            document.open_edit.rollback()

    def undo(self) -> Edit | None:
        """Take back the last part of what is half done; with nothing half done, the last step."""
        if self._hand is not None:
            self._hand.take_back()
            return None
        document = self._writable
        return document.undo() if document else None

    def redo(self) -> Edit | None:
        """Do what was undone last again, of the half-drawn shape if there is one."""
        if self._hand is not None:
            self._hand.bring_back()
            return None
        document = self._writable
        return document.redo() if document else None

    def go_to(self, position: int) -> None:
        """Undo or redo until so many steps are done; what is half done ends first."""
        self.end()
        document = self._writable
        while document is not None and document.history.position > position and document.undo():
            pass
        while document is not None and document.history.position < position and document.redo():
            pass

    @property
    def _writable(self) -> Document | None:
        return None if self._session.read_only else self._session.document
