"""Picture: an image whose every pixel's class is known, and the split into pool and test."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import ClassMap
from segstudio.errors import UserError
from segstudio.learning.scaling import Ranges

TEST = 3
"""One picture in this many, rounded up, is test."""


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedImage:
    """`pixels` (rows, columns, channels) with their robust `ranges`; `truth` (rows, columns), 255 where unknown."""

    name: str
    pixels: NDArray[np.generic]
    ranges: Ranges
    truth: ClassMap

    def cropped(self, side: int) -> SimulatedImage:
        """The middle of the picture, at most `side` pixels in rows and columns."""
        rows, columns = self.truth.shape
        top, left = max(0, rows - side) // 2, max(0, columns - side) // 2
        return self.part(top, left, top + side, left + side)

    def part(self, top: int, left: int, bottom: int, right: int) -> SimulatedImage:
        """The rows top to bottom and columns left to right, ends excluded."""
        inside = np.s_[top:bottom, left:right]
        return SimulatedImage(
            self.name, np.ascontiguousarray(self.pixels[inside]), self.ranges, self.truth[inside].copy()
        )


def split(pictures: Sequence[SimulatedImage], seed: int = 0) -> tuple[list[SimulatedImage], list[SimulatedImage]]:
    """Pool (to be annotated) and test (never touched), a third or a little more, by the hash of names and `seed`.

    Both keep the order given. Raises UserError for fewer than three pictures.
    """
    if len(pictures) < TEST:
        raise UserError("There are too few images.", why=f"{len(pictures)} were found, 3 are needed.")
    by_hash = sorted(pictures, key=lambda p: hashlib.sha256(f"{seed}:{p.name}".encode()).digest())
    test = {picture.name for picture in by_hash[: -(-len(pictures) // TEST)]}
    return [p for p in pictures if p.name not in test], [p for p in pictures if p.name in test]
