"""NumPy's .npy files, whole or by window; never unpickled, never mapped (mapped pages count as memory)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import DTypeLike, NDArray

from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.io.formats import refusal
from segstudio.io.reading import Decoded, Pixels, check_size

CHANNELS = 4
"""Longest last axis of a 3-D array that is taken for channels."""
HEADER = 10_000
"""Bytes a header may have (numpy's own limit)."""
GAP = 2**12
"""Bytes between the pieces of two rows up to which they are read as one."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the values: shape (slices, rows, columns, channels), dtype as stored, where they begin."""

    shape: tuple[int, int, int, int]
    stored: np.dtype[np.generic]
    fortran: bool
    axes: tuple[int, ...]
    offset: int
    info: ImageInfo


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The array of a file as an image.

    Two axes are rows and columns. Three are (rows, columns, channels) where the last has 4 entries at most, else
    (slices, rows, columns). Four are (slices, rows, columns, channels). Booleans become 0 and 255, half floats
    single ones. With `indices`, booleans are 0 and 1.
    """
    with path.open("rb") as file:
        header = _header(path, file)
        check_size(path, header.shape, np.dtype(header.info.dtype).itemsize, budget)
        if not pixels:
            return header.info, None
        file.seek(header.offset)
        values = np.fromfile(file, header.stored, prod(header.shape))
    array = values.reshape(header.axes, order="F" if header.fortran else "C").reshape(header.shape)
    if indices and array.dtype.kind == "b":
        return header.info, array.astype(np.uint8)
    return header.info, np.ascontiguousarray(_shown(array, header.info))


def opened(path: Path, budget: int) -> RawWindows | None:
    """The file, to be read by window; None where columns come before rows in it."""
    with path.open("rb") as file:
        header = _header(path, file)
    return None if header.fortran else RawWindows(path, header.info, header.stored, header.offset)


class RawWindows:
    """Windows of values that lie in one piece, (slices, rows, columns, channels) of dtype `stored` from `offset` on.

    Pieces of rows are read as they are needed.
    """

    factors: tuple[int, ...] = (1,)

    def __init__(self, path: Path, info: ImageInfo, stored: np.dtype[np.generic], offset: int) -> None:
        self.info, self._stored, self._offset = info, stored, offset
        self._file = path.open("rb", buffering=0)
        self.block = (1, info.shape[2])

    def read(self, z: int, level: int, box: Box) -> Pixels:
        _, rows, columns = self.info.shape
        channels = self.info.channels
        pixel = channels * self._stored.itemsize
        start = self._offset + (z * rows + box.top) * columns * pixel
        if (columns - box.width) * pixel < GAP:  # one long piece is faster than many
            values = self._values(start, box.height * columns * channels).reshape(box.height, columns, channels)
            return _shown(values[:, box.left : box.right], self.info)
        out = np.empty((box.height, box.width, channels), self._stored)
        for row in range(box.height):
            piece = self._values(start + (row * columns + box.left) * pixel, box.width * channels)
            out[row] = piece.reshape(box.width, channels)
        return _shown(out, self.info)

    def close(self) -> None:
        self._file.close()

    def _values(self, start: int, count: int) -> NDArray[np.generic]:
        out = np.empty(count, self._stored)
        self._file.seek(start)
        view = out.view(np.uint8).data
        done = 0
        while done < len(view):
            found = self._file.readinto(view[done:])
            if not found:
                raise EOFError("unexpected end of file")
            done += found
        return out


def _header(path: Path, file: BinaryIO) -> Header:
    version = npy_format.read_magic(file)
    if version == (1, 0):
        found = npy_format.read_array_header_1_0(file, HEADER)
    elif version == (2, 0):
        found = npy_format.read_array_header_2_0(file, HEADER)
    else:
        raise refusal(path, f"Version {version[0]} of its format is for tables, not for images.", "Export an array.")
    shape, fortran, dtype = found
    shape = tuple(int(n) for n in shape)
    if dtype.kind not in "buif" or dtype.itemsize > 8:
        raise refusal(path, f"Values of type {dtype} cannot be shown as an image.", "Export integers or real numbers.")
    if len(shape) not in (2, 3, 4):
        raise refusal(path, f"It has {len(shape)} axes; images have 2 to 4.", "Save (slices, rows, columns, channels).")
    offset, size = file.tell(), path.stat().st_size
    if offset + prod(shape) * dtype.itemsize > size:
        raise refusal(
            path, f"The file ends too early, after {size:,} bytes: part of the image is missing.", "Copy it again."
        )
    full = _four(shape)
    if min(full) < 1:
        raise refusal(path, "Its header gives an image without pixels.", "Save it again.")
    names = {1: ("grey",), 3: ("red", "green", "blue"), 4: ("red", "green", "blue", "alpha")}.get(
        full[3], tuple(f"channel {i + 1}" for i in range(full[3]))
    )
    wanted: DTypeLike = dtype.newbyteorder("=")
    wanted = np.uint8 if dtype.kind == "b" else np.float32 if dtype == np.float16 else wanted
    notes = ("Booleans are shown as 0 and 255.",) if dtype.kind == "b" else ()
    info = ImageInfo("NumPy", full[:3], full[3], names, str(np.dtype(wanted)), notes=notes)
    return Header(full, dtype, bool(fortran), shape, offset, info)


def _four(shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """(slices, rows, columns, channels) of an array with two, three or four axes."""
    if len(shape) == 2:
        return 1, shape[0], shape[1], 1
    if len(shape) == 3:
        return (1, *shape) if shape[2] <= CHANNELS else (*shape, 1)
    return shape  # type: ignore[return-value]


def _shown(values: NDArray[np.generic], info: ImageInfo) -> Pixels:
    if values.dtype.kind == "b":
        return np.asarray(values.astype(np.uint8) * np.uint8(255))
    return np.asarray(values.astype(info.dtype, copy=False))
