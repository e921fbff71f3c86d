"""Selection: outlines on the rows and columns of an image, inside which alone anything may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.geometry import Box
from segstudio.core.spans import Point
from segstudio.core.stencils import polygon

How = Literal["new", "add", "remove"]
"""What another outline does to a selection."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one closed outline of (row, column) points encloses, added or taken away."""

    outline: tuple[Point, ...]
    adds: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """Parts laid over each other in their order; a later one wins. It reaches through all slices of an image.

    It holds outlines, not pixels, and so costs the same on an image of any size.
    """

    parts: tuple[Part, ...] = ()
    inverted: bool = False

    def inside(self, box: Box) -> NDArray[np.bool_]:
        """Which pixels (rows, columns) of a box are selected: those whose centre lies inside."""
        chosen = np.full((box.height, box.width), self.inverted)
        for part in self.parts:
            points = [(row - box.top, column - box.left) for row, column in part.outline]
            top, left, stencil = polygon(points, box.height, box.width)
            where = chosen[top : top + stencil.shape[0], left : left + stencil.shape[1]]
            where[stencil] = part.adds != self.inverted
        return chosen

    def kept(self, classes: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        """A class map (..., rows, columns) that lies at `box`, with 255 outside of the selection."""
        return np.where(self.inside(box), classes, np.uint8(NOTHING))

    def invert(self) -> Selection:
        """What was not selected."""
        return replace(self, inverted=not self.inverted)


def selected(before: Selection | None, outline: Sequence[Point], how: How) -> Selection | None:
    """The selection after another outline; None if nothing is selected any more."""
    if how == "new" or (before is None and how == "add"):
        return Selection((Part(tuple(outline), adds=True),)) if len(outline) > 2 else None
    if before is None or len(outline) < 3:
        return before
    return replace(before, parts=(*before.parts, Part(tuple(outline), adds=(how == "add") != before.inverted)))
