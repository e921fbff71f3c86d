"""Pixels to network input: the one place, for training and prediction alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Ranges = Sequence[tuple[float, float]]


def scale(pixels: NDArray[np.generic], ranges: Ranges, mode: str = "range") -> NDArray[np.float32]:
    """Pixels (rows, columns, channels) of any dtype as float32 (channels, rows, columns).

    `ranges` are the image's robust (low, high) per channel. "range": low to -1, high to 1, clipped to -2..2
    so that an outlier cannot blind the network. "imagenet": low to 0, high to 1, then torchvision's mean and
    standard deviation. Pixels that are not finite become the middle of the range.
    """
    limits = np.asarray(ranges, np.float32)
    low, high = limits[:, 0], limits[:, 1]
    unit = (pixels.astype(np.float32) - low) / (high - low)
    unit = np.nan_to_num(unit, nan=0.5, posinf=0.5, neginf=0.5)
    if mode == "imagenet":
        unit = (np.clip(unit, 0, 1) - np.array(IMAGENET_MEAN, np.float32)) / np.array(IMAGENET_STD, np.float32)
    else:
        unit = np.clip(unit * 2 - 1, -2, 2)
    return np.ascontiguousarray(unit.transpose(2, 0, 1), np.float32)
