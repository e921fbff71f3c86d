"""AreaTool: what all tools share that fill an outline."""

from __future__ import annotations

from collections.abc import Sequence

from segstudio.core.codes import BACKGROUND, Origin
from segstudio.core.spans import Point
from segstudio.core.stencils import polygon
from segstudio.tools.base import Pointer, Tool

LARGEST = 2**28
"""Pixels of the largest box an outline may span: 16,384 x 16,384, above which a stencil costs gigabytes."""


class AreaTool(Tool):
    """Fills an outline with the active class, erases with Ctrl, and marks unsure where that is chosen."""

    options = ("class",)

    def fill(self, at: Pointer, points: Sequence[Point], *, erase: bool) -> None:
        """Write what the outline through `points` encloses into the slice of `at`, as one undo step."""
        unsure = self.session.unsure and not erase
        origin = Origin.UNSURE if unsure else Origin.PAINTED
        writer = self.session.begin_edit("Erase area" if erase else "Fill area", tool=self.id, origin=origin)
        if self._span(points) > LARGEST:
            writer.blocked = f"the outline spans more than {LARGEST // 10**6} million pixels."
        else:
            _, rows, columns = self.session.shape
            top, left, stencil = polygon(points, rows, columns)
            writer.set(at.z, top, left, stencil, BACKGROUND if erase or unsure else self.session.active_class)
        self.session.finish_edit(writer)

    def _span(self, points: Sequence[Point]) -> float:
        """Pixels of the image in the box around the points."""
        _, *sides = self.session.shape
        ends = [sorted(min(max(p[axis], 0.0), side) for p in points) for axis, side in enumerate(sides)]
        return (ends[0][-1] - ends[0][0]) * (ends[1][-1] - ends[1][0])
