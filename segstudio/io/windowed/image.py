"""Read an image piece by piece: windows of its levels, exactly or from a sparse sample."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.source import LARGE, Pixels, block_mean, top_level
from segstudio.io.formats import sniff
from segstudio.io.reading import guard

EXACT = 4
"""Pixels of the file along one side of a drawn one, up to which a window of a large slice is made from all of them."""

PIXELS = 4 * 2**20
"""Pixels decoded for a window that is made from a sample, about."""


class Windowed(Protocol):
    """An open file. `factors` are the reductions of its levels, powers of two that rise from 1; `block` is what is
    decoded together, (rows, columns). Reading a damaged or truncated part raises what `guard` turns into UserError.
    """

    info: ImageInfo
    factors: tuple[int, ...]
    block: tuple[int, int]

    def read(self, z: int, level: int, box: Box) -> Pixels:
        """Pixels of a box of level `factors[level]`, inside `sides(shape, factor)`; box.z is not looked at."""

    def close(self) -> None: ...


def open_windowed(path: Path, budget: int) -> Windowed | None:
    """The file, ready to be read by window; None where its format or its layout needs the whole of it.

    `budget` bounds the bytes of one block. Raises UserError as `reading.open_image`; sizes are no reason.
    """
    opener = sniff(path).load_windowed()
    if opener is None:
        return None
    with guard(path):
        found: Windowed | None = opener(path, budget)
        return found


def sides(info: ImageInfo, factor: int) -> tuple[int, int]:
    """Rows and columns of a level; the last pixel may stand for fewer than the others."""
    return -(-info.shape[1] // factor), -(-info.shape[2] // factor)


def needs_levels(file: Windowed) -> bool:
    """Whether coarse views of the file are slow or sparse without a pyramid beside it."""
    return max(sides(file.info, file.factors[-1])) > LARGE


def window(file: Windowed, z: int, level: int, box: Box) -> tuple[Pixels, bool]:
    """Pixels of `box`, in pixels of level `level` (reduction 2**level), and whether they are exact.

    Made from the nearest finer level of the file: from all of its pixels, or, where that would be too many, from
    a sparse sample of them.
    """
    factor = 1 << level
    finer = max(index for index, found in enumerate(file.factors) if found <= factor)
    step = factor // file.factors[finer]
    rows, columns = sides(file.info, file.factors[finer])
    source = Box(z, box.top * step, box.left * step, min(box.bottom * step, rows), min(box.right * step, columns))
    if step <= EXACT or max(rows, columns) <= LARGE:
        return block_mean(file.read(z, finer, source), step), True
    return _sampled(file, z, finer, source, step), False


def _sampled(file: Windowed, z: int, level: int, source: Box, step: int) -> Pixels:
    """One pixel from the middle of each step x step block of `source`; where that touches so many blocks of the file
    that decoding them would take long, single pixels stand for their neighbours too."""
    tall, wide = file.block
    down = np.minimum(np.arange(source.top, source.bottom, step) + step // 2, source.bottom - 1)
    across = np.minimum(np.arange(source.left, source.right, step) + step // 2, source.right - 1)
    pixels = min(tall, source.height) * min(wide, source.width)
    allowed = min(max(PIXELS // pixels, 16), 256)
    many_down, many_across = len(np.unique(down // tall)), len(np.unique(across // wide))
    if many_down * many_across > allowed:
        fewer_across = max(1, int(many_across / np.sqrt(many_down * many_across / allowed)))
        across = _thinned(across, min(fewer_across, many_across), many_across)
        down = _thinned(down, min(allowed // fewer_across, many_down), many_down)
    out: NDArray[np.generic] | None = None
    for rows in _together(down, tall):
        for columns in _together(across, wide):
            box = Box(z, down[rows[0]], across[columns[0]], down[rows[-1]] + 1, across[columns[-1]] + 1)
            found = file.read(z, level, box)[np.ix_(down[rows] - box.top, across[columns] - box.left)]
            if out is None:
                out = np.empty((len(down), len(across), found.shape[2]), found.dtype)
            out[np.ix_(rows, columns)] = found
    assert out is not None
    return out


def _thinned(at: NDArray[np.int64], wanted: int, touched: int) -> NDArray[np.int64]:
    """The positions, each group of neighbours replaced by its middle one, so that `wanted` blocks are left."""
    if wanted >= touched:
        return at
    spacing = -(-len(at) // wanted)
    middle = np.arange(len(at)) // spacing * spacing + spacing // 2
    return np.asarray(at[np.minimum(middle, len(at) - 1)], np.int64)


def _together(positions: NDArray[np.int64], block: int) -> list[NDArray[np.int64]]:
    """Indices of positions in groups that lie in the same block."""
    cuts = np.flatnonzero(np.diff(positions // block)) + 1
    return [np.asarray(part, np.int64) for part in np.split(np.arange(len(positions)), cuts)]


def overview(file: Windowed, z: int) -> Pixels:
    """A slice of about a million pixels at most; sparse where the file has no coarse levels."""
    level = top_level(file.info.shape)
    rows, columns = sides(file.info, 1 << level)
    return window(file, z, level, Box(z, 0, 0, rows, columns))[0]
