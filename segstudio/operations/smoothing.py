"""Smoothing that keeps neighbours: all classes at once, so that touching objects leave neither gap nor overlap."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.parameters import Range
from segstudio.operations.subject import Mask, OperationInput


def smooth(
    subject: OperationInput,
    *,
    radius: Annotated[float, Range(0.5, 100.0, 0.5), "In pixels or mm."] = 2.0,
    unit: Literal["px", "mm"] = "px",
    kernel: Annotated[Literal["gaussian", "majority"], "Gaussian weights, or a plain vote in a square."] = "gaussian",
    through_slices: Annotated[bool, "Also from slice to slice."] = False,
) -> Mask:
    """Each voxel gets the class that weighs most around it. Unknown voxels count as background, and stay unknown
    unless a class wins them.

    Joint smoothing of all labels as in 3D Slicer: the argument of the maximum of the smoothed indicators.
    """
    from scipy.ndimage import gaussian_filter, uniform_filter

    result = subject.unchanged()
    for part, spacing in subject.parts(through_slices):
        mask = subject.mask[part]
        length, sampling = subject.length(radius, unit, spacing)
        reach = [length / step if size > 1 else 0.0 for step, size in zip(sampling, mask.shape, strict=True)]
        best, winner = np.full(mask.shape, -1.0, np.float32), np.zeros(mask.shape, np.uint8)
        voters = np.where(mask == NOTHING, np.uint8(0), mask)
        for class_id in np.unique(voters):
            indicator = (voters == class_id).astype(np.float32)
            if kernel == "gaussian":
                weight = gaussian_filter(indicator, [value / 2 for value in reach], mode="nearest")
            else:
                weight = uniform_filter(indicator, [2 * round(value) + 1 for value in reach], mode="nearest")
            weight += np.float32(1e-4) * indicator  # on a tie the voxel keeps its class
            better = weight > best
            best[better], winner[better] = weight[better], class_id
        moved = winner != voters
        result[part][moved] = winner[moved]
    return result
