"""Commands of View > Layout: how many views there are, and how many slices are seen as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.slab import Projection, Slab
from segstudio.ui.commands.base import Command, Run, Test, has_image, has_slices

if TYPE_CHECKING:
    from segstudio.ui.canvas.views import Layout
    from segstudio.ui.desk import Desk


THINNEST = 5
"""Slices of a slab when it is first chosen."""


def lays_out(layout: Layout) -> Run:
    return lambda desk: desk.views.choose(layout)


def laid_out(layout: Layout) -> Test:
    return lambda desk: has_image(desk) and desk.views.chosen == layout


def projects(projection: Projection) -> Run:
    """Shows a slab, or the slice alone when that slab is shown already."""

    def run(desk: Desk) -> None:
        slab = desk.session.display.slab
        shown = slab.thick and slab.projection == projection
        slices = 1 if shown else slab.slices if slab.thick else THINNEST
        desk.session.set_display(slab=Slab(projection, slices))

    return run


def projected(projection: Projection) -> Test:
    return lambda desk: desk.session.display.slab.thick and desk.session.display.slab.projection == projection


def thicken(desk: Desk, change: int) -> None:
    """The slab takes in more slices or fewer, from the slice alone to all of them."""
    slab = desk.session.display.slab
    slices = max(1, min(desk.session.shape[0], slab.slices + change))
    desk.session.set_display(slab=Slab(slab.projection, slices))


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
    Command("slab.thicken", "Layout", "Thicker slab", lambda desk: thicken(desk, 2), "Ctrl+Shift+Up", has_slices,
            icon="more", part=1),
    Command("slab.thin", "Layout", "Thinner slab", lambda desk: thicken(desk, -2), "Ctrl+Shift+Down", has_slices,
            icon="less", part=1),
)  # fmt: skip
"""Rows of the Layout menu."""
