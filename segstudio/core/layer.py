"""MaskLayer: what people say lies over what models say."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np

from segstudio.core.code_counts import CodeCounts
from segstudio.core.codes import CODES, NOTHING, UNSET, ClassMap, Origin, classes_of
from segstudio.core.events import Event
from segstudio.core.geometry import Box, Shape, TileKey
from segstudio.core.plane import Plane, Tile


class MaskLayer:
    """Two planes of one image: `mask = annotation where it is set, else prediction`.

    `prediction` (uint8 class, 255 = none) is written by models only and replaced tile by tile; `versions`
    tells for each tile the number of the model version that made it. `annotation` (uint16 codes, see
    core.codes) is written by people only, through MaskWriter. `uncertainty` (uint8, 0 = certain) comes with
    the prediction; `previous` keeps, in memory only, what the version before said. `tally` counts the annotated
    pixels by code. `changed` reports every box of pixels whose content changed.
    """

    def __init__(self, id: int, name: str, shape: Shape) -> None:
        self.id = id
        self.name = name
        self.shape = shape
        self.visible = True
        self.opacity = 0.55
        self.prediction = Plane(shape, np.uint8, NOTHING)
        self.previous = Plane(shape, np.uint8, NOTHING)
        self.annotation = Plane(shape, np.uint16, UNSET)
        self.uncertainty = Plane(shape, np.uint8, 0)
        self.versions: dict[TileKey, int] = {}
        self.tally = CodeCounts(CODES)
        self.changed: Event[Box] = Event()

    def mask(self, box: Box) -> ClassMap:
        """Class per pixel of `box` as shown, measured and exported; 255 where neither plane knows.

        A pixel marked unsure is an annotation without a class: 255.
        """
        codes = self.annotation.read(box)
        mask = classes_of(codes)  # type: ignore[arg-type]
        unset = codes == UNSET
        mask[unset] = self.prediction.read(box)[unset]
        return mask

    def frozen(self) -> MaskLayer:
        """The two planes of the mask as they are now, to be read in another thread."""
        copy = MaskLayer(self.id, self.name, self.shape)
        copy.annotation, copy.prediction = self.annotation.frozen(), self.prediction.frozen()
        return copy

    def put_annotated(self, key: TileKey, tile: Tile) -> None:
        """Replace an annotation tile for good. Only the gate, undo and loading do this; listeners are not told."""
        self.annotation.put_tile(key, tile)
        self.tally.count(key, tile)

    def tell(self, parts: Iterable[Box]) -> None:
        """Report changed boxes: as one for each slice, unless that would hold far more than what changed."""
        slices: dict[int, list[Box]] = {}
        for part in parts:
            slices.setdefault(part.z, []).append(part)
        for boxes in slices.values():
            whole = reduce(Box.union, boxes)
            sparse = 2 * sum(box.height * box.width for box in boxes) < whole.height * whole.width
            for box in boxes if sparse else (whole,):
                self.changed.emit(box)

    def annotated(self, box: Box) -> ClassMap:
        """Class per pixel where a person has spoken, else 255."""
        return classes_of(self.annotation.read(box))  # type: ignore[arg-type]

    def annotated_pixels(self) -> int:
        """Number of pixels with a class from a person (unsure ones not counted)."""
        return int(self.tally.pixels()[256 : int(Origin.UNSURE) * 256].sum())
