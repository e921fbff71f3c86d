"""Connected regions of a mask or an image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def same_class(mask: NDArray[np.uint8], row: int, column: int) -> NDArray[np.bool_]:
    """The 4-connected region of equal class around a pixel of a class map (rows, columns)."""
    from skimage.segmentation import flood

    return np.asarray(flood(mask, (row, column), connectivity=1), np.bool_)  # type: ignore[no-untyped-call]


def similar(image: NDArray[np.generic], row: int, column: int, tolerance: float) -> NDArray[np.bool_]:
    """The 4-connected region whose values differ from the pixel's by at most `tolerance` in every channel.

    `image` is (rows, columns, channels); `tolerance` is in image values.
    """
    from skimage.measure import label

    values = image.astype(np.float32)
    near = (np.abs(values - values[row, column]) <= tolerance).all(axis=2)
    regions = np.asarray(label(near, connectivity=1))  # type: ignore[no-untyped-call]
    return np.asarray(regions == regions[row, column], np.bool_)
