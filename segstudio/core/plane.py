"""Plane: a sparse stack of tiles of small integers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from segstudio.core.geometry import TILE, Box, Shape, TileKey

Tile = NDArray[np.integer]


class Plane:
    """Small integers over an image, kept as 256 x 256 tiles; shape is (slices, rows, columns).

    A tile that is all `fill` is absent; a tile that is all one other value is a broadcast scalar. Both cost
    nothing, so an empty plane over 100,000 x 100,000 pixels is a few hundred bytes. Tiles are never changed
    in place once handed out: a writer replaces them, so whoever holds one holds a snapshot.
    """

    def __init__(self, shape: Shape, dtype: DTypeLike, fill: int) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.fill = fill
        self._tiles: dict[TileKey, Tile] = {}
        self._uniform: dict[int, Tile] = {}

    def tile(self, key: TileKey) -> Tile:
        """The (256, 256) tile, also where nothing was written; pixels beyond the image hold `fill`."""
        found = self._tiles.get(key)
        return self._uniform_tile(self.fill) if found is None else found

    def put_tile(self, key: TileKey, tile: Tile, *, compact: bool = True) -> None:
        """Replace a tile; the plane keeps `tile` itself, so the caller must not change it afterwards.

        With `compact`, a tile of one value is stored as that value (costs one pass over the tile).
        """
        if compact:
            value = tile[0, 0]
            if tile.strides != (0, 0) and (tile == value).all():
                tile = self._uniform_tile(int(value))
            if tile.strides == (0, 0) and int(value) == self.fill:
                self._tiles.pop(key, None)
                return
        self._tiles[key] = tile

    def uniform(self, key: TileKey) -> int | None:
        """The value of a tile that is stored as one value, else None."""
        found = self._tiles.get(key)
        if found is None:
            return self.fill
        return int(found[0, 0]) if found.strides == (0, 0) else None

    def fill_tile(self, key: TileKey, value: int) -> None:
        """Give a tile that lies wholly inside the image one value."""
        if value == self.fill:
            self._tiles.pop(key, None)
        else:
            self._tiles[key] = self._uniform_tile(value)

    def keys(self) -> Iterator[TileKey]:
        """Keys of the tiles that hold anything but `fill`."""
        return iter(tuple(self._tiles))

    def read(self, box: Box) -> Tile:
        """A copy of the pixels in `box`, (rows, columns); the box must lie inside the plane."""
        out = np.full((box.height, box.width), self.fill, self.dtype)
        for key in box.tiles():
            tile = self._tiles.get(key)
            if tile is None:
                continue
            area = Box.of_tile(key)
            part = area.intersect(box)
            out[part.top - box.top : part.bottom - box.top, part.left - box.left : part.right - box.left] = tile[
                part.top - area.top : part.bottom - area.top,
                part.left - area.left : part.right - area.left,
            ]
        return out

    def is_empty(self) -> bool:
        """Whether every pixel holds `fill`."""
        return not self._tiles

    @property
    def nbytes(self) -> int:
        """Bytes held by tiles that are not uniform."""
        return sum(tile.nbytes for tile in self._tiles.values() if tile.strides != (0, 0))

    def _uniform_tile(self, value: int) -> Tile:
        tile = self._uniform.get(value)
        if tile is None:
            tile = np.broadcast_to(np.array(value, self.dtype), (TILE, TILE))
            self._uniform[value] = tile
        return tile
