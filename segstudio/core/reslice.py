"""Turned: an image's pixels and masks as they are seen along its rows or columns instead of its slices.

Axis 0 is the image as it is stored (axial: slice, row, column). Seen along axis 1 (coronal) a plane's slice is an
image row, its rows are image slices and its columns image columns; along axis 2 (sagittal) its slice is an image
column, its rows are image slices and its columns image rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import ClassMap
from segstudio.core.events import Event
from segstudio.core.geometry import TILE, Box, TileKey
from segstudio.core.plane import Plane, Tile
from segstudio.core.source import ArraySource, Pixels, PixelSource, block_mean, spread
from segstudio.core.spans import Spans
from segstudio.core.writer import MaskWriter

Axis = Literal[0, 1, 2]

ORDER: dict[int, tuple[int, int, int]] = {0: (0, 1, 2), 1: (1, 0, 2), 2: (2, 0, 1)}
"""Which axis of the image is the turned one's slice, row and column."""

Value = TypeVar("Value")
Number = TypeVar("Number", bound=np.generic)


def turned(values: Sequence[Value], axis: Axis) -> tuple[Value, Value, Value]:
    """Something given for (slices, rows, columns) of the image, in the order of the turned one."""
    a, b, c = ORDER[axis]
    return values[a], values[b], values[c]


def turned_back(values: Sequence[Value], axis: Axis) -> tuple[Value, Value, Value]:
    """Something given for (slices, rows, columns) of the turned image, in the order of the image."""
    order = ORDER[axis]
    return values[order.index(0)], values[order.index(1)], values[order.index(2)]


def line(box: Box, z: int, axis: Axis) -> Box:
    """The pixels that a box of a turned slice has in slice `z` of the image: one row of them, or one column."""
    if axis == 1:
        return Box(z, box.z, box.left, box.z + 1, box.right)
    return Box(z, box.left, box.z, box.right, box.z + 1)


def turned_boxes(first: int, last: int, box: Box, axis: Axis) -> Iterator[Box]:
    """What `box` in the image's slices first..last (end excluded) covers in each turned slice."""
    slices, (left, right) = ((box.top, box.bottom), (box.left, box.right))[:: 1 if axis == 1 else -1]
    for z in range(*slices):
        yield Box(z, first, left, last, right)


class TurnedPlane(Plane):
    """A view of a plane; it holds no pixels. Reading costs the image tiles that the turned box cuts."""

    def __init__(self, plane: Plane, axis: Axis) -> None:
        super().__init__(turned(plane.shape, axis), plane.dtype, plane.fill)
        self._plane, self._axis = plane, axis

    def tile(self, key: TileKey) -> Tile:
        out = np.full((TILE, TILE), self.fill, self.dtype)
        inside = Box.of_tile(key).clip(self.shape)
        out[: inside.height, : inside.width] = self.read(inside)
        return out

    def keys(self) -> Iterator[TileKey]:
        found: set[TileKey] = set()
        for z, row, column in self._plane.keys():  # noqa: SIM118  a Plane is no dict
            part = Box.of_tile((z, row, column)).clip(self._plane.shape)
            for box in turned_boxes(z, z + 1, part, self._axis):
                found.update(box.tiles())
        return iter(sorted(found))

    def read(self, box: Box) -> Tile:
        out = np.full((box.height, box.width), self.fill, self.dtype)
        plane = self._plane
        for place, z in enumerate(range(box.top, box.bottom)):
            strip = line(box, z, self._axis)
            for key in strip.tiles():
                value = plane.uniform(key)
                if value == plane.fill:
                    continue
                corner = Box.of_tile(key)
                part = corner.intersect(strip)
                start = part.left - box.left if self._axis == 1 else part.top - box.left
                count = max(part.width, part.height)
                inside = np.s_[
                    part.top - corner.top : part.bottom - corner.top, part.left - corner.left : part.right - corner.left
                ]
                out[place, start : start + count] = plane.tile(key)[inside].reshape(-1) if value is None else value
        return out

    def is_empty(self) -> bool:
        return self._plane.is_empty()


class TurnedSource:
    """Pixels of a source along another axis, where they are not all in memory: read line by line."""

    def __init__(self, source: PixelSource, axis: Axis) -> None:
        self._source, self._axis = source, axis
        self.arrived: Event[Box] = Event()
        source.arrived.connect(self._on_arrived)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return *turned(self._source.shape[:3], self._axis), self._source.shape[3]

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self._source.dtype

    def read(self, box: Box) -> Pixels | None:
        out = np.zeros((box.height, box.width, self.shape[3]), self.dtype)
        complete = True
        for place, z in enumerate(range(box.top, box.bottom)):
            found = self._source.read(line(box, z, self._axis))  # every line is asked for, so that all are fetched
            complete = complete and found is not None
            if found is not None:
                out[place] = found.reshape(box.width, -1)
        return out if complete else None

    def tile(self, z: int, level: int, row: int, column: int, *, fetch: bool = True) -> Pixels | None:
        if not fetch:
            return None
        side = TILE << level
        box = Box(z, row * side, column * side, (row + 1) * side, (column + 1) * side)
        part = self.read(box.clip(self.shape[:3]))
        return None if part is None else block_mean(part, 1 << level)

    def sample(self, z: int) -> Pixels | None:
        found = self.read(Box.whole(self.shape[:3], z))
        return None if found is None else spread(found)

    def look(self, viewer: object, box: Box, level: int) -> None:
        """Nothing: a turned view needs a line of every slice it crosses."""

    def _on_arrived(self, box: Box) -> None:
        for part in turned_boxes(box.z, box.z + 1, box, self._axis):
            for key in part.tiles():
                self.arrived.emit(Box.of_tile(key).clip(self.shape[:3]))


def turned_source(source: PixelSource, axis: Axis) -> PixelSource:
    """The source along an axis: the same memory with other strides where it is all there."""
    if axis == 0:
        return source
    if isinstance(source, ArraySource):
        return ArraySource(source.array.transpose((*ORDER[axis], 3)))
    return TurnedSource(source, axis)


class TurnedWriter:
    """A MaskWriter in the coordinates of a turned plane: what is drawn there becomes one line in each image slice."""

    def __init__(self, writer: MaskWriter, axis: Axis) -> None:
        self.writer, self._axis = writer, axis

    @property
    def closed(self) -> bool:
        return self.writer.closed

    @property
    def blocked(self) -> str:
        return self.writer.blocked

    @blocked.setter
    def blocked(self, why: str) -> None:
        self.writer.blocked = why

    def set(self, z: int, top: int, left: int, stencil: NDArray[np.bool_], class_id: int | None) -> None:
        """As MaskWriter.set."""
        for place, strip in self._lines(z, top, left, stencil.shape):
            if stencil[place].any():
                self.writer.set(strip.z, strip.top, strip.left, self._along(stencil[place]), class_id)

    def put(self, z: int, top: int, left: int, classes: ClassMap, where: NDArray[np.bool_] | None = None) -> None:
        """As MaskWriter.put."""
        for place, strip in self._lines(z, top, left, classes.shape):
            chosen = None if where is None else self._along(where[place])
            self.writer.put(strip.z, strip.top, strip.left, self._along(classes[place]), chosen)

    def sweep(self, z: int, spans: Spans, class_id: int | None) -> None:
        """As MaskWriter.sweep; costs the area, which in a turned plane is small."""
        box = spans.box(z).clip(turned(self.writer.layer.shape, self._axis))
        if not box.empty:
            self.set(z, box.top, box.left, spans.stencil(box), class_id)

    def rollback(self) -> None:
        self.writer.rollback()

    def _lines(self, z: int, top: int, left: int, shape: tuple[int, ...]) -> Iterator[tuple[int, Box]]:
        """For each row of something drawn, which lies inside the image: its number, and its pixels there."""
        box = Box(z, top, left, top + shape[0], left + shape[1])
        for row in range(max(0, top), min(self.writer.layer.shape[0], box.bottom)):
            yield row - top, line(box, row, self._axis)

    def _along(self, row: NDArray[Number]) -> NDArray[Number]:
        return row[None, :] if self._axis == 1 else row[:, None]
