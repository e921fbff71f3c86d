"""How far apart two outlines are: boundary pixels, their distances, and the measures made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Distances = NDArray[np.float64]

TOLERANCE = 0.0075
"""Of the image diagonal: how far apart boundary pixels of the boundary F1 may be (SegNet; Csurka 2013)."""


def boundary_f1(truth: Mask, prediction: Mask, used: Mask, spacing: Sequence[float]) -> float:
    """BF-dt: harmonic mean of the shares of both boundaries that are within TOLERANCE of the other one, 0..1.

    The distance-transform variant of Csurka 2013: without one-to-one matching, so looser than that of BSDS.
    The image's frame is no boundary here; both maps share it, so it would be credit for nothing. NaN where
    neither map has a boundary, 0 where only one has. `used` is False at pixels that do not count.
    """
    first, second = (boundary(mask, used, frame=False) for mask in (truth, prediction))
    if not first.any() and not second.any():
        return math.nan
    if not first.any() or not second.any():
        return 0.0
    tolerance = TOLERANCE * math.hypot(*np.multiply(truth.shape[-2:], spacing[-2:]).tolist())
    missed, wrong = distances(first, second, spacing)
    recall, precision = float((missed <= tolerance).mean()), float((wrong <= tolerance).mean())
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def surface_distances(truth: Mask, prediction: Mask, used: Mask, spacing: Sequence[float]) -> tuple[float, float]:
    """HD95 and ASSD in the unit of `spacing`; NaN where a map has no boundary.

    HD95 is the larger of the two directed 95th percentiles, ASSD the mean over both boundaries pooled. As in
    MONAI the image's frame is part of a boundary.
    """
    first, second = (boundary(mask, used, frame=True) for mask in (truth, prediction))
    if not first.any() or not second.any():
        return math.nan, math.nan
    there, back = distances(first, second, spacing)
    hd95 = max(float(np.percentile(there, 95)), float(np.percentile(back, 95)))
    return hd95, float(np.concatenate((there, back)).mean())


def boundary(mask: Mask, valid: Mask, *, frame: bool) -> Mask:
    """Pixels of `mask` that touch, by a side, a valid pixel outside it; and the image's frame if `frame`.

    Axes of length 1 have no neighbours and no frame, so a single slice is measured like an image.
    """
    inside, outside = mask & valid, valid & ~mask
    edge = np.zeros_like(inside)
    for axis in range(mask.ndim):
        if mask.shape[axis] < 2:
            continue
        # Views with this axis first: writing to `edges` writes to `edge`.
        edges, ins, outs = (np.moveaxis(array, axis, 0) for array in (edge, inside, outside))
        edges[:-1] |= ins[:-1] & outs[1:]
        edges[1:] |= ins[1:] & outs[:-1]
        if frame:
            edges[0] |= ins[0]
            edges[-1] |= ins[-1]
    return edge


def distances(first: Mask, second: Mask, spacing: Sequence[float]) -> tuple[Distances, Distances]:
    """From each True pixel of `first` to the nearest of `second`, and the other way; neither may be empty."""
    from scipy import ndimage

    # Only the box around both matters: the nearest pixel is never outside it.
    (box,) = ndimage.find_objects((first | second).astype(np.int8))
    first, second = first[box], second[box]
    there = ndimage.distance_transform_edt(~second, sampling=spacing)[first]
    back = ndimage.distance_transform_edt(~first, sampling=spacing)[second]
    return np.asarray(there, np.float64), np.asarray(back, np.float64)


def pixel_sizes(spacing: Sequence[float] | None, axes: int) -> tuple[float, ...]:
    sizes = (1.0,) * axes if spacing is None else tuple(float(size) for size in spacing)
    if len(sizes) != axes or not all(math.isfinite(size) and size > 0 for size in sizes):
        raise ValueError(f"The spacing needs {axes} sizes above 0, got {sizes}.")
    return sizes
