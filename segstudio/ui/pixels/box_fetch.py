"""Boxes of an image larger than memory, put together from its tiles for a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import DTypeLike

from segstudio.core.geometry import TILE, Box
from segstudio.core.source import Pixels
from segstudio.ui.pixels.tile_grid import tiles_in
from segstudio.worker.messages import Failed, TileTuple


class BoxFetch:
    """Takes what is `kept` already; `missing` are the tiles still to come. What a cache drops later does not matter."""

    def __init__(
        self, boxes: list[Box], channels: int, dtype: DTypeLike, kept: Callable[[TileTuple], Pixels | None],
        done: Callable[[list[Pixels]], None] = lambda _: None, failed: Callable[[Failed], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.boxes, self.done, self.failed = boxes, done, failed
        self.arrays: list[Pixels] = [np.zeros((box.height, box.width, channels), dtype) for box in boxes]
        self.missing: set[TileTuple] = set()
        for key in dict.fromkeys(key for box in boxes for key in under(box)):
            tile = kept(key)
            if tile is None:
                self.missing.add(key)
            else:
                self.take(key, tile)

    def take(self, tile: TileTuple, pixels: Pixels) -> None:
        """Copy a tile of level 0 into the boxes it touches."""
        z, _, row, column = tile
        area = Box(z, row * TILE, column * TILE, row * TILE + pixels.shape[0], column * TILE + pixels.shape[1])
        for box, array in zip(self.boxes, self.arrays, strict=True):
            part = area.intersect(box)
            if box.z == z and not part.empty:
                array[part.top - box.top : part.bottom - box.top, part.left - box.left : part.right - box.left] = (
                    pixels[part.top - area.top : part.bottom - area.top, part.left - area.left : part.right - area.left]
                )
        self.missing.discard(tile)


def under(box: Box) -> Iterator[TileTuple]:
    """Tiles of level 0 that a box touches."""
    for row, column in tiles_in(box, 0):
        yield box.z, 0, row, column
