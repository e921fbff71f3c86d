"""Veil: values between 0 and 1 that are laid over a part of a slice, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box


@dataclass(frozen=True, eq=False)
class ValueOverlay:
    """`values` is float32 (rows, columns), 0..1, for `box` of the image with that id; `title` says what it is."""

    title: str
    image: int
    box: Box
    values: NDArray[np.float32]
