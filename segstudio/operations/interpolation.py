"""Interpolation: what lies between the slices that a person has annotated."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.errors import UserError
from segstudio.operations.subject import Chosen, Mask, OperationInput


def between_slices(
    subject: OperationInput,
    *,
    follow: Annotated[bool, "Objects that move from slice to slice are followed by their centres."] = True,
    every: Annotated[bool, "All classes that are annotated, not only the active one."] = False,
) -> Mask:
    """Fill the slices between annotated ones for the active class, or for every class but the background.

    Shape-based interpolation: the signed distances to the outlines of two slices are interpolated linearly, and
    what is inside is filled (Raya and Udupa 1990). With `follow` the shapes are shifted to a common centre first
    (after Herman, Zheng and Bucholtz 1992), so that an object that moves does not vanish. Where several classes claim
    a pixel, the one whose outline is farther away has it.
    """
    known = subject.annotated if subject.annotated is not None else subject.mask
    wanted = [int(c) for c in np.unique(known) if c not in (0, NOTHING)] if every else [subject.class_id]
    gaps = {class_id: _gaps(known, class_id) for class_id in wanted}
    if not any(gaps.values()):
        raise UserError(
            "There is nothing between annotated slices.",
            why=("A" if every else "The active") + " class must be painted on two slices with at least one between.",
            hint="Paint it a few slices further on, and choose all slices.",
        )
    result = subject.unchanged()
    depth = np.zeros(known.shape if len(wanted) > 1 else (len(known), 1, 1), np.float32)
    for class_id, pairs in gaps.items():
        for low, high in pairs:
            ends = [_Shape(known[z] == class_id, subject.spacing[1:]) for z in (low, high)]
            for z in range(low + 1, high):
                share = (z - low) / (high - low)
                centre = (1 - share) * ends[0].centre + share * ends[1].centre
                fields = [end.around(centre) if follow else end.distance for end in ends]
                inside = (1 - share) * fields[0] + share * fields[1]
                won = (inside > depth[z]) & (known[z] == NOTHING)
                result[z][won] = class_id
                if len(wanted) > 1:
                    depth[z][won] = inside[won]
    return result


def _gaps(known: Mask, class_id: int) -> list[tuple[int, int]]:
    """The slices that hold a class next to each other with others between them."""
    keys = [z for z in range(len(known)) if (known[z] == class_id).any()]
    return [(low, high) for low, high in pairwise(keys) if high > low + 1]


class _Shape:
    """Signed distance to an outline, positive inside, and the centre of what it encloses."""

    def __init__(self, chosen: Chosen, spacing: tuple[float, float]) -> None:
        from scipy.ndimage import distance_transform_edt

        inside = distance_transform_edt(chosen, sampling=spacing)
        outside = distance_transform_edt(~chosen, sampling=spacing)
        self.distance: NDArray[np.float64] = inside - outside
        self.centre = np.array([places.mean() for places in np.nonzero(chosen)])

    def around(self, centre: NDArray[np.float64]) -> NDArray[np.float64]:
        """The distances with the shape moved to another centre (row, column)."""
        from scipy.ndimage import shift

        return np.asarray(shift(self.distance, centre - self.centre, order=1, mode="nearest"))
