"""What counts as one object, in every table, file and sentence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING

CONNECTIVITY = 1
"""Pixels of a class are of one object where they touch by a side; those that touch by a corner are two, as in the
outlines, which may not cross themselves (RFC 7946, OGC Simple Features)."""


def numbered(mask: NDArray[np.uint8]) -> NDArray[np.integer]:
    """The objects of a slice (rows, columns) counted from 1, in the order of their first pixels; 0 is background or
    unknown."""
    from skimage.measure import label

    found: NDArray[np.integer] = label(  # type: ignore[no-untyped-call]
        np.where(mask == NOTHING, 0, mask), background=0, connectivity=CONNECTIVITY
    )
    return found
