"""Small 8-bit RGB pictures of images, for the image strip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.image import ImageInfo


def thumbnail(pixels: NDArray[np.generic], info: ImageInfo, side: int) -> NDArray[np.uint8]:
    """The middle slice as uint8 (rows, columns, 3), longest side at most `side`, windowed by the image's ranges.

    Block means over a stride that brings the longest side just above `side`, so thin structures stay visible.
    """
    step = max(1, int(np.ceil(max(info.shape[1:]) / side)))
    middle = pixels[info.shape[0] // 2]
    rows, columns = (n // step * step or n for n in middle.shape[:2])
    step_rows, step_columns = min(step, rows), min(step, columns)
    rows, columns = rows // step_rows * step_rows, columns // step_columns * step_columns
    blocks = middle[:rows, :columns, :3].reshape(
        rows // step_rows, step_rows, columns // step_columns, step_columns, -1
    )
    small = np.nan_to_num(blocks.mean(axis=(1, 3), dtype=np.float64), posinf=0.0, neginf=0.0)
    ranges = np.array(info.ranges[: small.shape[-1]], np.float64)
    low, high = ranges[:, 0], ranges[:, 1]
    grey = np.clip((small - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    if grey.shape[-1] != 3:
        grey = np.repeat(grey[..., :1], 3, axis=-1)
    return np.asarray(grey, np.uint8)
