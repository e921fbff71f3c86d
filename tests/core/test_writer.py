"""The gate: clips, honours locks, and changes exactly the pixels it was told to."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import NOTHING, UNSET, Origin, encode
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.layer import MaskLayer
from segstudio.core.writer import MaskWriter

SHAPE = (2, 300, 400)


@pytest.fixture
def document() -> Document:
    document = Document()
    document.classes.add("Cell")
    document.classes.add("Membrane")
    document.add_image("a.png", "", ImageInfo("png", SHAPE, 1, ("g",), "uint8"))
    return document


def begin(document: Document, origin: Origin = Origin.PAINTED) -> MaskWriter:
    return document.begin_edit(1, 1, "Brush", tool="brush", origin=origin)


def mask_layer(document: Document) -> MaskLayer:
    return document.layer(1, 1)


def codes(document: Document, z: int = 0) -> np.ndarray:
    return mask_layer(document).annotation.read(Box.whole(SHAPE, z))


def square(size: int) -> np.ndarray:
    return np.ones((size, size), bool)


def predict(document: Document, class_id: int) -> None:
    classes = np.full(SHAPE[1:], class_id, np.uint8)
    document.put_prediction(1, 1, 0, 0, 0, classes, np.zeros_like(classes), 1)


def test_what_reaches_beyond_the_image_is_clipped(document: Document) -> None:
    writer = begin(document)
    for top, left in ((-10, -10), (290, 390), (-500, 0), (0, 900)):
        writer.set(0, top, left, square(20), 1)
    edit = document.finish_edit(writer)
    assert edit is not None and int((codes(document) != UNSET).sum()) == 200
    for key in list(mask_layer(document).annotation.keys()):
        inside = Box.of_tile(key).clip(SHAPE)
        tile = mask_layer(document).annotation.tile(key)
        assert not tile[inside.height :].any() and not tile[:, inside.width :].any()


def test_only_the_slice_that_was_painted_changes(document: Document) -> None:
    writer = begin(document)
    writer.set(1, 10, 10, square(5), 2)
    document.finish_edit(writer)
    assert not codes(document, 0).any() and (codes(document, 1)[10:15, 10:15] == encode(2, Origin.PAINTED)).all()


def test_painting_the_same_again_leaves_no_entry(document: Document) -> None:
    for expected in (True, False):
        writer = begin(document)
        writer.set(0, 10, 10, square(30), 1)
        assert (document.finish_edit(writer) is not None) is expected
    assert len(document.history.edits) == 1


def test_painting_and_taking_back_within_one_stroke_leaves_no_entry(document: Document) -> None:
    writer = begin(document)
    writer.set(0, 10, 10, square(30), 1)
    writer.set(0, 10, 10, square(30), None)
    assert document.finish_edit(writer) is None and mask_layer(document).annotation.is_empty()


def test_a_stroke_of_many_dabs_is_one_step_and_keeps_each_tile_once(document: Document) -> None:
    writer = begin(document)
    for step in range(100):
        writer.set(0, step, 200 + step, square(10), 1)
    edit = document.finish_edit(writer)
    assert edit is not None and len(document.history.edits) == 1
    assert set(edit.before) == set(edit.after) == {(0, 0, 0), (0, 0, 1)}
    assert edit.box == Box(0, 0, 200, 109, 309)


def test_rollback_puts_everything_back_and_tells(document: Document) -> None:
    writer = begin(document)
    writer.set(0, 10, 10, square(30), 1)
    document.finish_edit(writer)
    before, told = codes(document), []
    mask_layer(document).changed.connect(told.append)
    writer = begin(document)
    writer.set(0, 0, 0, square(280), 2)
    writer.rollback()
    assert np.array_equal(codes(document), before) and told[-1] == Box(0, 0, 0, 280, 280)


def test_a_locked_class_cannot_be_painted_with(document: Document) -> None:
    document.classes.change(1, locked=True)
    writer = begin(document)
    writer.set(0, 10, 10, square(5), 1)
    assert writer.blocked == "“Cell” is locked." and document.finish_edit(writer) is None


def test_annotated_pixels_of_a_locked_class_stay(document: Document) -> None:
    writer = begin(document)
    writer.set(0, 10, 10, square(10), 1)
    document.finish_edit(writer)
    document.classes.change(1, locked=True)
    for class_id in (2, None):
        writer = begin(document)
        writer.set(0, 5, 5, square(20), class_id)
        document.finish_edit(writer)
        assert (codes(document)[10:20, 10:20] == encode(1, Origin.PAINTED)).all() and "Cell" in writer.blocked


def test_predicted_pixels_of_a_locked_class_stay(document: Document) -> None:
    predict(document, 1)
    document.classes.change(1, locked=True)
    writer = begin(document)
    writer.set(0, 5, 5, square(20), 2)
    assert document.finish_edit(writer) is None and writer.blocked


def test_a_class_map_skips_nothing_locked_classes_and_what_is_not_chosen(document: Document) -> None:
    document.classes.change(2, locked=True)
    classes = np.array([[0, 1, 2, NOTHING, 1]], np.uint8)
    writer = begin(document, Origin.TOOL)
    writer.put(0, 7, 7, classes, np.array([[True, True, True, True, False]]))
    document.finish_edit(writer)
    expected = [encode(0, Origin.TOOL), encode(1, Origin.TOOL), UNSET, UNSET, UNSET]
    assert codes(document)[7, 7:12].tolist() == expected


def test_the_score_counts_first_annotations_under_a_prediction_and_undo_takes_them_back(
    document: Document,
) -> None:
    predict(document, 1)
    writer = begin(document)
    writer.set(0, 0, 0, square(10), 1)
    writer.set(0, 0, 10, square(10), 2)
    edit = document.finish_edit(writer)
    assert edit is not None and (edit.seen, edit.agreed) == (200, 100)
    writer = begin(document)
    writer.set(0, 0, 0, square(10), 2)
    again = document.finish_edit(writer)
    assert again is not None and again.seen == 0
    assert document.images[1].agreement == 0.5
    document.undo()
    document.undo()
    assert document.images[1].agreement is None


def test_a_prediction_never_touches_the_annotation(document: Document) -> None:
    writer = begin(document)
    writer.set(0, 10, 10, square(30), 2)
    document.finish_edit(writer)
    before = codes(document)
    predict(document, 1)
    assert np.array_equal(codes(document), before)
    shown = mask_layer(document).mask(Box.whole(SHAPE))
    assert (shown[10:40, 10:40] == 2).all() and shown[0, 0] == 1
    assert set(mask_layer(document).versions.values()) == {1}


def test_a_prediction_that_does_not_cover_its_tiles_is_refused(document: Document) -> None:
    block = np.zeros((100, 100), np.uint8)
    with pytest.raises(ValueError, match="does not cover"):
        document.put_prediction(1, 1, 0, 0, 0, block, block, 1)


def test_unsure_pixels_show_no_class_and_are_not_counted(document: Document) -> None:
    predict(document, 1)
    writer = begin(document, Origin.UNSURE)
    writer.set(0, 0, 0, square(10), 0)
    document.finish_edit(writer)
    layer = mask_layer(document)
    assert (layer.mask(Box(0, 0, 0, 10, 10)) == NOTHING).all() and layer.annotated_pixels() == 0


def test_a_prediction_of_a_part_keeps_what_the_tiles_hold_around_it() -> None:
    document = Document()
    document.classes.add("Cell")
    document.add_image("a.png", "", ImageInfo("", (1, 300, 600), 1, ("grey",), "uint8"))
    whole = np.ones((256, 256), np.uint8)
    document.put_prediction(1, 1, 0, 0, 0, whole, whole * 7, 1)
    part = np.zeros((100, 300), np.uint8)
    with pytest.raises(ValueError, match="does not cover"):
        document.put_prediction(1, 1, 0, 190, 200, part, part, 1)
    document.put_prediction(1, 1, 0, 190, 200, part, part + 9, 2, in_part=True)
    expected = np.full((300, 600), NOTHING, np.uint8)
    expected[:256, :256] = 1
    before = expected.copy()
    expected[190:290, 200:500] = 0
    layer = document.layer(1, 1)
    np.testing.assert_array_equal(layer.prediction.read(Box(0, 0, 0, 300, 600)), expected)
    assert layer.uncertainty.read(Box(0, 189, 199, 191, 201)).tolist() == [[7, 7], [7, 9]]
    assert layer.versions == {(0, 0, 0): 2, (0, 0, 1): 2, (0, 1, 0): 2, (0, 1, 1): 2}
    np.testing.assert_array_equal(layer.previous.read(Box(0, 0, 0, 256, 256)), before[:256, :256])
