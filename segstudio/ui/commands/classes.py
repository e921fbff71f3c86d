"""Commands of the Classes menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.classes import SAFE_PALETTE
from segstudio.ui.commands.base import Command, Run, can_change, has_document, has_object_class
from segstudio.ui.commands.dialogs import open_code
from segstudio.ui.project.table_changes import add_class

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk


def choose(desk: Desk, place: int) -> None:
    """The class at a place of the list: 1 is the first after the background."""
    ids = [entry.id for entry in desk.session.classes if entry.id]
    if place == 0 or place <= len(ids):
        desk.session.choose_class(ids[place - 1] if place else 0)


def chooses(place: int) -> Run:
    return lambda desk: choose(desk, place)


def safe_colors(desk: Desk) -> None:
    """Give the classes colours that stay apart with any colour vision, as one step."""
    document = desk.session.document
    if document is not None:
        document.change_classes("Colour-vision-safe colours", lambda classes: classes.recolor(SAFE_PALETTE))


def add_named(desk: Desk) -> None:
    """Add a class and let its name be typed."""
    desk.show_panel("classes", add_class(desk.session))


CLASSES = (
    *(
        Command(f"class.choose-{place}", "Classes", f"Class {place}", chooses(place), str(place), has_document)
        for place in range(1, 10)
    ),
    Command("class.background", "Classes", "Background", chooses(0), "0", has_document, part=1),
    Command("class.unsure", "Classes", "Unsure", lambda desk: desk.session.choose_unsure(), "U", has_document,
            "Pixels that training leaves out", part=1),
    Command("class.safe-colors", "Classes", "Colour-vision-safe colours", safe_colors, "", can_change,
            "Colours that stay apart with any colour vision (Okabe and Ito)", "color", part=2),
    Command("class.add", "Classes", "Add class", add_named, enabled=can_change, icon="add", part=2),
    Command("class.code", "Classes", "What the class is…", open_code, "", has_object_class,
            "A SNOMED or DICOM code of anatomy or tissue, for DICOM segmentations", part=2),
    Command("class.merge", "Classes", "Merge class into…",
            lambda desk: desk.classes.ask_merge(desk.session.active_class), "", has_object_class,
            "Give all pixels of the active class, painted and predicted, to another one", "swap", part=2),
    Command("class.remove", "Classes", "Remove class", lambda desk: desk.classes.remove_active(), "", has_object_class,
            "Take the active class out of the project, where no pixel holds it", "trash", part=2),
)  # fmt: skip
