"""What a command is, and when commands can be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segstudio.ui.shell.window import MainWindow

Run = Callable[["MainWindow"], object]
Test = Callable[["MainWindow"], bool]


def always(window: MainWindow) -> bool:
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


# --- when commands can be used ------------------------------------------------------------------------------


def has_document(window: MainWindow) -> bool:
    return window.session.document is not None


def has_image(window: MainWindow) -> bool:
    return window.session.image is not None


def has_pixels(window: MainWindow) -> bool:
    return window.session.pixels is not None


def can_edit(window: MainWindow) -> bool:
    return has_pixels(window) and not window.session.read_only


def can_change(window: MainWindow) -> bool:
    return has_document(window) and not window.session.read_only


def has_object_class(window: MainWindow) -> bool:
    """A class is active that is not the background."""
    return can_change(window) and window.session.active_class in window.classes.rows and window.session.active_class > 0


def can_undo(window: MainWindow) -> bool:
    document = window.session.document
    return can_change(window) and document is not None and document.history.next_undo() is not None


def can_redo(window: MainWindow) -> bool:
    document = window.session.document
    return can_change(window) and document is not None and document.history.next_redo() is not None


def has_prediction(window: MainWindow) -> bool:
    return can_edit(window) and not window.session.layer.prediction.is_empty()


def has_two_layers(window: MainWindow) -> bool:
    return has_image(window) and can_change(window) and len(window.session.image.layers) > 1  # type: ignore[union-attr]


def has_slices(window: MainWindow) -> bool:
    return has_image(window) and window.session.shape[0] > 1


def has_job(window: MainWindow) -> bool:
    return window.job is not None


def is_training(window: MainWindow) -> bool:
    return window.training.running


def has_champion(window: MainWindow) -> bool:
    document = window.session.document
    return document is not None and document.champion is not None


def can_switch(window: MainWindow) -> bool:
    """A challenger waits, or there is an older version to go back to."""
    document = window.session.document
    if document is None or window.session.read_only:
        return False
    champion = document.champion
    waiting = any(version.status == "waiting" for version in document.versions.values())
    return waiting or (champion is not None and champion.parent in document.versions)
