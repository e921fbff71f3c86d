"""Augmentation of image and labels together, on small patches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import UNSET

Patch = tuple[NDArray[np.float32], NDArray[np.uint16]]
"""Scaled pixels (channels, rows, columns) and codes (rows, columns)."""


GRID = 3
"""Points of the elastic deformation's grid along each side."""


def augment(
    patch: Patch, random: np.random.Generator, *,
    contrast: float = 0.2, noise: float = 0.05, warp: float = 0.0, elastic: float = 0.0,
) -> Patch:  # fmt: skip
    """Flip and turn both; change brightness, contrast, gamma and noise of the pixels only.

    Flips and quarter turns move pixels without resampling, so no label is invented and none is blurred. `warp`
    is the chance of a free turn and zoom instead of none, `elastic` the strength of an elastic deformation in
    pixels. A patch with labels keeps some.
    """
    pixels, codes = patch
    if random.random() < 0.5:
        pixels, codes = pixels[:, :, ::-1], codes[:, ::-1]
    turns = int(random.integers(4)) if codes.shape[0] == codes.shape[1] else 2 * int(random.integers(2))
    pixels, codes = np.rot90(pixels, turns, (1, 2)), np.rot90(codes, turns)
    if warp and random.random() < warp:
        pixels, codes = turn_and_zoom((pixels, codes), random.uniform(-0.35, 0.35), np.exp(random.uniform(-0.3, 0.3)))
    if elastic:
        pixels, codes = deform((pixels, codes), random.normal(0, elastic, (2, GRID, GRID)))
    gain = 1 + contrast * float(random.uniform(-1, 1))
    offset = contrast * float(random.uniform(-1, 1))
    changed = pixels * np.float32(gain) + np.float32(offset)
    if random.random() < 0.3:
        gamma = float(np.exp(random.uniform(-0.35, 0.35)))
        unit = np.clip((changed + 1) / 2, 0, 1)
        changed = unit ** np.float32(gamma) * 2 - 1
    if random.random() < 0.5:
        sigma = noise * float(random.random())
        changed = changed + random.standard_normal(changed.shape, dtype=np.float32) * np.float32(sigma)
    return np.ascontiguousarray(changed, np.float32), np.ascontiguousarray(codes)


def turn_and_zoom(patch: Patch, angle: float, zoom: float) -> Patch:
    """Turn a patch by `angle` (radians) and enlarge it by `zoom` about its middle, its size unchanged.

    Pixels are interpolated bilinearly and mirrored beyond the edge; codes are taken from the nearest pixel and
    unset beyond it. Returns the patch as it was if no label would be left.
    """
    rows, columns = patch[1].shape
    middle = np.array([(rows - 1) / 2, (columns - 1) / 2])[:, None, None]
    row, column = np.mgrid[:rows, :columns] - middle
    source_row = (np.cos(angle) * row - np.sin(angle) * column) / zoom + middle[0]
    source_column = (np.sin(angle) * row + np.cos(angle) * column) / zoom + middle[1]
    return _taken(patch, source_row, source_column)


def deform(patch: Patch, shifts: NDArray[np.float64]) -> Patch:
    """Move each pixel by what `shifts` (2; coarse rows, coarse columns), in pixels down and right, say at its place.

    Between the points of the coarse grid, which spans the patch, the shifts are interpolated by cubic splines
    (elastic deformation on a 3 x 3 grid with 10 px of standard deviation: Ronneberger et al. 2015, section 3.1).
    """
    from scipy.ndimage import map_coordinates

    rows, columns = patch[1].shape
    row, column = np.mgrid[:rows, :columns].astype(np.float64)
    coarse = (row / max(rows - 1, 1) * (shifts.shape[1] - 1), column / max(columns - 1, 1) * (shifts.shape[2] - 1))
    down, right = (map_coordinates(part, coarse, order=3, mode="nearest") for part in shifts.astype(np.float64))
    return _taken(patch, row + down, column + right)


def _taken(patch: Patch, source_row: NDArray[np.float64], source_column: NDArray[np.float64]) -> Patch:
    """The patch with each pixel taken from another place: pixels bilinearly, mirrored beyond the edge; codes from the
    nearest pixel, unset beyond it. The patch as it was if no label would be left."""
    pixels, codes = patch
    rows, columns = codes.shape
    near_row, near_column = np.rint(source_row).astype(np.int64), np.rint(source_column).astype(np.int64)
    inside = (near_row >= 0) & (near_row < rows) & (near_column >= 0) & (near_column < columns)
    moved = np.where(inside, codes[_mirrored(near_row, rows), _mirrored(near_column, columns)], np.uint16(UNSET))
    if codes.any() and not moved.any():
        return patch
    top, left = np.floor(source_row).astype(np.int64), np.floor(source_column).astype(np.int64)
    down, right = (source_row - top).astype(np.float32), (source_column - left).astype(np.float32)
    r0, r1 = _mirrored(top, rows), _mirrored(top + 1, rows)
    c0, c1 = _mirrored(left, columns), _mirrored(left + 1, columns)
    above = pixels[:, r0, c0] * (1 - right) + pixels[:, r0, c1] * right
    below = pixels[:, r1, c0] * (1 - right) + pixels[:, r1, c1] * right
    return (above * (1 - down) + below * down).astype(np.float32, copy=False), moved


def _mirrored(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices folded back into 0 .. size - 1, the edge repeated."""
    folded = np.mod(index, 2 * size)
    return np.asarray(np.minimum(folded, 2 * size - 1 - folded), np.int64)
