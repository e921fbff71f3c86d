"""What a command is, and when commands can be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segstudio.errors import UserError

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk

Run = Callable[["Desk"], object]
Test = Callable[["Desk"], bool]


def always(desk: Desk) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """One command. `id` is noun.verb and stable; `keys` are shortcuts separated by spaces.

    `checked` makes it a toggle; `part` is the group within its menu (a line is drawn between groups).
    `held` tells that it acts while its key is down, `canvas` that its keys act only while the canvas has the focus:
    elsewhere Tab goes to the next field.
    """

    id: str
    menu: str
    text: str
    run: Run
    keys: str = ""
    enabled: Test = always
    tip: str = ""
    icon: str = ""
    checked: Test | None = None
    part: int = 0
    held: bool = False
    canvas: bool = False


def run(command: Command, desk: Desk) -> None:
    """Run a command if it can be used now; an expected failure becomes a strip over the canvas."""
    if not command.enabled(desk):
        return
    try:
        command.run(desk)
    except UserError as error:
        desk.notices.show_problem(error)
    desk.refresh_soon()


def keys_of(command: Command, own: dict[str, str]) -> list[str]:
    """The shortcuts of a command; `own` holds the user's by command id."""
    return own.get(command.id, command.keys).split()


# --- when commands can be used ------------------------------------------------------------------------------


def has_document(desk: Desk) -> bool:
    return desk.session.document is not None


def has_image(desk: Desk) -> bool:
    return desk.session.image is not None


def has_pixels(desk: Desk) -> bool:
    return desk.session.pixels is not None


def can_edit(desk: Desk) -> bool:
    return has_pixels(desk) and not desk.session.read_only


def can_change(desk: Desk) -> bool:
    return has_document(desk) and not desk.session.read_only


def has_object_class(desk: Desk) -> bool:
    """A class is active that is not the background."""
    return can_change(desk) and desk.session.active_class in desk.session.classes and desk.session.active_class > 0


def can_change_image(desk: Desk) -> bool:
    return has_image(desk) and can_change(desk)


def has_slices(desk: Desk) -> bool:
    return has_image(desk) and desk.session.shape[0] > 1


def can_edit_volume(desk: Desk) -> bool:
    return can_edit(desk) and has_slices(desk)
