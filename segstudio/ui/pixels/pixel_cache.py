"""Tiles of images that are larger than memory, kept within a budget."""

from __future__ import annotations

from collections import OrderedDict

from segstudio.core.source import Pixels
from segstudio.worker.messages import TileTuple

LEAST = 64 * 2**20
"""Bytes kept at least, however much whole images take: what a window shows at once, several times."""

Key = tuple[int, TileTuple]
"""Number of the source and the tile."""


class PixelCache:
    """Those used longest ago go when the budget of bytes is spent."""

    def __init__(self, budget: int) -> None:
        self.budget, self.nbytes = budget, 0
        self._tiles: OrderedDict[Key, Pixels] = OrderedDict()

    def get(self, key: Key) -> Pixels | None:
        """The tile if it is there."""
        found = self._tiles.get(key)
        if found is not None:
            self._tiles.move_to_end(key)
        return found

    def put(self, key: Key, tile: Pixels) -> None:
        """Keep a tile in place of the one before."""
        before = self._tiles.pop(key, None)
        self.nbytes += tile.nbytes - (0 if before is None else before.nbytes)
        self._tiles[key] = tile
        self.trim()

    def trim(self) -> None:
        """Keep to the budget."""
        while self.nbytes > max(self.budget, LEAST) and len(self._tiles) > 1:
            self.nbytes -= self._tiles.popitem(last=False)[1].nbytes

    def forget(self, source: int) -> None:
        """Drop all tiles of a source."""
        for key in [key for key in self._tiles if key[0] == source]:
            self.nbytes -= self._tiles.pop(key).nbytes
