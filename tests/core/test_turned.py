"""Turned planes, sources and writers against plain transposes; slabs against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.reslice import (
    ORDER,
    Axis,
    TurnedPlane,
    TurnedSource,
    TurnedWriter,
    turned,
    turned_back,
    turned_boxes,
    turned_source,
)
from segstudio.core.slab import PROJECT, Slab, SlabSource
from segstudio.core.source import ArraySource, Pixels
from segstudio.core.spans import swept_disc
from segstudio.core.writer import MaskWriter

SHAPE = (7, 300, 270)
AXES: tuple[Axis, ...] = (1, 2)


def painted() -> tuple[Document, NDArray[np.uint8]]:
    """A document whose mask holds random classes 1 and 2, and those as an array; 255 where nothing is."""
    document = Document()
    document.classes.add("A")
    document.classes.add("B")
    document.add_image("a", "", ImageInfo("", SHAPE, 1, ("grey",), "uint8"))
    wanted = np.random.default_rng(3).choice(np.array([1, 2, 255], np.uint8), SHAPE)
    wanted[2] = 255
    wanted[3] = 1
    writer = begin(document)
    for z in range(SHAPE[0]):
        writer.put(z, 0, 0, wanted[z])
    document.finish_edit(writer)
    return document, wanted


def begin(document: Document) -> MaskWriter:
    return document.begin_edit(1, 1, "Paint", tool="brush")


def whole(document: Document) -> NDArray[np.uint8]:
    layer = document.layer(1, 1)
    return np.stack([layer.mask(Box.whole(SHAPE, z)) for z in range(SHAPE[0])])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_turning_back_undoes_turning(axis: Axis) -> None:
    assert turned_back(turned(("z", "y", "x"), axis), axis) == ("z", "y", "x")
    assert turned(SHAPE, axis) == np.empty(SHAPE).transpose(ORDER[axis]).shape


@pytest.mark.parametrize("axis", AXES)
def test_a_turned_plane_reads_as_a_transposed_array(axis: Axis) -> None:
    document, _ = painted()
    plane = document.layer(1, 1).annotation
    expected = np.stack([plane.read(Box.whole(SHAPE, z)) for z in range(SHAPE[0])]).transpose(ORDER[axis])
    view = TurnedPlane(plane, axis)
    for z in (0, 255, 256, 269):
        assert (view.read(Box.whole(view.shape, z)) == expected[z]).all()
    assert (view.read(Box(260, 1, 250, 5, 262)) == expected[260, 1:5, 250:262]).all()
    assert (view.tile((3, 0, 1))[:7, : expected.shape[2] - 256] == expected[3, :, 256:]).all()
    assert {key[0] for key in view.keys()} == set(range(view.shape[0]))  # noqa: SIM118  a Plane is no dict


class Slow(ArraySource):
    """Has only the slices that were fetched."""

    def __init__(self, array: NDArray[np.generic]) -> None:
        super().__init__(array)
        self.there: set[int] = set()

    def read(self, box: Box) -> Pixels:
        return super().read(box) if box.z in self.there else None  # type: ignore[return-value]


@pytest.mark.parametrize("axis", AXES)
def test_turned_sources_give_transposed_pixels(axis: Axis) -> None:
    pixels = np.random.default_rng(1).integers(0, 60000, (*SHAPE, 2), dtype=np.uint16)
    expected = pixels.transpose((*ORDER[axis], 3))
    quick, slow = turned_source(ArraySource(pixels), axis), TurnedSource(ArraySource(pixels), axis)
    assert turned_source(ArraySource(pixels), 0).shape == pixels.shape
    for source in (quick, slow):
        assert source.shape == expected.shape and source.dtype == np.uint16
        assert (source.read(Box(20, 1, 5, 6, 200)) == expected[20, 1:6, 5:200]).all()
        assert (source.tile(20, 0, 0, 1) == expected[20, :, 256:]).all()
        assert (source.sample(4) == expected[4]).all()
    assert (quick.tile(20, 1, 0, 0) == slow.tile(20, 1, 0, 0)).all()  # type: ignore[union-attr]


@pytest.mark.parametrize("axis", AXES)
def test_a_turned_source_waits_for_all_lines_and_tells_when_they_come(axis: Axis) -> None:
    slow = Slow(np.ones((*SHAPE, 1), np.uint8))
    source = TurnedSource(slow, axis)
    came: list[Box] = []
    source.arrived.connect(came.append)
    assert source.tile(9, 0, 0, 0) is None
    slow.there = set(range(SHAPE[0]))
    slow.arrived.emit(Box(3, 0, 0, 256, 256))
    assert source.tile(9, 0, 0, 0) is not None
    assert {box.z for box in came} == set(range(256)) and came[9] == Box(9, 0, 0, SHAPE[0], 256)


@pytest.mark.parametrize("axis", AXES)
def test_what_is_written_in_a_turned_plane_lands_in_the_right_voxels(axis: Axis) -> None:
    document, before = painted()
    shape = turned(SHAPE, axis)
    expected = before.copy()
    seen = expected.transpose(ORDER[axis])  # writes through to `expected`
    writer = TurnedWriter(begin(document), axis)
    stencil = np.random.default_rng(2).random((9, 40)) > 0.5
    writer.set(100, -1, 250, stencil, 2)  # reaches beyond the image above, below and (axis 1) to the right
    part = stencil[1:8, : shape[2] - 250]
    seen[100, :, 250 : 250 + part.shape[1]][part] = 2
    classes = np.full((3, 5), 1, np.uint8)
    where = np.eye(3, 5, dtype=bool)
    writer.put(10, 2, 30, classes, where)
    seen[10, 2:5, 30:35][where] = 1
    spans = swept_disc((3.5, 60.0), (3.5, 90.0), 2.5)
    writer.sweep(40, spans, None)
    box = spans.box(40).clip(shape)
    seen[40, box.rows, box.columns][spans.stencil(box)] = 255
    assert document.finish_edit(writer.writer) is not None
    assert (whole(document) == expected).all()
    document.undo()
    assert (whole(document) == before).all()


def test_a_turned_writer_can_be_rolled_back() -> None:
    document, before = painted()
    writer = TurnedWriter(begin(document), 2)
    writer.set(5, 0, 0, np.ones((7, 300), bool), 2)
    writer.rollback()
    assert (whole(document) == before).all()


@pytest.mark.parametrize("axis", AXES)
def test_a_box_of_slices_is_found_in_every_turned_slice_it_touches(axis: Axis) -> None:
    touched = np.zeros(SHAPE, bool)
    touched[2:4, 10:13, 20:25] = True
    seen = touched.transpose(ORDER[axis])
    boxes = {box.z: box for box in turned_boxes(2, 4, Box(2, 10, 20, 13, 25), axis)}
    assert set(boxes) == set(np.flatnonzero(seen.any(axis=(1, 2))).tolist())
    for z, box in boxes.items():
        assert seen[z, box.rows, box.columns].all() and seen[z].sum() == box.height * box.width


@pytest.mark.parametrize("projection", ["maximum", "minimum", "mean"])
def test_a_slab_projects_the_slices_around(projection: str) -> None:
    pixels = np.random.default_rng(5).integers(0, 255, (*SHAPE, 1), dtype=np.uint8)
    source = SlabSource(ArraySource(pixels), Slab(projection, 3))  # type: ignore[arg-type]
    expected = PROJECT[projection](pixels[3:6, :256, :256], axis=0).astype(np.uint8)
    assert (source.tile(4, 0, 0, 0) == expected).all()
    first = PROJECT[projection](pixels[:2, :256, 256:], axis=0).astype(np.uint8)
    assert (source.tile(0, 0, 0, 1) == first).all()
    assert (source.read(Box(4, 0, 0, 9, 9)) == pixels[4, :9, :9]).all()  # tools and the status bar see true values


def test_a_slab_touches_only_its_own_slices() -> None:
    assert list(Slab("mean", 5).around(1, 40)) == [0, 1, 2, 3]
    assert list(Slab("mean", 4).around(10, 40)) == [8, 9, 10, 11]
    assert not Slab().thick
