"""Subject: what a mask operation works on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING

Mask = NDArray[np.uint8]
"""Class per voxel (slices, rows, columns); 255 where nothing is known. In results: where nothing changes."""
Chosen = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class OperationInput:
    """A part of a mask as it is shown, and what is known about it.

    `spacing` is between slices, rows and columns in physical units. `class_id` is the active class. `annotated`
    has 255 where only a model has spoken; `other` is the mask of another layer, where the operation needs one.
    `cut` tells that rows and columns go on beyond this part: what touches its edge is not whole.
    """

    mask: Mask
    spacing: tuple[float, float, float]
    class_id: int
    annotated: Mask | None = None
    other: Mask | None = None
    cut: bool = False

    @property
    def chosen(self) -> Chosen:
        """The voxels of the active class."""
        return np.asarray(self.mask == self.class_id)

    @property
    def free(self) -> Chosen:
        """Voxels that belong to no other object: background, unknown, or of the active class already."""
        return np.isin(self.mask, (0, NOTHING, self.class_id))

    def unchanged(self) -> Mask:
        """A result that changes nothing yet."""
        return np.full(self.mask.shape, NOTHING, np.uint8)

    def parts(self, volume: bool) -> Iterator[tuple[slice, tuple[float, ...]]]:
        """What is worked on at a time, with its spacing: all slices together, or one after another."""
        if volume and len(self.mask) > 1:
            yield slice(None), self.spacing
        else:
            for z in range(len(self.mask)):
                yield slice(z, z + 1), (1.0, *self.spacing[1:])

    def length(self, value: float, unit: str, spacing: tuple[float, ...]) -> tuple[float, tuple[float, ...]]:
        """A length and the sampling to measure it with, in pixels or in physical units."""
        return (value, spacing) if unit == "mm" else (value, (1.0,) * len(spacing))

    def voxel(self, unit: str, volume: bool) -> float:
        """The size of one voxel: 1 in pixels, else its area or, with `volume`, its volume."""
        if unit == "px":
            return 1.0
        return float(np.prod(self.spacing if volume and len(self.mask) > 1 else self.spacing[1:]))


def changed(before: Chosen, after: Chosen, subject: OperationInput) -> Mask:
    """A result that gives the active class what it gained and the background what it lost."""
    result = subject.unchanged()
    result[after & ~before] = subject.class_id
    result[before & ~after] = 0
    return result


def each(subject: OperationInput, volume: bool, work: Callable[[Chosen, tuple[float, ...]], Chosen]) -> Chosen:
    """Apply `work` (voxels of the class and their spacing in, voxels out) to each part of the subject."""
    before, after = subject.chosen, np.zeros(subject.mask.shape, bool)
    for part, spacing in subject.parts(volume):
        if before[part].any():
            after[part] = work(before[part], spacing)
    return after
