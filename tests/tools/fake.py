"""A document with one image and all that a tool may know about it, without a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.codes import Origin, classes_of
from segstudio.core.document import Document
from segstudio.core.geometry import Box, Shape
from segstudio.core.history import Edit
from segstudio.core.image import ImageInfo
from segstudio.core.layer import MaskLayer
from segstudio.core.parameters import Value, defaults
from segstudio.core.selection import How, Selection, selected
from segstudio.core.spans import Point
from segstudio.core.writer import MaskWriter
from segstudio.tools import TOOLS
from segstudio.tools.base import Pointer, Tool

ROWS, COLUMNS = 300, 600


class FakeSession:
    """All a tool may know, on a real document."""

    def __init__(self, slices: int = 1) -> None:
        self.document = Document()
        self.document.classes.add("Cell")
        self.document.classes.add("Vessel")
        info = ImageInfo("", (slices, ROWS, COLUMNS), 1, ("grey",), "uint8", ranges=((0.0, 100.0),))
        self.document.add_image("a.png", "", info)
        self.active_class, self.brush_radius, self.unsure = 1, 5.0, False
        self.options: dict[tuple[str, str], Value] = {("fill", "tolerance"): 0.0}
        self.offered: list[tuple[str, int, int, int, NDArray[np.uint8]]] = []
        self.refused: list[str] = []
        self.notes: list[str] = []
        self.spacing = (1.0, 1.0, 1.0)
        self.selection: Selection | None = None
        self.pixels: NDArray[np.generic] | None = None
        self.value_range = (0.0, 100.0)
        self.view = Box.whole(self.shape)

    @property
    def shape(self) -> Shape:
        return self.layer.shape

    @property
    def layer(self) -> MaskLayer:
        return self.document.layer(1, 1)

    @property
    def classes(self) -> ClassTable:
        return self.document.classes

    def refuse(self, why: str) -> None:
        self.refused.append(why)

    def read_pixels(self, box: Box) -> NDArray[np.generic] | None:
        return None if self.pixels is None else self.pixels[box.z, box.rows, box.columns]

    def tool_option(self, tool: str, name: str) -> Value:
        kind = next(kind for kind in TOOLS if kind.id == tool)
        return self.options.get((tool, name), defaults(kind.parameters())[name])

    def select(self, outline: Sequence[Point], how: How = "new") -> None:
        self.selection = selected(self.selection, outline, how)

    def offer(
        self, title: str, tool: str, z: int, top: int, left: int, classes: NDArray[np.uint8], *, note: str = ""
    ) -> None:
        self.offered.append((title, z, top, left, classes))
        self.notes.append(note)

    def begin_edit(self, title: str, *, tool: str, origin: Origin = Origin.PAINTED) -> MaskWriter:
        return self.document.begin_edit(1, 1, title, tool=tool, origin=origin)

    def finish_edit(self, writer: MaskWriter) -> Edit | None:
        return self.document.finish_edit(writer)

    def choose_class(self, class_id: int) -> None:
        self.active_class = class_id

    @property
    def codes(self) -> NDArray[np.integer]:
        return self.layer.annotation.read(Box.whole(self.shape))

    @property
    def classes_shown(self) -> NDArray[np.uint8]:
        return classes_of(self.codes.astype(np.uint16))


def stroke(tool: Tool, *points: tuple[float, float], erase: bool = False, shift: bool = False, z: int = 0) -> None:
    pointers = [Pointer(z, row, column, erase, shift=shift) for row, column in points]
    tool.press(pointers[0])
    for at in pointers[1:]:
        tool.drag(at)
    tool.release(pointers[-1])
