"""Pixels to network input: the one place, for training and prediction alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.channels import fits

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Ranges = Sequence[tuple[float, float]]


def scale(pixels: NDArray[np.generic], ranges: Ranges, mode: str = "range", channels: int = 0) -> NDArray[np.float32]:
    """Pixels (rows, columns, channels) of any dtype as float32 (`channels`, rows, columns); 0: as many as there are.

    `ranges` are the image's robust (low, high), one for each channel. "range": low to -1, high to 1, clipped to -2..2
    so that an outlier cannot blind the network. "imagenet": low to 0, high to 1, then torchvision's mean and
    standard deviation. Pixels that are not finite, and channels that are all one value, become the middle of
    the range. Grey is taken as three equal channels where three are asked for, and three as their mean where one is:
    a grey image that was stored as RGB is the same either way (core.channels). Raises ValueError when channels and
    ranges do not match, and where one number of channels cannot be taken as the other.
    """
    has = pixels.shape[2]
    channels = channels or has
    if len(ranges) != has or not fits(has, channels) or (mode == "imagenet" and channels != len(IMAGENET_MEAN)):
        raise ValueError(f"{has} channels, {channels} wanted, {len(ranges)} ranges, scaling “{mode}”")
    # Small integers are exact in float32; times, coordinates and elevations are not.
    exact = np.dtype(np.float32 if pixels.dtype.itemsize <= 2 else np.float64)
    low = np.array([low for low, _ in ranges], exact)
    span = np.array([high - low if high > low else math.nan for low, high in ranges], exact)
    with np.errstate(invalid="ignore", over="ignore"):
        unit = (pixels.astype(exact) - low) / span
    unit[~np.isfinite(unit)] = 0.5
    if channels != has:
        unit = np.repeat(unit, channels, 2) if has == 1 else unit.mean(2, keepdims=True)
    if mode == "imagenet":
        unit = (np.clip(unit, 0, 1) - np.array(IMAGENET_MEAN, exact)) / np.array(IMAGENET_STD, exact)
    else:
        unit = np.clip(unit * 2 - 1, -2, 2)
    return np.ascontiguousarray(unit.transpose(2, 0, 1), np.float32)
