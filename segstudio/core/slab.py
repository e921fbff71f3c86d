"""Slab: several slices seen as one, by their largest, smallest or mean value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segstudio.core.events import Event
from segstudio.core.geometry import Box
from segstudio.core.source import Pixels, PixelSource

Projection = Literal["maximum", "minimum", "mean"]

PROJECT: dict[str, Callable[..., Any]] = {"maximum": np.max, "minimum": np.min, "mean": np.mean}


@dataclass(frozen=True, slots=True)
class Slab:
    """`slices` slices around the shown one; an even number has one more before it than after."""

    projection: Projection = "maximum"
    slices: int = 1

    @property
    def thick(self) -> bool:
        return self.slices > 1

    def around(self, z: int, count: int) -> range:
        """The slices of an image of `count` that are seen at `z`."""
        first = z - self.slices // 2
        return range(max(0, first), min(count, first + self.slices))


class SlabSource:
    """A source whose tiles are projections over a slab. Costs the drawn tiles of its slices.

    Coarse levels project means of pixels, so a thin bright line is fainter there than at full size. Only tiles are
    projected: `read` and `sample` give the true pixels of one slice.
    """

    def __init__(self, source: PixelSource, slab: Slab) -> None:
        self._source, self._slab = source, slab
        self.arrived: Event[Box] = source.arrived

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self._source.shape

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self._source.dtype

    def read(self, box: Box) -> Pixels | None:
        return self._source.read(box)

    def tile(self, z: int, level: int, row: int, column: int, *, fetch: bool = True) -> Pixels | None:
        """The projection; None until the tiles of all its slices are there."""
        slices = self._slab.around(z, self.shape[0])
        found = [self._source.tile(other, level, row, column, fetch=fetch) for other in slices]
        tiles = [tile for tile in found if tile is not None]
        if len(tiles) < len(found):
            return None
        return np.asarray(PROJECT[self._slab.projection](np.stack(tiles), axis=0)).astype(self.dtype)

    def sample(self, z: int) -> Pixels | None:
        return self._source.sample(z)

    def look(self, viewer: object, box: Box, level: int) -> None:
        self._source.look(viewer, box, level)
