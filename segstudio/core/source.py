"""PixelSource: where an image's pixels come from, in levels of detail, whole in memory or piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from segstudio.core.events import Event
from segstudio.core.geometry import TILE, Box, Shape

Pixels = NDArray[np.generic]
"""Image pixels: (rows, columns, channels) of one slice, native dtype."""

SAMPLES = 1_000_000
"""Pixels of a slice that `sample` returns at most, about."""

STRIDE = 2
"""Coarse levels are kept for every second level (2, 4, ...): each is made from the one before, and a level between
two is made from the finer one when it is drawn."""

LARGE = 4096
"""Longest side in pixels up to which a coarse level is made from all pixels each time it is asked for."""


class PixelSource(Protocol):
    """Pixels of one image, (slices, rows, columns, channels).

    Level n holds one pixel for each 2**n x 2**n pixels of the image. A source that reads on demand answers None
    for what is not there yet, fetches it, and emits `arrived` with the image pixels that came.
    """

    arrived: Event[Box]

    @property
    def shape(self) -> tuple[int, int, int, int]: ...
    @property
    def dtype(self) -> np.dtype[np.generic]: ...

    def read(self, box: Box) -> Pixels | None:
        """All pixels of a box that lies inside the image."""

    def tile(self, z: int, level: int, row: int, column: int, *, fetch: bool = True) -> Pixels | None:
        """Tile (row, column) of a level, up to 256 x 256 pixels; without `fetch` only if it costs nothing."""

    def sample(self, z: int) -> Pixels | None:
        """Pixels spread evenly over a slice, about a million at most: for histograms and previews."""

    def look(self, viewer: object, box: Box, level: int) -> None:
        """`viewer` now shows `box` at `level`: what no viewer shows any more need not be fetched."""


class ArraySource:
    """A source whose pixels are all in memory (or mapped).

    `coarse` holds levels 2, 4, ... as `coarse_levels` makes them, (slices, rows, columns, channels) each; a level
    without one is made from the finest pixels as it is asked for.
    """

    def __init__(self, array: NDArray[np.generic], coarse: Sequence[NDArray[np.generic]] = ()) -> None:
        self.array = array
        self._levels = (array, *coarse)
        self.arrived: Event[Box] = Event()

    @property
    def shape(self) -> tuple[int, int, int, int]:
        slices, rows, columns, channels = self.array.shape
        return slices, rows, columns, channels

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return self.array.dtype

    def read(self, box: Box) -> Pixels:
        return np.asarray(self.array[box.z, box.rows, box.columns])

    def tile(self, z: int, level: int, row: int, column: int, *, fetch: bool = True) -> Pixels:
        kept = min(level // STRIDE, len(self._levels) - 1)
        side = TILE << (level - kept * STRIDE)
        part = self._levels[kept][z, row * side : (row + 1) * side, column * side : (column + 1) * side]
        return block_mean(part, 1 << (level - kept * STRIDE))

    def sample(self, z: int) -> Pixels:
        return spread(self.array[z])

    def look(self, viewer: object, box: Box, level: int) -> None:
        """Nothing to do: all pixels are there."""


def spread(plane: Pixels) -> Pixels:
    """Every n-th pixel of every n-th row, so that about `SAMPLES` are left at most."""
    step = max(1, int(np.ceil(np.sqrt(plane.shape[0] * plane.shape[1] / SAMPLES))))
    return np.asarray(plane[::step, ::step])


def top_level(shape: Shape) -> int:
    """The finest level on which a slice is about a million pixels at most: what an overview is."""
    level = 0
    while -(-shape[1] >> level) * -(-shape[2] >> level) > SAMPLES:
        level += 1
    return level


def block_mean(part: Pixels, step: int) -> Pixels:
    """The mean of each `step` x `step` block of (rows, columns, channels), in the same dtype.

    Blocks that the lower and right edge cuts are the mean of what is there of them. Means of integers are rounded
    half up.
    """
    part = np.asarray(part)
    if step == 1 or not part.size:
        return part
    rows, columns = part.shape[0] // step * step, part.shape[1] // step * step
    out = np.empty((-(-part.shape[0] // step), -(-part.shape[1] // step), part.shape[2]), part.dtype)
    out[: rows // step, : columns // step] = _whole_blocks(part[:rows, :columns], step, step)
    if rows < part.shape[0]:
        out[-1:, : columns // step] = _whole_blocks(part[rows:, :columns], part.shape[0] - rows, step)
    if columns < part.shape[1]:
        out[: rows // step, -1:] = _whole_blocks(part[:rows, columns:], step, part.shape[1] - columns)
    if rows < part.shape[0] and columns < part.shape[1]:
        corner = part[rows:, columns:]
        out[-1:, -1:] = _whole_blocks(corner, corner.shape[0], corner.shape[1])
    return out


def _whole_blocks(part: Pixels, tall: int, wide: int) -> Pixels:
    """Means of `tall` x `wide` blocks; the sides of `part` are multiples of them.

    Sums of whole rows first: many times faster than a mean over the axes of a reshaped array.
    """
    count, kind = tall * wide, _sum_type(part.dtype, tall * wide)
    rows = part[::tall].astype(kind)
    for offset in range(1, tall):
        np.add(rows, part[offset::tall], out=rows, casting="unsafe")
    total = rows[:, ::wide].copy()
    for offset in range(1, wide):
        total += rows[:, offset::wide]
    if part.dtype.kind == "f":
        return np.asarray(total / count, part.dtype)
    if kind.kind == "f":
        return np.asarray(np.floor(total / count + 0.5), part.dtype)
    total += kind.type(count // 2)
    if count & (count - 1) == 0:  # the same as a division, and many times faster
        return np.asarray(total >> kind.type(count.bit_length() - 1), part.dtype)
    return np.asarray(total // kind.type(count), part.dtype)


def _sum_type(dtype: np.dtype[np.generic], count: int) -> np.dtype[np.generic]:
    """The narrowest type that holds the sum of `count` values."""
    wanted: DTypeLike = np.float64
    if dtype.kind == "f":
        wanted = max(dtype, np.dtype(np.float32), key=lambda kind: kind.itemsize)
    elif dtype.itemsize == 1 and count <= 128:
        wanted = np.int16 if dtype.kind == "i" else np.uint16
    elif dtype.itemsize <= 2 and count <= 2**15:
        wanted = np.int32 if dtype.kind == "i" else np.uint32
    return np.dtype(wanted)


def coarse_levels(array: NDArray[np.generic]) -> list[NDArray[np.generic]]:
    """Levels 2, 4, ... of (slices, rows, columns, channels), a fifteenth of its bytes; none where it is not large."""
    levels: list[NDArray[np.generic]] = []
    if max(array.shape[1:3]) < LARGE:
        return levels
    while max(array.shape[1:3]) > TILE:
        array = np.stack([_in_bands(plane) for plane in array])
        levels.append(array)
    return levels


def _in_bands(plane: Pixels) -> Pixels:
    """One level of a slice after another band of rows: sums of a whole large slice would not fit the caches."""
    step, band = 1 << STRIDE, 64 << STRIDE
    return np.concatenate([block_mean(plane[top : top + band], step) for top in range(0, plane.shape[0], band)])
