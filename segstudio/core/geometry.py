"""Boxes of pixels and the tiles they touch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

TILE = 256
"""Side of a tile in pixels; tiles are square and aligned to the image's top left corner."""

Shape = tuple[int, int, int]
"""Slices, rows, columns."""

TileKey = tuple[int, int, int]
"""Slice, tile row, tile column."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in one slice: rows top..bottom and columns left..right, ends excluded."""

    z: int
    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def whole(cls, shape: Shape, z: int = 0) -> Box:
        """All of slice `z`."""
        return cls(z, 0, 0, shape[1], shape[2])

    @classmethod
    def of_tile(cls, key: TileKey) -> Box:
        """The pixels of a tile; it may reach beyond the image."""
        z, row, column = key
        return cls(z, row * TILE, column * TILE, (row + 1) * TILE, (column + 1) * TILE)

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def empty(self) -> bool:
        return self.bottom <= self.top or self.right <= self.left

    @property
    def rows(self) -> slice:
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.right)

    def clip(self, shape: Shape) -> Box:
        """The part inside an image of `shape`; may be empty."""
        return Box(self.z, max(self.top, 0), max(self.left, 0), min(self.bottom, shape[1]), min(self.right, shape[2]))

    def intersect(self, other: Box) -> Box:
        """The common part (of this box's slice); may be empty."""
        return Box(
            self.z,
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    def union(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box(
            self.z,
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def expand(self, margin: int) -> Box:
        """The box with `margin` pixels more on each side."""
        return Box(self.z, self.top - margin, self.left - margin, self.bottom + margin, self.right + margin)

    def tiles(self) -> Iterator[TileKey]:
        """Keys of all tiles the box touches, row by row."""
        if self.empty:
            return
        for row in range(self.top // TILE, (self.bottom - 1) // TILE + 1):
            for column in range(self.left // TILE, (self.right - 1) // TILE + 1):
                yield self.z, row, column
