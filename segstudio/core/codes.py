"""What one annotated pixel holds: its class and who set it, in one small integer.

Code 0 is *unset*: nobody has spoken and the prediction shows. Any other code is `origin * 256 + class`.
Unset, background (class 0) and unsure are three different things.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

UNSET = 0
"""Annotation code of a pixel nobody has set."""

NOTHING = 255
"""Class value in uint8 class arrays where there is neither annotation nor prediction."""

BACKGROUND = 0
"""Class id of the background; ids of the others are 1..254."""

Codes = NDArray[np.uint16]
ClassMap = NDArray[np.uint8]


class Origin(IntEnum):
    """Who set an annotated pixel."""

    PAINTED = 1
    ACCEPTED = 2
    TOOL = 3
    IMPORTED = 4
    UNSURE = 5


CODES = 256 * (max(Origin) + 1)
"""Annotation codes are below this."""


def encode(class_id: int, origin: Origin) -> int:
    """The code of a pixel of class `class_id` set by `origin`."""
    return int(origin) * 256 + class_id


def classes_of(codes: Codes) -> ClassMap:
    """Class per pixel as uint8; NOTHING (255) where unset or unsure."""
    classes = (codes & 0xFF).astype(np.uint8)
    classes[(codes == UNSET) | (codes >> 8 == Origin.UNSURE)] = NOTHING
    return classes


def origins_of(codes: Codes) -> NDArray[np.uint8]:
    """Origin per pixel as uint8; 0 where unset."""
    return (codes >> 8).astype(np.uint8)


def encode_map(classes: ClassMap, origin: Origin) -> Codes:
    """Codes for a class map; NOTHING (255) becomes unset."""
    codes = classes.astype(np.uint16) + np.uint16(int(origin) * 256)
    codes[classes == NOTHING] = UNSET
    return codes
