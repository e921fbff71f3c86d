"""How much pixels count by what they show: rare classes, and the thin borders between objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, Codes, classes_of

SIGMA = 5.0
"""Width of a border in pixels (U-Net)."""

REACH = 5 * SIGMA
"""Distance in pixels beyond which a border weighs nothing that matters: w0 times 4e-6."""


def median_frequency(maps: Sequence[Codes], classes: int) -> tuple[float, ...]:
    """Weight of each class: the median of all classes' frequencies over its own (Eigen and Fergus 2015, SegNet).

    A class's frequency is its share of the labelled pixels of those `maps` (rows, columns) in which it is found.
    Classes that are never found weigh 0.
    """
    own, whole = np.zeros(classes), np.zeros(classes)
    for codes in maps:
        known = classes_of(codes)
        counts = np.bincount(known[known != NOTHING], minlength=classes)[:classes]
        own += counts
        whole += np.where(counts > 0, counts.sum(), 0)
    found = own > 0
    frequency = own[found] / whole[found]
    weights = np.zeros(classes)
    weights[found] = np.median(frequency) / frequency if found.any() else 0.0
    return tuple(float(weight) for weight in weights)


def border_weights(codes: Codes, w0: float) -> NDArray[np.float32]:
    """1 + w0 exp(-(d1 + d2)^2 / (2 SIGMA^2)) of each background pixel (rows, columns), 1 elsewhere.

    d1 and d2 are its distances in pixels to the nearest and the second nearest object: connected pixels (4 neighbours)
    of one class that is not the background. Makes the network learn the thin gaps between touching objects
    (Ronneberger et al. 2015, equation 2, without the class frequency term w_c).
    """
    from scipy.ndimage import distance_transform_edt, find_objects
    from skimage.measure import label

    classes = classes_of(codes)
    objects = label(np.where(classes == NOTHING, 0, classes), background=0, connectivity=1)  # type: ignore[no-untyped-call]
    near, next_ = np.full((2, *classes.shape), np.inf)
    margin = int(REACH) + 1
    for number, place in enumerate(find_objects(objects), 1):
        around = tuple(slice(max(0, part.start - margin), part.stop + margin) for part in place)
        distance = distance_transform_edt(objects[around] != number)
        closer = distance < near[around]
        next_[around] = np.where(closer, near[around], np.minimum(next_[around], distance))
        near[around] = np.where(closer, distance, near[around])
    gaps = w0 * np.exp(-((near + next_) ** 2) / (2 * SIGMA**2))
    return np.where(classes == 0, 1 + gaps, 1).astype(np.float32)
