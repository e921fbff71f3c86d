"""Tally: how many pixels hold each value, kept up to date tile by tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import TILE, TileKey
from segstudio.core.plane import Tile


class CodeCounts:
    """Pixels by annotation code over a whole plane; asking costs nothing, whatever the image's size."""

    def __init__(self, codes: int) -> None:
        self._total = np.zeros(codes, np.int64)
        self._tiles: dict[TileKey, tuple[NDArray[np.intp], NDArray[np.intp]]] = {}

    def count(self, key: TileKey, tile: Tile) -> None:
        """The tile at `key` is this one now."""
        before = self._tiles.pop(key, None)
        if before is not None:
            self._total[before[0]] -= before[1]
        if tile.strides == (0, 0):
            found, pixels = np.array([int(tile[0, 0])]), np.array([TILE * TILE])
        else:
            counts = np.bincount(tile.ravel(), minlength=1)
            found = np.flatnonzero(counts)
            pixels = counts[found]
        self._total[found] += pixels
        if found.any():  # a tile that holds nothing but 0 is as if it were not there
            self._tiles[key] = found, pixels
        else:
            self._total[found] -= pixels

    def pixels(self) -> NDArray[np.int64]:
        """Pixels by code; the count of code 0 means nothing, since tiles without any other are not counted."""
        return self._total.copy()
