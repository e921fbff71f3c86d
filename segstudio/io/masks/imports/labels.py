"""Labels: the masks that a file holds for one image, before they become a layer of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabelClass:
    """A class as a file knows it: the id its pixels have in `Labels.mask`, its name, its colour (#rrggbb) or "",
    and what it is in a coding system (core.classes) or ""."""

    id: int
    name: str
    color: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file says of one image: `mask` is uint8 (slices, rows, columns) in the image's own pixels, with the ids
    of `classes` and 255 where the file says nothing. `notes` say in sentences what of it was left out, or read
    otherwise than it stands, and why. `objects` counts the objects of all slices (io.masks.objects), where that is
    known.
    """

    mask: NDArray[np.uint8]
    classes: tuple[LabelClass, ...]
    notes: tuple[str, ...] = ()
    objects: int | None = None
