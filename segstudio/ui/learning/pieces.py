"""Pieces: how an image larger than memory is predicted part by part, what is seen first."""

from __future__ import annotations

from segstudio.core.geometry import TILE, Box, Shape

PIECE = 10 * TILE
"""Pixels along a side of what is predicted at once of an image larger than memory; a tile around it is looked at, too.
"""


def pieces(shape: Shape, seen: Box, *, whole: bool) -> list[Box]:
    """An image in boxes of whole tiles: what is seen (if `whole` of it can be done at once), then the others of its
    slice from there outwards, then the other slices."""
    grid = [
        Box(z, top, left, top + PIECE, left + PIECE).clip(shape)
        for z in range(shape[0])
        for top in range(0, shape[1], PIECE)
        for left in range(0, shape[2], PIECE)
    ]

    def distance(box: Box) -> tuple[int, int]:
        down, across = box.top + box.bottom - seen.top - seen.bottom, box.left + box.right - seen.left - seen.right
        return abs(box.z - seen.z), abs(down) + abs(across)

    grid.sort(key=distance)
    return [seen, *(box for box in grid if box.z != seen.z or box.intersect(seen) != box)] if whole else grid
