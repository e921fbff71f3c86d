"""Commands of the Edit menu: undo, proposals, tools and the brush."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from segstudio.tools import TOOLS
from segstudio.ui.commands.base import Command, Run, Test, always, can_change, can_edit, has_document
from segstudio.ui.commands.dialogs import open_plugins, open_settings

if TYPE_CHECKING:
    from segstudio.core.history import Edit
    from segstudio.ui.desk import Desk


def can_undo(desk: Desk) -> bool:
    document, busy = desk.session.document, desk.session.editing.busy
    return can_change(desk) and document is not None and (busy or document.history.next_undo() is not None)


def can_redo(desk: Desk) -> bool:
    document, busy = desk.session.document, desk.session.editing.busy
    return can_change(desk) and document is not None and (busy or document.history.next_redo() is not None)


def has_prediction(desk: Desk) -> bool:
    return can_edit(desk) and not desk.session.layer.prediction.is_empty()


def has_selection(desk: Desk) -> bool:
    return desk.session.selection is not None


def reveal(desk: Desk, edit: Edit | None) -> None:
    """Show where something was undone or redone, so that nothing changes out of sight."""
    session = desk.session
    if edit is None or not edit.image:
        return
    if session.image is None or session.image.id != edit.image:
        desk.studio.opening.show(edit.image)
    elif edit.before and not any(key[0] == session.slice for key in edit.before):
        session.set_slice(next(iter(edit.before))[0])


def confirm(desk: Desk) -> None:
    """Finish a half-drawn shape, else apply the proposal, else accept the region that is looked at."""
    if desk.views.active.confirm():
        return
    if desk.session.proposal is None and desk.guiding.stop_now is not None:
        desk.guiding.accept()
    else:
        desk.session.proposals.accept()


def discard(desk: Desk) -> None:
    """Drop the half-drawn shape, else what is laid over the image, else the proposal or the walk."""
    session = desk.session
    if desk.views.active.cancel():
        return
    if session.value_overlay is not None:
        session.show_veil(None)
        return
    if session.proposal is None:
        desk.guiding.stop()
    session.proposals.discard()
    desk.notices.clear_banner()


def next_candidate(desk: Desk) -> None:
    """What else the object under the pointer could be."""
    pointer = desk.views.canvas.pointer
    if pointer is None:
        desk.say("Point at an object first.")
    else:
        desk.candidates.show_next(pointer)


def accept_prediction(desk: Desk) -> None:
    """Make the shown prediction part of the annotation where nobody has spoken."""
    from segstudio.ui.learning import predicting

    if why := desk.session.why_not_editable():
        desk.session.blocked.emit(why)
        return
    pixels = predicting.accept_prediction(desk.session)
    desk.say(f"{pixels:,} predicted pixels accepted." if pixels else "There was nothing to accept.")


def swap(desk: Desk) -> None:
    desk.session.set_tool("brush" if desk.session.tool_id == "eraser" else "eraser")


def resize(desk: Desk, factor: float) -> None:
    """A tenth, and at least half a pixel, so that small brushes move too."""
    radius = desk.session.brush_radius
    step = max(0.5, abs(radius * factor - radius))
    desk.session.set_brush_radius(radius + (step if factor > 1 else -step))


def uses(tool_id: str) -> Run:
    return lambda desk: desk.session.set_tool(tool_id)


def in_use(tool_id: str) -> Test:
    return lambda desk: desk.session.tool_id == tool_id


def invert_selection(desk: Desk) -> None:
    session = desk.session
    if session.selection is not None:
        session.restrict(replace(session.restriction, selection=session.selection.invert()))


EDIT = (
    Command("edit.undo", "Edit", "Undo", lambda desk: reveal(desk, desk.session.editing.undo()), "Ctrl+Z", can_undo,
            "Undo the last edit, on whichever image it was", "undo"),
    Command("edit.redo", "Edit", "Redo", lambda desk: reveal(desk, desk.session.editing.redo()), "Ctrl+Shift+Z Ctrl+Y",
            can_redo, icon="redo"),
    Command("proposal.accept", "Edit", "Apply proposal", confirm, "Return Enter", can_edit,
            "Apply what is shown as a proposal, or finish the shape", "check", part=1),
    Command("proposal.discard", "Edit", "Discard proposal", discard, "Esc", has_document,
            "Drop what is shown as a proposal, or the half-drawn shape", "close", part=1),
    Command("candidate.next", "Edit", "Next candidate for the object", next_candidate, "C", can_edit,
            "What the model, the version before it and a threshold say here", "switch", part=1),
    Command("prediction.accept", "Edit", "Accept prediction", accept_prediction, "Ctrl+Return", has_prediction,
            "Copy the prediction into the annotation where nobody has spoken", "accept", part=1),
    Command("app.settings", "Edit", "Settings…", open_settings, "Ctrl+,", icon="layout", part=4),
    Command("app.plugins", "Edit", "Plugins…", open_plugins, "", always,
            "Networks that others have made: install, look, remove", "model", part=4),
    Command("tool.swap", "Edit", "Swap brush and eraser", swap, "X", has_document, icon="swap", part=3),
    Command("brush.shrink", "Edit", "Smaller brush", lambda desk: resize(desk, 1 / 1.1), "[", has_document,
            icon="smaller", part=3),
    Command("brush.grow", "Edit", "Larger brush", lambda desk: resize(desk, 1.1), "]", has_document,
            icon="larger", part=3),
    Command("selection.drop", "Edit", "Drop selection", lambda desk: desk.session.select(()), "Ctrl+Shift+A",
            has_selection, "Let painting change anything again", "close", part=3),
    Command("selection.invert", "Edit", "Invert selection", invert_selection, "Ctrl+Shift+I", has_selection,
            "Select what is not selected", "swap", part=3),
    *(
        Command(
            f"tool.{kind.id}", "Edit", kind.title, uses(kind.id), kind.shortcut,
            has_document, kind.hint, kind.icon or kind.id, in_use(kind.id), part=2,
        )
        for kind in TOOLS
    ),
)  # fmt: skip
