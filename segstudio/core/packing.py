"""Tiles as bytes: zstd frames with a checksum, so that a flipped bit is found and never shown."""

from __future__ import annotations

import threading

import numpy as np
import zstandard
from numpy.typing import DTypeLike, NDArray

from segstudio.core.geometry import TILE
from segstudio.errors import UserError

_local = threading.local()  # zstandard's objects must not be shared between threads


def pack(tile: NDArray[np.integer]) -> bytes:
    """A (256, 256) tile as one zstd frame (level 3, checksum and content size written)."""
    compressor = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=True)
    frame = compressor.compress(np.ascontiguousarray(tile).data)
    return bytes(memoryview(frame))  # zstandard's own bytes keep the memory of the largest frame there could be


def unpack(frame: bytes, dtype: DTypeLike) -> NDArray[np.integer]:
    """The (256, 256) tile in `frame`.

    Raises UserError when the frame is damaged or does not hold exactly one tile of `dtype`; the declared
    size is checked first, so a forged frame cannot fill the memory.
    """
    kind = np.dtype(dtype)
    size = TILE * TILE * kind.itemsize
    try:
        if zstandard.frame_content_size(frame) != size:
            raise UserError("A stored tile is damaged.", why="It does not hold one tile of pixels.")
        raw = zstandard.ZstdDecompressor().decompress(frame, max_output_size=size)
    except zstandard.ZstdError as error:
        raise UserError("A stored tile is damaged.", why=f"Its checksum does not match ({error}).") from error
    return np.frombuffer(raw, dtype=kind).reshape(TILE, TILE)
