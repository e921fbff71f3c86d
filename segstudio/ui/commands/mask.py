"""Commands of the Mask menu: one for each operation, and those that work from slice to slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.operations.registry import OPERATIONS
from segstudio.ui.commands.base import Command, Run, can_edit, can_edit_volume

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk

FAMILIES = list(dict.fromkeys(row.family for row in OPERATIONS.values()))
"""Groups of the menu, in their order."""


def shows(operation: str) -> Run:
    """Opens the panel at an operation and shows at once what it would change."""
    return lambda desk: desk.show_panel("operations", operation)


def copies(offset: int) -> Run:
    """Proposes the mask of a neighbouring slice."""

    def run(desk: Desk) -> None:
        from segstudio.ui.methods.mask_operations import copy_slice

        copy_slice(desk.session, offset)

    return run


MASK = (
    *(
        Command(
            f"operation.{row.id}", "Mask", f"{row.title}…", shows(row.id), "",
            can_edit_volume if row.volume else can_edit, row.summary, "operation", part=FAMILIES.index(row.family),
        )
        for row in OPERATIONS.values()
    ),
    Command("slice.copy-before", "Mask", "Copy from the slice before", copies(-1), "Shift+PgUp", can_edit_volume,
            "Show what the mask of the slice before would change here", "up", part=4),
    Command("slice.copy-after", "Mask", "Copy from the slice after", copies(1), "Shift+PgDown", can_edit_volume,
            "Show what the mask of the slice after would change here", "down", part=4),
)  # fmt: skip
