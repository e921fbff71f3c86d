"""Every command of the application: one row each. Menus, tool bar, command search and sheet read this table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from segstudio.core.classes import SAFE_PALETTE
from segstudio.settings import save
from segstudio.tools import TOOLS
from segstudio.ui.commands.base import (
    Command,
    Run,
    Test,
    always,
    can_change,
    can_edit,
    can_redo,
    can_switch,
    can_undo,
    has_champion,
    has_document,
    has_image,
    has_job,
    has_object_class,
    has_prediction,
    has_slices,
    has_two_layers,
    is_training,
)
from segstudio.ui.commands.dialogs import (
    open_export,
    open_import,
    open_import_folder,
    open_new_model,
    open_plugins,
    open_settings,
)
from segstudio.ui.commands.layout import LAYOUT, TURN
from segstudio.ui.commands.mask import MASK, SELECTION
from segstudio.ui.commands.review import GUIDE
from segstudio.ui.dialogs import files as dialogs

if TYPE_CHECKING:
    from segstudio.core.history import Edit
    from segstudio.ui.session.session import MaskStyle
    from segstudio.ui.shell.window import MainWindow

# --- what needs more than a line ----------------------------------------------------------------------------


def reveal(window: MainWindow, edit: Edit | None) -> None:
    """Show where something was undone or redone, so that nothing changes out of sight."""
    session = window.session
    if edit is None or not edit.image:
        return
    if session.image is None or session.image.id != edit.image:
        window.actions.show_image(edit.image)
    elif edit.before and not any(key[0] == session.slice for key in edit.before):
        session.set_slice(next(iter(edit.before))[0])


def remove_layer(window: MainWindow) -> None:
    next(line for line in window.layers.rows if line.layer.id == window.session.active_layer).remove()


def swap(window: MainWindow) -> None:
    session = window.session
    session.set_tool("brush" if session.tool_id == "eraser" else "eraser")


def fade(window: MainWindow, change: float) -> None:
    layer = window.session.layer
    window.session.set_layer(layer.id, opacity=round(min(1.0, max(0.0, layer.opacity + change)), 2))


def resize(window: MainWindow, factor: float) -> None:
    """A tenth, and at least half a pixel, so that small brushes move too."""
    radius = window.session.brush_radius
    step = max(0.5, abs(radius * factor - radius))
    window.session.set_brush_radius(radius + (step if factor > 1 else -step))


def toggle(window: MainWindow, name: str) -> None:
    window.session.set_display(**{name: not getattr(window.session, name)})


def choose(window: MainWindow, place: int) -> None:
    """The class at a place of the list: 1 is the first after the background."""
    ids = [entry.id for entry in window.session.classes if entry.id]
    if place == 0 or place <= len(ids):
        window.session.choose_class(ids[place - 1] if place else 0)


def chooses(place: int) -> Run:
    return lambda window: choose(window, place)


def uses(tool_id: str) -> Run:
    return lambda window: window.session.set_tool(tool_id)


def in_use(tool_id: str) -> Test:
    return lambda window: window.session.tool_id == tool_id


def toggle_done(window: MainWindow) -> None:
    session = window.session
    assert session.document is not None and session.image is not None
    session.image.done = not session.image.done
    session.document.image_changed.emit(session.image)


def next_style(window: MainWindow) -> None:
    styles: tuple[MaskStyle, ...] = ("fill", "outline", "hatch")
    style = styles[(styles.index(window.session.mask_style) + 1) % len(styles)]
    window.session.set_display(mask_style=style)
    window.say(
        {"fill": "Masks are filled.", "outline": "Only outlines are drawn.", "hatch": "Masks are hatched."}[style]
    )


def toggle_smooth(window: MainWindow) -> None:
    """Remembered for all images."""
    session = window.session
    session.settings = session.settings.with_(smooth=not session.smooth)
    save(session.settings)
    session.set_display(smooth=not session.smooth)


def toggle_live(window: MainWindow) -> None:
    """Remembered for all projects."""
    session = window.session
    session.settings = session.settings.with_(live=not session.settings.live)
    save(session.settings)
    window.actions.learn_live(session.settings.live)
    window.say("Learning while you paint." if session.settings.live else "No longer learning while you paint.")


def safe_colors(window: MainWindow) -> None:
    """Give the classes colours that stay apart with any colour vision, as one step."""
    document = window.session.document
    if document is not None:
        document.change_classes("Colour-vision-safe colours", lambda classes: classes.recolor(SAFE_PALETTE))


def next_candidate(window: MainWindow) -> None:
    """What else the object under the pointer could be."""
    pointer = window.canvas.pointer
    if pointer is None:
        window.say("Point at an object first.")
    else:
        window.candidates.show_next(pointer)


def explain(method: str) -> Callable[[MainWindow], None]:
    """Ask why the object under the pointer is what it is."""
    return lambda window: window.actions.explain(window.canvas.pointer, method)


def step_slice(window: MainWindow, change: int) -> None:
    """In the view that was used last."""
    session = window.views.active.session
    session.set_slice(session.slice + change)


def show_baselines(window: MainWindow) -> None:
    window.show_panel("baselines")
    window.baselines.preview()


def confirm(window: MainWindow) -> None:
    """Finish a half-drawn shape, else apply the proposal, else accept the region that is looked at."""
    if window.views.active.confirm():
        return
    if window.session.proposal is None and window.guiding.stop_now is not None:
        window.guiding.accept()
    else:
        window.session.accept_proposal()


def discard(window: MainWindow) -> None:
    if window.views.active.cancel():
        return
    if window.session.value_overlay is not None:
        window.session.show_veil(None)
        return
    if window.session.proposal is None:
        window.guiding.stop()
    window.session.discard_proposal()
    window.notices.clear_banner()


_FILE = (
    Command("images.open", "File", "Open images…", dialogs.open_images, "Ctrl+O",
            tip="Add images to the project", icon="image"),
    Command("folder.open", "File", "Open folder…", dialogs.open_folder, "Ctrl+Shift+O",
            tip="Add all images of a folder", icon="folder"),
    Command("images.combine", "File", "Open as channels of one image…", dialogs.combine_images, "",
            tip="Co-registered files, such as T1, T2 and FLAIR, or colour and infrared", icon="layers"),
    Command("project.new", "File", "New project", lambda w: w.actions.new_project(), "Ctrl+N", icon="new",
            part=1),
    Command("project.open", "File", "Open project…", dialogs.open_project, "Ctrl+Alt+O", icon="project",
            part=1),
    Command("sample.open", "File", "Open sample project", lambda w: w.actions.open_sample(), icon="sample",
            part=1),
    Command("project.copy", "File", "Save a copy…", dialogs.save_copy, "Ctrl+Shift+S", has_document,
            "The project itself is stored all the time", "copy", part=2),
    Command("masks.export", "File", "Export masks…", open_export, "Ctrl+E", has_document,
            "For other programs: PNG, TIFF, GeoTIFF, NIfTI, DICOM SEG, COCO…", "export", part=2),
    Command("masks.import", "File", "Import masks…", open_import, "Ctrl+I", can_edit,
            "What another program made, into the active layer or a new one", "open", part=2),
    Command("masks.import-folder", "File", "Import masks from a folder…", open_import_folder, "", can_edit,
            "A file for each image, found by its name", "open", part=2),
    Command("app.quit", "File", "Quit", lambda w: w.actions.quit(), "Ctrl+Q", icon="quit", part=3),
)  # fmt: skip

_EDIT = (
    Command("edit.undo", "Edit", "Undo", lambda w: reveal(w, w.session.undo()), "Ctrl+Z", can_undo,
            "Undo the last edit, on whichever image it was", "undo"),
    Command("edit.redo", "Edit", "Redo", lambda w: reveal(w, w.session.redo()), "Ctrl+Shift+Z Ctrl+Y", can_redo,
            icon="redo"),
    Command("proposal.accept", "Edit", "Apply proposal", confirm, "Return Enter", can_edit,
            "Apply what is shown as a proposal, or finish the shape", "check", part=1),
    Command("proposal.discard", "Edit", "Discard proposal", discard, "Esc", has_document,
            "Drop what is shown as a proposal, or the half-drawn shape", "close", part=1),
    Command("candidate.next", "Edit", "Next candidate for the object", next_candidate, "C", can_edit,
            "What the model, the version before it and a threshold say here", "switch", part=1),
    Command("prediction.accept", "Edit", "Accept prediction", lambda w: w.actions.accept_prediction(),
            "Ctrl+Return", has_prediction, "Copy the prediction into the annotation where nobody has spoken",
            "accept", part=1),
    Command("app.settings", "Edit", "Settings…", open_settings, "Ctrl+,", icon="layout", part=4),
    Command("app.plugins", "Edit", "Plugins…", open_plugins, "", always,
            "Networks that others have made: install, look, remove", "model", part=4),
    Command("tool.swap", "Edit", "Swap brush and eraser", swap, "X", has_document, icon="swap", part=3),
    Command("brush.shrink", "Edit", "Smaller brush", lambda w: resize(w, 1 / 1.1), "[", has_document,
            icon="smaller", part=3),
    Command("brush.grow", "Edit", "Larger brush", lambda w: resize(w, 1.1), "]", has_document,
            icon="larger", part=3),
    *SELECTION,
)  # fmt: skip

_TOOLS = tuple(
    Command(
        f"tool.{kind.id}", "Edit", kind.title, uses(kind.id), kind.shortcut,
        has_document, kind.hint, kind.icon or kind.id, in_use(kind.id), part=2,
    )
    for kind in TOOLS
)  # fmt: skip

_CLASSES = (
    *(
        Command(
            f"class.choose-{place}", "Classes", f"Class {place}", chooses(place),
            str(place), has_document,
        )
        for place in range(1, 10)
    ),
    Command("class.background", "Classes", "Background", lambda w: choose(w, 0), "0", has_document, part=1),
    Command("class.unsure", "Classes", "Unsure", lambda w: w.session.choose_unsure(), "U", has_document,
            "Pixels that training leaves out", part=1),
    Command("class.safe-colors", "Classes", "Colour-vision-safe colours", safe_colors, "", can_change,
            "Colours that stay apart with any colour vision (Okabe and Ito)", "color", part=2),
    Command("class.add", "Classes", "Add class", lambda w: w.classes.add_class(), enabled=can_change,
            icon="add", part=2),
    Command("class.merge", "Classes", "Merge class into…", lambda w: w.classes.ask_merge(w.session.active_class), "",
            has_object_class, "Give all pixels of the active class, painted and predicted, to another one", part=2),
    Command("class.remove", "Classes", "Remove class", lambda w: w.classes.remove_active(), "", has_object_class,
            "Take the active class out of the project, where no pixel holds it", "trash", part=2),
)  # fmt: skip

_IMAGE = (
    Command("image.next", "Image", "Next image", lambda w: w.actions.next_image(1), "D", has_image,
            icon="next"),
    Command("image.previous", "Image", "Previous image", lambda w: w.actions.next_image(-1), "A",
            has_image, icon="previous"),
    Command("image.useful", "Image", "Most useful image", lambda w: w.actions.most_useful_image(), "N",
            has_image, "The image the model would learn most from", "useful"),
    Command("slice.next", "Image", "Next slice", lambda w: step_slice(w, 1),
            "PgDown", has_slices, icon="down", part=1),
    Command("slice.previous", "Image", "Previous slice",
            lambda w: step_slice(w, -1), "PgUp", has_slices, icon="up", part=1),
    Command("image.done", "Image", "Mark as done", toggle_done, "Ctrl+D",
            lambda w: has_image(w) and can_change(w), icon="done",
            checked=lambda w: bool(w.session.image and w.session.image.done), part=2),
    Command("layer.add", "Image", "Add mask layer", lambda w: w.layers.add_layer(), "",
            lambda w: has_image(w) and can_change(w), icon="layers", part=2),
    Command("layer.remove", "Image", "Remove mask layer", remove_layer, "", has_two_layers, icon="trash", part=2),
)  # fmt: skip

_MODEL = (
    Command("model.predict", "Model", "Predict", lambda w: w.actions.predict(False), "P", can_edit,
            "Run the model on this image", "predict"),
    Command("model.predict-view", "Model", "Predict the view", lambda w: w.actions.predict(True),
            "Shift+P", can_edit, "Run the model on what is in view", "predict-view"),
    Command("job.cancel", "Model", "Cancel what is running", lambda w: w.actions.cancel_jobs(), "Ctrl+.",
            has_job, icon="cancel"),
    Command("model.train", "Model", "Train or pause", lambda w: w.actions.train_or_pause(), "Ctrl+T",
            can_change, "Learn from your corrections; again to pause", "train", part=1),
    Command("model.live", "Model", "Learn while painting", toggle_live, "Ctrl+L", has_document,
            "After each stroke what is seen is predicted again", "train", lambda w: w.session.settings.live, part=1),
    Command("model.stop", "Model", "Stop training", lambda w: w.actions.stop_training(), "", is_training,
            "End the training and keep the best so far", "stop", part=1),
    Command("model.new", "Model", "New model…", open_new_model, "", can_change,
            "Choose U-Net, SegNet or FCN and start afresh", "new", part=2),
    Command("model.change", "Model", "Show what would change", lambda w: w.actions.show_version_change(0), "",
            can_switch, "What the waiting model, or the one before, says otherwise in view", "switch", part=2),
    Command("model.explain", "Model", "Explain the object", explain("gradcam"), "?", has_champion,
            "Where the model looked to say what is under the pointer (Seg-Grad-CAM)", "useful", part=2),
    Command("model.explain-edges", "Model", "Explain by pixels", explain("integrated"), "", has_champion,
            "Which pixels speak for what is under the pointer (integrated gradients)", "useful", part=2),
    Command("model.export", "Model", "Export model as ONNX…", dialogs.export_model, "", has_champion,
            "For other programs; checked with ONNX Runtime", "export", part=2),
    Command("model.switch", "Model", "Accept or roll back", lambda w: w.actions.accept_or_roll_back(),
            "Ctrl+Shift+T", can_switch, "Use the waiting model, or go back to the one before", "switch", part=2),
)  # fmt: skip

_VIEW = (
    Command("view.fit", "View", "Fit image", lambda w: w.views.active.fit(), "Ctrl+0", has_image, icon="fit"),
    Command("view.actual", "View", "Actual size", lambda w: w.views.active.actual_size(), "Ctrl+1", has_image,
            icon="actual"),
    Command("view.zoom-in", "View", "Zoom in", lambda w: w.views.active.zoom_by(1.25), "+ = Ctrl++ Ctrl+=",
            has_image, icon="zoom-in"),
    Command("view.zoom-out", "View", "Zoom out", lambda w: w.views.active.zoom_by(0.8), "- Ctrl+-", has_image,
            icon="zoom-out"),
    Command("masks.show", "View", "Show masks", lambda w: toggle(w, "masks_visible"), "V", has_document,
            icon="eye", checked=lambda w: w.session.masks_visible, part=1),
    Command("masks.peek", "View", "Peek at the image", lambda w: w.peek(), "`", has_image,
            "Hides the masks while the key is held", "peek", part=1, held=True),
    Command("masks.style", "View", "Fill, outline or hatch", next_style, "O", has_document,
            "How masks are drawn; each press goes one further", "outline", part=1),
    Command("window.drag", "View", "Window/level by dragging", lambda w: toggle(w, "levelling"), "M", has_image,
            "Drag right for more contrast range, up for brighter; again or Esc to end", "histogram",
            lambda w: w.session.levelling, part=2),
    Command("pixels.smooth", "View", "Blend magnified pixels", toggle_smooth, "", has_document,
            "Off shows each pixel as a square", "image", lambda w: w.session.smooth, part=2),
    Command("masks.fade", "View", "Fainter mask", lambda w: fade(w, -0.1), ",", has_image, icon="less",
            part=1),
    Command("masks.strengthen", "View", "Stronger mask", lambda w: fade(w, 0.1), ".", has_image,
            icon="more", part=1),
    Command("uncertainty.show", "View", "Show uncertainty", lambda w: toggle(w, "uncertainty_visible"),
            "Shift+Q", has_document, "Where the model is not sure", "uncertainty",
            lambda w: w.session.uncertainty_visible, part=1),
    Command("baselines.show", "View", "Baselines", show_baselines, "T", has_document,
            "Thresholds and edges", icon="threshold", part=2),
    Command("theme.switch", "View", "Light theme", lambda w: w.switch_theme(), "", icon="theme",
            checked=lambda w: w.session.settings.theme == "light", part=3),
    Command("window.fullscreen", "View", "Full screen", lambda w: w.toggle_full_screen(), "F11",
            icon="fullscreen", checked=lambda w: w.isFullScreen(), part=3),
    Command("layout.reset", "View", "Reset layout", lambda w: w.reset_layout(),
            tip="Put all panels back where they were at first", icon="layout", part=3),
)  # fmt: skip

_HELP = (
    Command("commands.search", "Help", "Search commands", lambda w: w.search_commands(), "Ctrl+K",
            icon="search"),
    Command("shortcuts.show", "Help", "Keyboard shortcuts", lambda w: w.show_shortcuts(), "F1",
            icon="keyboard"),
    Command("app.about", "Help", "About SegStudio", dialogs.about, icon="info", part=1),
)  # fmt: skip

COMMANDS = (*_FILE, *_EDIT, *_TOOLS, *_CLASSES, *MASK, *_IMAGE, *GUIDE, *_VIEW, *TURN, *LAYOUT, *_MODEL, *_HELP)

MENUS = ("File", "Edit", "Classes", "Mask", "Image", "View", "Layout", "Model", "Help")

INSIDE = {"Layout": "View"}
"""Menus that lie in another one."""

TOOL_BAR = ("images.open", "", "edit.undo", "edit.redo", "", "model.predict", "model.train")
"""Commands of the top tool bar; an empty id is a line."""

TOOL_COLUMN = (
    *(f"tool.{kind.id}" for kind in TOOLS),
    "",
    "view.fit",
    "masks.show",
    "masks.style",
    "uncertainty.show",
)
"""Commands of the left tool bar."""


def keys_of(command: Command, own: dict[str, str]) -> list[str]:
    """The shortcuts of a command; `own` holds the user's by command id."""
    return own.get(command.id, command.keys).split()
