"""The grid of tiles that pixels are read and drawn by: at level n a tile covers 2 to the n times as many pixels."""

from __future__ import annotations

from collections.abc import Iterator

from segstudio.core.geometry import TILE, Box, Shape


def tile_box(z: int, level: int, row: int, column: int, shape: Shape) -> Box:
    """Image pixels under a tile of a level."""
    side = TILE << level
    return Box(z, row * side, column * side, (row + 1) * side, (column + 1) * side).clip(shape)


def tiles_in(box: Box, level: int) -> Iterator[tuple[int, int]]:
    """Rows and columns of the level's tiles that touch `box`."""
    if box.empty:
        return
    side = TILE << level
    for row in range(box.top // side, (box.bottom - 1) // side + 1):
        for column in range(box.left // side, (box.right - 1) // side + 1):
            yield row, column
