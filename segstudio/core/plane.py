"""Plane: a sparse stack of tiles of small integers."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from segstudio.core.geometry import TILE, Box, Shape, TileKey
from segstudio.core.packing import pack, unpack

Tile = NDArray[np.integer]


class TileMemory:
    """Bytes that unpacked tiles of all planes may take together; those written longest ago are packed first.

    Nothing is packed until `trim` is called, at a moment when nobody is about to write into a tile.
    """

    def __init__(self, limit: int = 256 * 2**20) -> None:
        self.limit = limit
        self._bytes = 0
        self._tiles: OrderedDict[tuple[weakref.ref[Plane], TileKey], int] = OrderedDict()

    def hold(self, plane: Plane, key: TileKey, size: int) -> None:
        """A tile was written; `size` 0: it takes no memory any more."""
        place = (weakref.ref(plane), key)
        self._bytes += size - self._tiles.pop(place, 0)
        if size:
            self._tiles[place] = size

    def trim(self) -> None:
        """Pack tiles until the limit is kept."""
        while self._bytes > self.limit and self._tiles:
            (plane, key), size = self._tiles.popitem(last=False)
            self._bytes -= size
            if (owner := plane()) is not None:
                owner.pack_tile(key)


MEMORY = TileMemory()
"""What the masks of the whole program may take unpacked."""


class Plane:
    """Small integers over an image, kept as 256 x 256 tiles; shape is (slices, rows, columns).

    A tile that is all `fill` is absent; a tile that is all one other value is a broadcast scalar. Both cost
    nothing, so an empty plane over 100,000 x 100,000 pixels is a few hundred bytes. Tiles that have not been
    written for long may be packed and cost little. Tiles are never changed in place once handed out: a writer
    replaces them, so whoever holds one holds a snapshot.
    """

    def __init__(self, shape: Shape, dtype: DTypeLike, fill: int) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self.fill = fill
        self._tiles: dict[TileKey, Tile | bytes] = {}
        self._uniform: dict[int, Tile] = {}

    def tile(self, key: TileKey) -> Tile:
        """The (256, 256) tile, also where nothing was written; pixels beyond the image hold `fill`."""
        found = self._tiles.get(key)
        if found is None:
            return self._uniform_tile(self.fill)
        return unpack(found, self.dtype) if isinstance(found, bytes) else found

    def put_tile(self, key: TileKey, tile: Tile, *, compact: bool = True) -> None:
        """Replace a tile; the plane keeps `tile` itself, so the caller must not change it afterwards.

        With `compact`, a tile of one value is stored as that value (costs one pass over the tile), and any other
        may be packed from now on.
        """
        if compact:
            value = tile[0, 0]
            if tile.strides != (0, 0) and (tile == value).all():
                tile = self._uniform_tile(int(value))
            uniform = tile.strides == (0, 0)
            MEMORY.hold(self, key, 0 if uniform else tile.nbytes)
            if uniform and int(value) == self.fill:
                self._tiles.pop(key, None)
                return
        else:
            MEMORY.hold(self, key, 0)  # a writer is at work in it: it must not be packed
        self._tiles[key] = tile

    def pack_tile(self, key: TileKey) -> None:
        """Keep a tile packed until it is written again."""
        found = self._tiles.get(key)
        if isinstance(found, np.ndarray) and found.strides != (0, 0):
            self._tiles[key] = pack(found)

    def uniform(self, key: TileKey) -> int | None:
        """The value of a tile that is stored as one value, else None."""
        found = self._tiles.get(key)
        if found is None:
            return self.fill
        return int(found[0, 0]) if isinstance(found, np.ndarray) and found.strides == (0, 0) else None

    def fill_tile(self, key: TileKey, value: int) -> None:
        """Give a tile that lies wholly inside the image one value."""
        MEMORY.hold(self, key, 0)
        if value == self.fill:
            self._tiles.pop(key, None)
        else:
            self._tiles[key] = self._uniform_tile(value)

    def frozen(self) -> Plane:
        """The plane as it is now, for another thread: later changes do not show in it. Costs no pixels."""
        copy = Plane(self.shape, self.dtype, self.fill)
        copy._tiles = dict(self._tiles)
        return copy

    def keys(self) -> Iterator[TileKey]:
        """Keys of the tiles that hold anything but `fill`."""
        return iter(tuple(self._tiles))

    def read(self, box: Box) -> Tile:
        """A copy of the pixels in `box`, (rows, columns); the box must lie inside the plane."""
        row, column = box.top // TILE, box.left // TILE
        if (box.bottom - 1) // TILE == row and (box.right - 1) // TILE == column:  # what a small brush touches
            top, left = box.top - row * TILE, box.left - column * TILE
            return self.tile((box.z, row, column))[top : top + box.height, left : left + box.width].copy()
        out = np.full((box.height, box.width), self.fill, self.dtype)
        for key in box.tiles():
            if key not in self._tiles:
                continue
            tile, area = self.tile(key), Box.of_tile(key)
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
        """Bytes held by tiles that are not uniform, packed ones as packed."""
        return sum(
            len(tile) if isinstance(tile, bytes) else tile.nbytes
            for tile in self._tiles.values()
            if isinstance(tile, bytes) or tile.strides != (0, 0)
        )

    def _uniform_tile(self, value: int) -> Tile:
        tile = self._uniform.get(value)
        if tile is None:
            tile = np.broadcast_to(np.array(value, self.dtype), (TILE, TILE))
            self._uniform[value] = tile
        return tile
