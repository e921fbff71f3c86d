"""Morphology with a ball of a real radius: by Euclidean distance, so that it is round in voxels of any shape."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from segstudio.core.parameters import Range
from segstudio.operations.subject import Chosen, Mask, OperationInput, changed, each

Radius = Annotated[float, Range(0.0, 500.0, 0.5), "In pixels or mm."]
Unit = Literal["px", "mm"]
Volume = Annotated[bool, "Also from slice to slice."]
Over = Annotated[Literal["background", "everything"], "What the class may grow over."]


def grow(
    subject: OperationInput,
    *,
    radius: Radius = 2.0,
    unit: Unit = "px",
    through_slices: Volume = False,
    over: Over = "background",
) -> Mask:
    """Dilation: everything within the radius of the class."""
    after = each(subject, through_slices, lambda c, s: _near(c, *subject.length(radius, unit, s)))
    return changed(subject.chosen, after & _free(subject, over), subject)


def shrink(subject: OperationInput, *, radius: Radius = 2.0, unit: Unit = "px", through_slices: Volume = False) -> Mask:
    """Erosion: what lies within the radius of anything else goes. The image's edge does not count."""
    after = each(subject, through_slices, lambda c, s: ~_near(~c, *subject.length(radius, unit, s)))
    return changed(subject.chosen, after, subject)


def opened(subject: OperationInput, *, radius: Radius = 2.0, unit: Unit = "px", through_slices: Volume = False) -> Mask:
    """Opening: thin parts and specks go, the rest keeps its size."""

    def work(chosen: Chosen, spacing: tuple[float, ...]) -> Chosen:
        length, sampling = subject.length(radius, unit, spacing)
        return chosen & _near(~_near(~chosen, length, sampling), length, sampling)

    return changed(subject.chosen, each(subject, through_slices, work), subject)


def closed(
    subject: OperationInput,
    *,
    radius: Radius = 2.0,
    unit: Unit = "px",
    through_slices: Volume = False,
    over: Over = "background",
) -> Mask:
    """Closing: gaps, cracks and small holes are filled, the rest keeps its size."""

    def work(chosen: Chosen, spacing: tuple[float, ...]) -> Chosen:
        length, sampling = subject.length(radius, unit, spacing)
        margin = [(int(np.ceil(length / step)) + 1 if size > 1 else 0,) * 2
                  for step, size in zip(sampling, chosen.shape, strict=True)]  # fmt: skip
        wide = np.pad(chosen, margin)
        whole = ~_near(~_near(wide, length, sampling), length, sampling)
        inner = tuple(slice(m, m + size) for (m, _), size in zip(margin, chosen.shape, strict=True))
        return np.asarray(chosen | whole[inner])

    return changed(subject.chosen, each(subject, through_slices, work) & _free(subject, over), subject)


def _near(chosen: Chosen, length: float, sampling: tuple[float, ...]) -> Chosen:
    """Voxels whose centre is at most `length` from the centre of a chosen one."""
    from scipy.ndimage import distance_transform_edt

    if not chosen.any():
        return np.zeros(chosen.shape, bool)
    return np.asarray(distance_transform_edt(~chosen, sampling=sampling) <= length)


def _free(subject: OperationInput, over: str) -> Chosen:
    """Voxels the class may take."""
    if over == "everything":
        return np.ones(subject.mask.shape, bool)
    return subject.free
