"""Commands of the Image menu: images, slices and mask layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ui.commands.base import Command, can_change, can_change_image, has_image, has_slices
from segstudio.ui.commands.dialogs import find_image
from segstudio.ui.project.table_changes import add_layer, remove_layer

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk


def has_two_layers(desk: Desk) -> bool:
    image = desk.session.image
    return image is not None and can_change(desk) and len(image.layers) > 1


def is_done(desk: Desk) -> bool:
    image = desk.session.image
    return image is not None and image.done


def toggle_done(desk: Desk) -> None:
    image, document = desk.session.image, desk.session.document
    assert document is not None and image is not None
    image.done = not image.done
    document.image_changed.emit(image)


def has_missing(desk: Desk) -> bool:
    project = desk.session.project
    return project is not None and can_change(desk) and any(one.kind == "missing" for one in project.problems.values())


def is_changed(desk: Desk) -> bool:
    project, image = desk.session.project, desk.session.image
    problem = project.problems.get(image.id) if project is not None and image is not None else None
    return problem is not None and problem.kind == "changed" and can_change(desk)


def use_file(desk: Desk) -> None:
    assert desk.session.image is not None
    desk.studio.lost.use(desk.session.image)


def remove_image(desk: Desk) -> None:
    assert desk.session.image is not None
    desk.studio.lost.remove(desk.session.image)


def step_slice(desk: Desk, change: int) -> None:
    """In the view that was used last."""
    session = desk.views.active.session
    session.set_slice(session.slice + change)


IMAGE = (
    Command("image.next", "Image", "Next image", lambda desk: desk.studio.opening.step(1), "D", has_image,
            icon="next"),
    Command("image.previous", "Image", "Previous image", lambda desk: desk.studio.opening.step(-1), "A", has_image,
            icon="previous"),
    Command("image.useful", "Image", "Most useful image", lambda desk: desk.studio.show_useful(), "N", has_image,
            "The image the model would learn most from", "useful"),
    Command("slice.next", "Image", "Next slice", lambda desk: step_slice(desk, 1), "PgDown", has_slices,
            icon="down", part=1),
    Command("slice.previous", "Image", "Previous slice", lambda desk: step_slice(desk, -1), "PgUp", has_slices,
            icon="up", part=1),
    Command("image.done", "Image", "Mark as done", toggle_done, "Ctrl+D", can_change_image, icon="done",
            checked=is_done, part=2),
    Command("image.find", "Image", "Find missing images…", lambda desk: find_image(desk, None), "", has_missing,
            "Look in a folder for images that are not where they were", "search", part=2),
    Command("image.use-file", "Image", "Use the changed file as it is", use_file, "", is_changed,
            "The file was changed since it was added: keep the masks on what it shows now", part=2),
    Command("image.remove", "Image", "Remove image from project", remove_image, "", can_change_image,
            "Its masks go with it, its file stays; undo brings it back", "trash", part=2),
    Command("layer.add", "Image", "Add mask layer", lambda desk: add_layer(desk.session), "", can_change_image,
            icon="layers", part=2),
    Command("layer.remove", "Image", "Remove mask layer",
            lambda desk: remove_layer(desk.session, desk.session.active_layer), "", has_two_layers, icon="trash",
            part=2),
)  # fmt: skip
