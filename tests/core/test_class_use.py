"""Classes that pixels hold do not vanish: they are merged, as one step, and their ids are not given again."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.class_use import ids_in_use, merge, painted_in, predicted_in
from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError

SHAPE = (2, 300, 300)
ORIGINS = (Origin.PAINTED, Origin.IMPORTED, Origin.ACCEPTED, Origin.TOOL)


@pytest.fixture
def document() -> Document:
    """Two images with two layers each; classes 1, 2 and 3 painted and predicted in quarters."""
    made = Document()
    for name in ("A", "B", "C"):
        made.classes.add(name)
    quarters = np.kron(np.array([[0, 1], [2, 3]], np.uint8), np.ones((150, 150), np.uint8))
    for number in (1, 2):
        made.add_image(f"{number}.png", "", ImageInfo("png", SHAPE, 1, ("grey",), "uint8", ranges=((0.0, 255.0),)))
        made.add_layer(number, "Second")
        for layer, origin in ((1, ORIGINS[number]), (2, ORIGINS[number + 1])):
            writer = made.begin_edit(number, layer, "Paint", tool="brush", origin=origin)
            writer.put(1, 0, 0, quarters)
            made.finish_edit(writer)
            made.put_prediction(number, layer, 0, 0, 0, quarters, quarters, 1)
    return made


def planes(document: Document) -> list[np.ndarray]:
    return [
        plane.read(Box.whole(SHAPE, z))
        for entry in document.images.values()
        for layer in entry.layers
        for plane in (layer.annotation, layer.prediction)
        for z in (0, 1)
    ]


def names(document: Document) -> list[str]:
    return [entry.name for entry in document.classes]


@pytest.mark.parametrize(("source", "target"), [(1, 2), (3, 1), (2, 0)])
def test_a_merge_takes_all_pixels_along_and_is_one_step(document: Document, source: int, target: int) -> None:
    before, position, table = planes(document), document.history.position, names(document)
    merge(document, source, target, "Merge")
    after = planes(document)
    for old, new in zip(before, after, strict=True):
        low = np.where(old & 0xFF == source, target, old & 0xFF) if old.dtype == np.uint16 else old
        expected = (old & 0xFF00) | low if old.dtype == np.uint16 else np.where(old == source, target, old)
        np.testing.assert_array_equal(new, np.where(old == 0, 0, expected) if old.dtype == np.uint16 else expected)
    assert source not in document.classes and source not in ids_in_use(document)
    for _ in range(2):
        undone = document.undo()
        assert undone is not None and document.history.position == position and names(document) == table
        for old, new in zip(before, planes(document), strict=True):
            np.testing.assert_array_equal(old, new)
        document.redo()
        for old, new in zip(after, planes(document), strict=True):
            np.testing.assert_array_equal(old, new)


def test_a_prediction_that_came_after_a_merge_is_not_taken_back_with_it(document: Document) -> None:
    merge(document, 1, 2, "Merge")
    document.put_prediction(1, 1, 0, 0, 0, np.full(SHAPE[1:], 3, np.uint8), np.zeros(SHAPE[1:], np.uint8), 2)
    document.undo()
    assert (document.layer(1, 1).prediction.read(Box.whole(SHAPE, 0)) == 3).all()
    assert (document.layer(2, 1).prediction.read(Box.whole(SHAPE, 0)) == 1).any()


def test_locked_classes_and_the_background_are_not_merged(document: Document) -> None:
    before, position = planes(document), document.history.position
    document.classes.change(2, locked=True)
    for source, target in ((1, 2), (2, 1), (0, 1), (1, 1)):
        with pytest.raises(UserError):
            merge(document, source, target, "Merge")
    assert document.history.position == position and all(map(np.array_equal, before, planes(document)))


def test_pixels_of_layers_that_can_come_back_are_in_use_and_merged(document: Document) -> None:
    for entry in document.images.values():
        for layer in entry.layers:
            writer = document.begin_edit(entry.id, layer.id, "Clear", tool="revert")
            if (entry.id, layer.id) != (2, 2):
                writer.set(1, 0, 0, np.ones(SHAPE[1:], bool), None)
            document.finish_edit(writer)
    document.remove_layer(2, 2)
    held = painted_in(document, 1)
    assert held is not None and held.id == 2
    merge(document, 1, 3, "Merge")
    document.undo()
    document.undo()
    document.redo()
    document.redo()
    assert painted_in(document, 1) is None


def test_undo_of_a_new_class_takes_what_was_predicted_of_it_along(document: Document) -> None:
    fresh = document.change_classes("Add class", lambda table: table.add("D"))
    everywhere = np.full(SHAPE[1:], fresh.id, np.uint8)
    document.put_prediction(1, 1, 0, 0, 0, everywhere, np.zeros(SHAPE[1:], np.uint8), 2)
    told: list[object] = []
    document.predicted.connect(told.append)
    held = predicted_in(document, fresh.id)
    assert held is not None and held.id == 1
    document.undo()
    assert predicted_in(document, fresh.id) is None and told
    assert (document.layer(1, 1).prediction.read(Box.whole(SHAPE, 0)) == NOTHING).all()
    again = document.change_classes("Add class", lambda table: table.add("E"))
    assert again.id != fresh.id, "a model may still mean the other one"
