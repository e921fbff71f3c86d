"""Connected regions of a mask or an image, in one slice or through slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pixel = tuple[int, ...]
"""(row, column), or (slice, row, column) in a volume."""


def connected(candidates: NDArray[np.bool_], seed: Pixel) -> NDArray[np.bool_]:
    """The part of `candidates` that is connected to `seed` across sides (not corners), in as many axes as it has."""
    from scipy.ndimage import label

    regions, _ = label(candidates)
    number = regions[seed]
    return np.asarray(regions == number if number else np.zeros(candidates.shape, bool), np.bool_)


def near(image: NDArray[np.generic], value: NDArray[np.generic], tolerance: float) -> NDArray[np.bool_]:
    """The pixels of a slice (rows, columns, channels) that differ from `value` by at most `tolerance` in every channel.

    `value` is (channels); `tolerance` is in image values.
    """
    difference = np.abs(image.astype(np.float32) - value.astype(np.float32))
    return np.asarray((difference <= tolerance).all(axis=-1), np.bool_)


def without_holes(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The region and all that it encloses; what is open to the array's border is not enclosed."""
    outside = connected(np.pad(~region, 1, constant_values=True), (0,) * region.ndim)
    return ~outside[(slice(1, -1),) * region.ndim]
