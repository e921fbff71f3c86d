"""Commands of the View menu; those of View > Layout are in `layout`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.settings import save
from segstudio.ui.canvas.turn import Turn
from segstudio.ui.commands.base import Command, Run, Test, has_document, has_image

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk
    from segstudio.ui.session.display import MaskStyle

STYLES: dict[MaskStyle, str] = {
    "fill": "Masks are filled.", "outline": "Only outlines are drawn.", "hatch": "Masks are hatched.",
}  # fmt: skip
"""How masks are drawn, in turns, and what is said of it."""


def can_turn(desk: Desk) -> bool:
    """Crosshair lines and dividers lie over several views; only a single one can be turned."""
    return has_image(desk) and desk.views.chosen == "single"


def is_turned(desk: Desk) -> bool:
    return has_image(desk) and not desk.views.active.turn.straight


def toggles(name: str) -> Run:
    return lambda desk: desk.session.set_display(**{name: not getattr(desk.session.display, name)})


def shown(name: str) -> Test:
    return lambda desk: bool(getattr(desk.session.display, name))


def fade(desk: Desk, change: float) -> None:
    layer = desk.session.layer
    desk.session.set_layer(layer.id, opacity=round(min(1.0, max(0.0, layer.opacity + change)), 2))


def peek(desk: Desk) -> None:
    """Hide the masks until the key is let go."""
    desk.session.set_display(peeking=True)
    desk.views.canvas.setFocus()


def next_style(desk: Desk) -> None:
    styles = list(STYLES)
    style = styles[(styles.index(desk.session.display.mask_style) + 1) % len(styles)]
    desk.session.set_display(mask_style=style)
    desk.say(STYLES[style])


def toggle_smooth(desk: Desk) -> None:
    """Remembered for all images."""
    session = desk.session
    session.settings = session.settings.with_(smooth=not session.display.smooth)
    save(session.settings)
    session.set_display(smooth=not session.display.smooth)


def switch_theme(desk: Desk) -> None:
    """Dark to light and back; remembered."""
    session = desk.session
    session.settings = session.settings.with_(theme="light" if session.settings.theme == "dark" else "dark")
    save(session.settings)
    desk.apply_theme()


def turns(change: Callable[[Turn], Turn]) -> Run:
    """Turns the active view; what is painted lands where the pointer is, in the image as it lies in its file."""

    def run(desk: Desk) -> None:
        canvas = desk.views.active
        canvas.set_turn(change(canvas.turn))

    return run


VIEW = (
    Command("view.fit", "View", "Fit image", lambda desk: desk.views.active.fit(), "Ctrl+0", has_image, icon="fit"),
    Command("view.actual", "View", "Actual size", lambda desk: desk.views.active.actual_size(), "Ctrl+1", has_image,
            icon="actual"),
    Command("view.zoom-in", "View", "Zoom in", lambda desk: desk.views.active.zoom_by(1.25), "+ = Ctrl++ Ctrl+=",
            has_image, icon="zoom-in"),
    Command("view.zoom-out", "View", "Zoom out", lambda desk: desk.views.active.zoom_by(0.8), "- Ctrl+-", has_image,
            icon="zoom-out"),
    Command("masks.show", "View", "Show masks", toggles("masks_visible"), "V", has_document, icon="eye",
            checked=shown("masks_visible"), part=1),
    Command("masks.peek", "View", "Peek at the image", peek, "`", has_image,
            "Hides the masks while the key is held", "peek", part=1, held=True),
    Command("masks.style", "View", "Fill, outline or hatch", next_style, "O", has_document,
            "How masks are drawn; each press goes one further", "outline", part=1),
    Command("window.drag", "View", "Window/level by dragging", toggles("levelling"), "M", has_image,
            "Drag right for more contrast range, up for brighter; again or Esc to end", "histogram",
            shown("levelling"), part=2),
    Command("pixels.smooth", "View", "Blend magnified pixels", toggle_smooth, "", has_document,
            "Off shows each pixel as a square", "image", shown("smooth"), part=2),
    Command("masks.fade", "View", "Fainter mask", lambda desk: fade(desk, -0.1), ",", has_image, icon="less",
            part=1),
    Command("masks.strengthen", "View", "Stronger mask", lambda desk: fade(desk, 0.1), ".", has_image, icon="more",
            part=1),
    Command("uncertainty.show", "View", "Show uncertainty", toggles("uncertainty_visible"), "Shift+Q", has_document,
            "Where the model is not sure", "uncertainty", shown("uncertainty_visible"), part=1),
    Command("baselines.show", "View", "Baselines", lambda desk: desk.show_panel("baselines", ""), "T", has_document,
            "Thresholds and edges", icon="threshold", part=2),
    Command("theme.switch", "View", "Light theme", switch_theme, "", icon="theme",
            checked=lambda desk: desk.session.settings.theme == "light", part=3),
    Command("window.fullscreen", "View", "Full screen", lambda desk: desk.toggle_full_screen(), "F11",
            icon="fullscreen", checked=lambda desk: desk.full_screen, part=3),
    Command("layout.reset", "View", "Reset layout", lambda desk: desk.reset_layout(),
            tip="Put all panels back where they were at first", icon="layout", part=3),
    Command("view.turn-right", "View", "Turn right", turns(lambda turn: turn.right()), "Ctrl+]", can_turn,
            "A quarter clockwise, for the eye only", "redo", part=3),
    Command("view.turn-left", "View", "Turn left", turns(lambda turn: turn.left()), "Ctrl+[", can_turn,
            "A quarter counterclockwise, for the eye only", "undo", part=3),
    Command("view.mirror", "View", "Mirror left to right", turns(lambda turn: turn.across()), "Shift+M", can_turn,
            "For the eye only: the image stays as it is", "swap", part=3),
    Command("view.flip", "View", "Mirror top to bottom", turns(lambda turn: turn.down()), "Ctrl+Shift+M", can_turn,
            "For the eye only: the image stays as it is", "swap", part=3),
    Command("rulers.show", "View", "Rulers", toggles("rulers"), "Ctrl+R", has_image,
            "Along the edges, in pixels or in the image's unit; not while the view is turned", "ruler",
            shown("rulers"), part=3),
    Command("view.straighten", "View", "As it lies in the file", turns(lambda turn: Turn()), "", is_turned,
            "Neither turned nor mirrored", "fit", part=3),
)  # fmt: skip
