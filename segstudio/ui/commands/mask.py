"""Commands of the Mask menu: one for each operation, and those that work from slice to slice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from segstudio.operations.registry import OPERATIONS
from segstudio.ui.commands.base import Command, can_edit, has_slices

if TYPE_CHECKING:
    from segstudio.ui.shell.window import MainWindow


def shows(operation: str) -> Callable[[MainWindow], None]:
    """Opens the panel at an operation and shows at once what it would change."""

    def run(window: MainWindow) -> None:
        window.show_panel("operations")
        window.operations.choose(operation)
        window.operations.ask(preview=True)

    return run


def copies(offset: int) -> Callable[[MainWindow], None]:
    """Proposes the mask of a neighbouring slice."""

    def run(window: MainWindow) -> None:
        from segstudio.ui.methods.mask_operations import copy_slice

        copy_slice(window.session, offset)

    return run


def has_selection(window: MainWindow) -> bool:
    return window.session.selection is not None


def invert_selection(window: MainWindow) -> None:
    session = window.session
    if session.selection is not None:
        session.restrict(replace(session.restriction, selection=session.selection.invert()))


def in_volume(window: MainWindow) -> bool:
    return can_edit(window) and has_slices(window)


SELECTION = (
    Command("selection.drop", "Edit", "Drop selection", lambda w: w.session.select(()), "Ctrl+Shift+A", has_selection,
            "Let painting change anything again", "close", part=3),
    Command("selection.invert", "Edit", "Invert selection", invert_selection, "Ctrl+Shift+I", has_selection,
            "Select what is not selected", "swap", part=3),
)  # fmt: skip
"""Rows of the Edit menu; the selection itself is drawn with a tool."""

MASK = (
    *(
        Command(
            f"operation.{row.id}", "Mask", f"{row.title}…", shows(row.id), "", in_volume if row.volume else can_edit,
            row.summary, "operation", part=list(dict.fromkeys(r.family for r in OPERATIONS.values())).index(row.family),
        )
        for row in OPERATIONS.values()
    ),
    Command("slice.copy-before", "Mask", "Copy from the slice before", copies(-1), "Shift+PgUp", in_volume,
            "Show what the mask of the slice before would change here", "up", part=4),
    Command("slice.copy-after", "Mask", "Copy from the slice after", copies(1), "Shift+PgDown", in_volume,
            "Show what the mask of the slice after would change here", "down", part=4),
)  # fmt: skip
"""Rows of the Mask menu."""
