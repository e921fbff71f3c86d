"""Tiles ready to be drawn, kept within a budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from PySide6.QtGui import QImage

Key = tuple[Hashable, int, int, int, int]
"""What (the image, a layer), slice, level, row, column."""


class TileCache:
    """Pictures of 256 x 256 tiles; those used longest ago go when the budget of bytes is spent."""

    def __init__(self, budget: int = 256 * 2**20) -> None:
        self.budget, self._bytes = budget, 0
        self._tiles: OrderedDict[Key, QImage] = OrderedDict()
        self._levels: dict[tuple[Hashable, int], list[int]] = {}

    def find(self, key: Key) -> QImage | None:
        """The tile if it is there."""
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
        return tile

    def keep(self, key: Key, tile: QImage) -> QImage:
        """Add a tile; it may be changed in place later."""
        self.drop(key)
        self._tiles[key] = tile
        levels = self._levels.setdefault(key[:2], [])
        if key[2] not in levels:
            levels.append(key[2])
        self._bytes += tile.sizeInBytes()
        while self._bytes > self.budget and len(self._tiles) > 1:
            _, oldest = self._tiles.popitem(last=False)
            self._bytes -= oldest.sizeInBytes()
        return tile

    def levels(self, what: Hashable, z: int) -> list[int]:
        """Levels of which there are tiles of `what` in a slice, or were."""
        return self._levels.get((what, z), [])

    def drop(self, key: Key) -> None:
        """Forget a tile."""
        tile = self._tiles.pop(key, None)
        if tile is not None:
            self._bytes -= tile.sizeInBytes()

    def clear(self) -> None:
        self._tiles.clear()
        self._levels.clear()
        self._bytes = 0
