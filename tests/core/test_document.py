"""The document against a plain model: whatever is painted, undone and redone, the pixels agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segstudio.core.codes import UNSET, Origin, encode
from segstudio.core.document import Document, EditEvent, Version
from segstudio.core.geometry import Box
from segstudio.core.history import Edit, History
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError

SHAPE = (1, 280, 540)
INFO = ImageInfo("png", SHAPE, 1, ("g",), "uint8")


def two_images(budget: int = 2**28) -> Document:
    document = Document(history=History(budget))
    for name in ("A", "B", "C"):
        document.classes.add(name)
    document.add_image("a.png", "", INFO)
    document.add_image("b.png", "", INFO)
    return document


def paint(document: Document, image: int, top: int, left: int, size: int, class_id: int | None) -> Edit | None:
    writer = document.begin_edit(image, 1, "Brush", tool="brush")
    writer.set(0, top, left, np.ones((size, size), bool), class_id)
    return document.finish_edit(writer)


def pixels(document: Document, image: int) -> NDArray[np.integer]:
    return document.layer(image, 1).annotation.read(Box.whole(SHAPE))


STEP = st.one_of(
    st.tuples(
        st.just("paint"), st.integers(1, 2), st.integers(-40, 290), st.integers(-40, 550), st.integers(1, 120),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
    st.tuples(st.just("lock"), st.integers(1, 3)),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=25))
def test_any_session_agrees_with_a_plain_array(steps: list[tuple]) -> None:
    document = two_images()
    states = [np.zeros((2, *SHAPE[1:]), np.uint16)]
    position = 0
    locked: set[int] = set()
    for name, *values in steps:
        if name == "undo":
            assert (document.undo() is not None) == (position > 0)
            position = max(position - 1, 0)
        elif name == "redo":
            assert (document.redo() is not None) == (position < len(states) - 1)
            position = min(position + 1, len(states) - 1)
        elif name == "lock":
            locked ^= {values[0]}
            document.classes.change(values[0], locked=values[0] in locked)
        else:
            image, top, left, size, class_id = values
            after = states[position].copy()
            area = after[image - 1, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)]
            if class_id not in locked:
                free = ~np.isin(area & 0xFF, list(locked)) | (area == UNSET)
                area[free] = UNSET if class_id is None else encode(class_id, Origin.PAINTED)
            changed = not np.array_equal(after, states[position])
            assert (paint(document, image, top, left, size, class_id) is not None) == changed
            if changed:
                states[position + 1 :] = [after]
                position += 1
        assert document.history.position == position
        for image in (1, 2):
            assert np.array_equal(pixels(document, image), states[position][image - 1])


def test_undo_goes_back_across_images() -> None:
    document = two_images()
    for step, image in enumerate((1, 2, 2, 1)):
        paint(document, image, step * 10, 0, 5, 1)
    assert [edit.image for edit in iter(document.undo, None)] == [1, 2, 2, 1]
    assert not pixels(document, 1).any() and not pixels(document, 2).any()
    while document.redo():
        pass
    assert pixels(document, 1).any() and pixels(document, 2).any()


def test_memory_of_undo_stays_within_its_budget() -> None:
    document = two_images(budget=3000)
    for step in range(200):
        paint(document, 1, step, step * 2, 40, step % 4)
    assert document.history.nbytes <= 3000 and len(document.history.edits) > 1


def test_listeners_hear_of_each_direction_with_the_tiles_as_they_are() -> None:
    document = two_images()
    heard: list[EditEvent] = []
    document.edited.connect(heard.append)
    edit = paint(document, 2, 10, 10, 5, 1)
    document.undo()
    document.redo()
    assert edit is not None and [(event.direction, event.position) for event in heard] == [
        ("do", 1),
        ("undo", 0),
        ("redo", 1),
    ]
    assert [event.frames for event in heard] == [edit.after, edit.before, edit.after]
    assert heard[0].edit.id == 1


def test_a_damaged_step_changes_nothing_and_says_so() -> None:
    document = two_images()
    edit = paint(document, 1, 250, 250, 20, 1)
    assert edit is not None
    edit.before[max(edit.before)] = b"nonsense"
    before = pixels(document, 1)
    with pytest.raises(UserError, match="damaged"):
        document.undo()
    assert np.array_equal(pixels(document, 1), before) and document.history.position == 1


def test_a_new_champion_retires_the_one_before() -> None:
    document = two_images()
    for number in (1, 2):
        document.put_version(Version(number, "f", "d", number - 1, "champion", "unet", 0.0))
    assert document.champion == document.versions[2] and document.versions[1].status == "retired"


def test_ids_of_images_and_layers_are_not_used_twice() -> None:
    document = two_images()
    assert [document.add_layer(1, name).id for name in "xy"] == [2, 3]
    assert document.add_image("c.png", "", INFO).id == 3
    with pytest.raises(KeyError):
        document.layer(1, 9)


def test_classes_are_undone_but_not_how_they_are_worked_with() -> None:
    document = two_images()
    document.change_classes("Add class", lambda classes: classes.add("Vessel"))
    added = max(entry.id for entry in document.classes)
    document.change_classes("Colour", lambda classes: classes.change(added, color="#010203"))
    document.change_classes("Lock", lambda classes: classes.change(1, locked=True))
    assert [edit.title for edit in document.history.edits] == ["Add class", "Colour"], "a lock is no step"
    document.undo()
    assert document.classes[added].color != "#010203" and document.classes[1].locked
    document.undo()
    assert added not in document.classes
    document.redo()
    document.redo()
    assert document.classes[added].color == "#010203"


def test_layers_come_and_go_by_undo_with_their_pixels() -> None:
    document = two_images()
    second = document.add_layer(1, "Second")
    writer = document.begin_edit(1, second.id, "Paint", tool="brush")
    writer.set(0, 5, 5, np.ones((4, 4), bool), 1)
    document.finish_edit(writer)
    document.rename_layer(1, second.id, "Other")
    document.move_layer(1, second.id, 0)
    document.remove_layer(1, second.id)
    names = lambda: [layer.name for layer in document.images[1].layers]  # noqa: E731
    assert names() == ["Mask"]
    document.undo()
    assert names() == ["Other", "Mask"] and document.images[1].layers[0] is second
    document.undo()
    assert names() == ["Mask", "Other"]
    document.undo()
    assert names() == ["Mask", "Second"]
    document.undo()
    assert second.annotation.is_empty() and second.annotated_pixels() == 0
    document.undo()
    assert names() == ["Mask"]
    for _ in range(5):
        assert document.redo() is not None
    assert names() == ["Mask"] and document.redo() is None and second.annotated_pixels() == 16
    with pytest.raises(UserError, match="last mask layer"):
        document.remove_layer(1, 1)
