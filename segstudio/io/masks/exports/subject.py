"""Subject: one image with its mask, as the writers of mask formats see it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo

LARGEST = 2**29
"""Pixels of a slice that is put together in memory at most."""


def other_than(taken: Collection[str], name: str) -> str:
    """The name of a class, changed a little where a format has given it another meaning."""
    while name.strip().lower() in taken:
        name += " (class)"
    return name


@dataclass(frozen=True, slots=True)
class Subject:
    """An image with a mask. `stem` names its files (no two subjects of an export share one), `source` is the image
    file, and `read` gives the mask of a box: class ids, uint8 (rows, columns), 255 where nothing is known.
    """

    name: str
    stem: str
    source: Path
    info: ImageInfo
    classes: ClassTable
    read: Callable[[Box], NDArray[np.uint8]]

    def slice(self, z: int) -> NDArray[np.uint8]:
        """The mask of a slice, (rows, columns)."""
        return self.read(Box.whole(self.info.shape, z))

    def volume(self) -> NDArray[np.uint8]:
        """The mask of all slices, (slices, rows, columns)."""
        return np.stack([self.slice(z) for z in range(self.info.shape[0])])
