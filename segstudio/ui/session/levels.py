"""Display windows: what image values are shown as black and as white."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.source import PixelSource

LOOKED_AT = 2**24
"""Pixels of which all are looked at for a percentile; of more, a sample."""


@dataclass(slots=True)
class Window:
    """Display range of one channel in image values."""

    low: float
    high: float


def first_windows(info: ImageInfo) -> list[Window]:
    """The display windows to begin with, one for each channel: the file's own where it has one, else the robust ranges,
    else (of an image whose pixels nobody has read yet) what its numbers can be."""
    if info.window is not None and info.channels == 1:
        return [Window(*info.window)]
    ranges = info.ranges or (_possible(np.dtype(info.dtype)),) * info.channels
    return [Window(low, high) for low, high in ranges]


def _possible(dtype: np.dtype[Any]) -> tuple[float, float]:
    if dtype.kind not in "iu":
        return 0.0, 1.0
    return float(np.iinfo(dtype).min), float(np.iinfo(dtype).max)


def between_percentiles(
    pixels: PixelSource, box: Box, bands: Sequence[int], low: float, high: float
) -> tuple[float, float] | None:
    """The values at two percentiles of a part of a slice, over some channels; 0 and 100 are its true extremes.

    (0, 0) if it has no finite value, None while its pixels are not there.
    """
    small = box.height * box.width <= LOOKED_AT  # no extreme of these may be missed
    found = pixels.read(box) if small and not box.empty else pixels.sample(box.z)
    if found is None:
        return None
    values = np.asarray(found[..., list(bands)], np.float64)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 0.0
    ends = np.percentile(values, (low, high)) if low else (values.min(), values.max())
    return float(ends[0]), float(ends[1])
