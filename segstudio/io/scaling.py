"""Scaling: value = stored x slope + intercept, and the type that holds it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EXACT = 2**53
"""Whole numbers up to here are exact in double precision."""


def scaled_type(stored: np.dtype[np.generic], slope: float, inter: float) -> np.dtype[np.generic]:
    """The smallest type that holds every value a stored number can have.

    Whole numbers stay whole where slope and intercept are. Others are float32, or float64 where float32 would round
    what the file tells apart (stored numbers of 4 bytes and more).
    """
    if (slope, inter) == (1.0, 0.0):
        return stored
    if stored.kind == "f":
        return np.dtype(np.float64 if stored.itemsize > 4 else np.float32)
    if slope.is_integer() and inter.is_integer():
        low, high = _limits(stored)
        ends = sorted(int(end) * int(slope) + int(inter) for end in (low, high))
        if max(-ends[0], ends[1]) <= EXACT:
            return np.promote_types(np.min_scalar_type(ends[0]), np.min_scalar_type(ends[1]))
    return np.dtype(np.float64 if stored.itemsize > 2 else np.float32)


def rescaled(
    values: NDArray[np.generic], slope: float, inter: float, wanted: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Stored numbers (..., n) as values of the type `wanted`; computed in double precision, layer by layer of the last
    axis."""
    out = np.empty(values.shape, wanted)
    for layer in range(values.shape[-1]):
        out[..., layer] = values[..., layer].astype(np.float64) * slope + inter
    return out


def _limits(stored: np.dtype[np.generic]) -> tuple[int, int]:
    if stored.kind == "b":
        return 0, 1
    limits = np.iinfo(stored.str)
    return int(limits.min), int(limits.max)
