"""Connected components: which of the objects of a class stay, and which holes are filled."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segstudio.core.parameters import Range
from segstudio.operations.subject import Chosen, Mask, OperationInput, changed, each

Size = Annotated[float, Range(0.0, 1e9, 1.0), "Area in px or mm²; with “through slices” volume in px or mm³."]
Unit = Literal["px", "mm"]
Volume = Annotated[bool, "Objects are connected through slices."]


def keep_largest(subject: OperationInput, *, through_slices: Volume = True) -> Mask:
    """Only the largest object stays."""

    def largest(chosen: Chosen, spacing: tuple[float, ...]) -> Chosen:
        labels, sizes = _objects(chosen)
        kept = np.arange(len(sizes) + 1) == 1 + int(np.argmax(sizes))
        return np.asarray((kept | _incomplete(labels, subject))[labels] & chosen)

    return changed(subject.chosen, each(subject, through_slices, largest), subject)


def remove_islands(
    subject: OperationInput, *, smaller_than: Size = 50.0, unit: Unit = "px", through_slices: Volume = True
) -> Mask:
    """Objects below a size go."""
    voxel = subject.voxel(unit, through_slices)

    def large(chosen: Chosen, spacing: tuple[float, ...]) -> Chosen:
        labels, sizes = _objects(chosen)
        kept = np.concatenate(([False], sizes * voxel >= smaller_than))
        return np.asarray((kept | _incomplete(labels, subject))[labels] & chosen)

    return changed(subject.chosen, each(subject, through_slices, large), subject)


def fill_holes(
    subject: OperationInput,
    *,
    smaller_than: Annotated[float, Range(0.0, 1e9, 1.0), "Largest hole that is filled; 0 fills all."] = 0.0,
    unit: Unit = "px",
    through_slices: Annotated[bool, "A hole must be closed in all three directions."] = False,
) -> Mask:
    """What an object encloses becomes part of it. What the edge of the image cuts is no hole."""
    voxel = subject.voxel(unit, through_slices)

    def filled(chosen: Chosen, spacing: tuple[float, ...]) -> Chosen:
        labels, sizes = _objects(~chosen)
        outside = np.zeros(len(sizes) + 1, bool)
        for axis in range(chosen.ndim):
            if chosen.shape[axis] > 1:
                outside[np.unique(labels.take((0, -1), axis=axis))] = True
        holes = ~outside & np.concatenate(([False], (sizes * voxel <= smaller_than) | (smaller_than == 0)))
        return np.asarray(chosen | holes[labels])

    return changed(subject.chosen, each(subject, through_slices, filled) & subject.free, subject)


def _incomplete(labels: np.ndarray, subject: OperationInput) -> Chosen:
    """By label: whether the object goes on beyond a part that was cut out of the image, so that its size is unknown."""
    found = np.zeros(int(labels.max(initial=0)) + 1, bool)
    if subject.cut:
        for axis in (1, 2):
            found[np.unique(labels.take((0, -1), axis=axis))] = True
        found[0] = False
    return found


def _objects(chosen: Chosen) -> tuple[np.ndarray, np.ndarray]:
    """Objects numbered from 1 (connected through edges, not corners) and how many voxels each has."""
    from scipy.ndimage import label

    labels, count = label(chosen)
    return labels, np.bincount(labels.ravel(), minlength=count + 1)[1:]
