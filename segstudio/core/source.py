"""PixelSource: where an image's pixels come from, in levels of detail, whole in memory or piece by piece."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.events import Event
from segstudio.core.geometry import TILE, Box

Pixels = NDArray[np.generic]
"""Image pixels: (rows, columns, channels) of one slice, native dtype."""

SAMPLES = 1_000_000
"""Pixels of a slice that `sample` returns at most, about."""


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

    def tile(self, z: int, level: int, row: int, column: int) -> Pixels | None:
        """Tile (row, column) of a level, up to 256 x 256 pixels."""

    def sample(self, z: int) -> Pixels | None:
        """Pixels spread evenly over a slice, about a million at most: for histograms and previews."""


class ArraySource:
    """A source whose pixels are all in memory (or mapped); coarse levels are made as they are asked for."""

    def __init__(self, array: NDArray[np.generic]) -> None:
        self.array = array
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

    def tile(self, z: int, level: int, row: int, column: int) -> Pixels:
        side = TILE << level
        return reduced(self.array[z, row * side : (row + 1) * side, column * side : (column + 1) * side], level)

    def sample(self, z: int) -> Pixels:
        plane = self.array[z]
        step = max(1, int(np.ceil(np.sqrt(plane.shape[0] * plane.shape[1] / SAMPLES))))
        return np.asarray(plane[::step, ::step])


def reduced(part: Pixels, level: int) -> Pixels:
    """One pixel for each 2**level x 2**level of `part`.

    Up to eight-fold reduction pixels are averaged, so that thin structures stay visible; beyond that single
    pixels are taken, so that the cost follows what is drawn and not what it is drawn from.
    """
    step = 1 << level
    if level == 0:
        return np.asarray(part)
    rows, columns = part.shape[0] // step * step, part.shape[1] // step * step
    if level > 3 or not rows or not columns:
        return np.asarray(part[::step, ::step])
    blocks = np.asarray(part[:rows, :columns]).reshape(rows // step, step, columns // step, step, -1)
    mean = blocks.mean(axis=(1, 3), dtype=np.float32)
    return np.asarray(mean if mean.dtype.kind == "f" else mean.astype(part.dtype))
