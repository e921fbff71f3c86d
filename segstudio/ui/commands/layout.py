"""Commands of View > Layout: how many views there are, and how many slices are seen as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.core.slab import Projection, Slab
from segstudio.ui.canvas.turn import Turn
from segstudio.ui.commands.base import Command, Run, Test, has_image, has_slices

if TYPE_CHECKING:
    from segstudio.ui.canvas.views import Layout
    from segstudio.ui.shell.window import MainWindow


def can_turn(window: MainWindow) -> bool:
    """Crosshair lines and dividers lie over several views; only a single one can be turned."""
    return has_image(window) and (not window.docks or window.views.chosen == "single")


def is_turned(window: MainWindow) -> bool:
    return has_image(window) and not window.views.active.turn.straight


THINNEST = 5
"""Slices of a slab when it is first chosen."""


def lays_out(layout: Layout) -> Run:
    return lambda window: window.views.choose(layout)


def laid_out(layout: Layout) -> Test:
    return lambda window: bool(window.docks) and window.views.chosen == layout


def projects(projection: Projection) -> Run:
    """Shows a slab, or the slice alone when that slab is shown already."""

    def run(window: MainWindow) -> None:
        slab = window.session.slab
        shown = slab.thick and slab.projection == projection
        slices = 1 if shown else slab.slices if slab.thick else THINNEST
        window.session.set_display(slab=Slab(projection, slices))

    return run


def projected(projection: Projection) -> Test:
    return lambda window: window.session.slab.thick and window.session.slab.projection == projection


def thicken(window: MainWindow, change: int) -> None:
    """The slab takes in more slices or fewer, from the slice alone to all of them."""
    slab = window.session.slab
    slices = max(1, min(window.session.shape[0], slab.slices + change))
    window.session.set_display(slab=Slab(slab.projection, slices))


def turns(change: Callable[[Turn], Turn]) -> Run:
    """Turns the active view; what is painted lands where the pointer is, in the image as it lies in its file."""

    def run(window: MainWindow) -> None:
        canvas = window.views.active
        canvas.set_turn(change(canvas.turn))

    return run


TURN = (
    Command("view.turn-right", "View", "Turn right", turns(lambda turn: turn.right()), "Ctrl+]", can_turn,
            "A quarter clockwise, for the eye only", "redo", part=3),
    Command("view.turn-left", "View", "Turn left", turns(lambda turn: turn.left()), "Ctrl+[", can_turn,
            "A quarter counterclockwise, for the eye only", "undo", part=3),
    Command("view.mirror", "View", "Mirror left to right", turns(lambda turn: turn.across()), "Shift+M", can_turn,
            "For the eye only: the image stays as it is", "swap", part=3),
    Command("view.flip", "View", "Mirror top to bottom", turns(lambda turn: turn.down()), "Ctrl+Shift+M", can_turn,
            "For the eye only: the image stays as it is", "swap", part=3),
    Command("rulers.show", "View", "Rulers", lambda w: w.session.set_display(rulers=not w.session.rulers), "Ctrl+R",
            has_image, "Along the edges, in pixels or in the image's unit; not while the view is turned", "ruler",
            lambda w: w.session.rulers, part=3),
    Command("view.straighten", "View", "As it lies in the file", turns(lambda turn: Turn()), "", is_turned,
            "Neither turned nor mirrored", "fit", part=3),
)  # fmt: skip

LAYOUT = (
    Command("layout.single", "Layout", "Single view", lays_out("single"), "F5", has_image, icon="image",
            checked=laid_out("single")),
    Command("layout.orthogonal", "Layout", "Axial, coronal and sagittal", lays_out("orthogonal"), "F6", has_slices,
            "Three planes through the crosshair; Shift and a move of the pointer take it along", "layout",
            laid_out("orthogonal")),
    Command("layout.beside", "Layout", "Compare side by side", lays_out("beside"), "F7", has_image,
            "The same place with other masks, chosen in the view's corner", "copy", laid_out("beside")),
    Command("layout.swipe", "Layout", "Compare with a divider", lays_out("swipe"), "F8", has_image,
            "Drag the divider over the image", "swap", laid_out("swipe")),
    Command("layout.blink", "Layout", "Compare by blinking", lays_out("blink"), "F9", has_image,
            "Both pictures in turns", "switch", laid_out("blink")),
    Command("slab.maximum", "Layout", "Maximum of several slices", projects("maximum"), "", has_slices,
            "See the brightest value of the slices around; masks stay those of the shown slice", "layers",
            projected("maximum"), part=1),
    Command("slab.minimum", "Layout", "Minimum of several slices", projects("minimum"), "", has_slices,
            "See the darkest value of the slices around", "layers", projected("minimum"), part=1),
    Command("slab.mean", "Layout", "Mean of several slices", projects("mean"), "", has_slices,
            "See less noise", "layers", projected("mean"), part=1),
    Command("slab.thicken", "Layout", "Thicker slab", lambda w: thicken(w, 2), "Ctrl+Shift+Up", has_slices, icon="more",
            part=1),
    Command("slab.thin", "Layout", "Thinner slab", lambda w: thicken(w, -2), "Ctrl+Shift+Down", has_slices, icon="less",
            part=1),
)  # fmt: skip
"""Rows of the Layout menu."""
