"""Smart brush: paints only what is connected to the middle of the brush and looks like it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import BACKGROUND
from segstudio.core.parameters import Range
from segstudio.tools.base import Circle, Pointer, Preview
from segstudio.tools.brush import Brush
from segstudio.tools.seen import look
from segstudio.tools.writing import begin

LIMIT = 250_000
"""Values that a dab compares at most; under a larger brush they are reduced."""

CORNER = 4
"""Side in pixels of the squares around a dab's centre whose mean and spread count."""

SPACING = 1 / 3
"""Distance between the dabs of a stroke in radii."""

LOOSE = 0.2
"""What pixels may differ from the local mean at strictness 0, in shares of the display range, besides the spread."""

ROUNDING = 0.002
"""Shares of the display range that never count as a difference."""


class SmartBrush(Brush):
    """A dab stops at edges: the mean and spread around its centre, in each channel, say what still belongs."""

    id = "smart"
    title = "Smart brush"
    shortcut = ""
    icon = "smart"
    hint = "Drag inside an object: the brush stops at its edges. Ctrl erases, [ ] changes the size."

    _class = BACKGROUND  # what the present stroke writes

    @staticmethod
    def form(  # type: ignore[override]  # options are read by name
        *, strictness: Annotated[float, Range(0.0, 1.0, 0.05), "How like the middle of the brush pixels must be."] = 0.5
    ) -> None: ...

    def press(self, at: Pointer) -> None:
        self._stroke, self._class = begin(self, at, self.stroke_title(at))
        self._last = at
        self._dab(at, at.row, at.column)

    def drag(self, at: Pointer) -> None:
        if self._last is None or self._stroke is None:
            return
        down, right = at.row - self._last.row, at.column - self._last.column
        dabs = math.ceil(math.hypot(down, right) / max(1.0, self._radius(at) * SPACING))
        for share in (np.arange(dabs) + 1) / max(dabs, 1):
            self._dab(at, self._last.row + share * down, self._last.column + share * right)
        self._last = at

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        return () if at is None else (Circle(at.row, at.column, self.session.brush_radius),)

    def _radius(self, at: Pointer) -> float:
        return max(0.5, self.session.brush_radius * at.pressure)

    def _dab(self, at: Pointer, row: float, column: float) -> None:
        """Paint under the brush around an image point; nothing where it is not seen."""
        radius = self._radius(at)
        seen = look(self.session, at.z, row, column, LIMIT, radius + CORNER)
        if seen is None or self._stroke is None:
            return
        centre = seen.place(row, column)
        height, width = seen.values.shape[:2]
        down = seen.box.top - row + (np.arange(height) + 0.5) * seen.step
        right = seen.box.left - column + (np.arange(width) + 0.5) * seen.step
        disc = np.hypot(down[:, None], right) <= radius
        disc[centre] = True
        area = seen.area(alike(seen.values, centre, disc, float(self.option("strictness") or 0)))
        self._stroke.set(at.z, area.top, area.left, area.stencil, self._class)


def alike(
    values: NDArray[np.float32], centre: tuple[int, int], disc: NDArray[np.bool_], strictness: float
) -> NDArray[np.bool_]:
    """Pixels of `disc` (rows, columns) connected to `centre` and, in all channels, like what lies around it."""
    from scipy import ndimage

    mean, spread = local(values, centre)
    tolerance = LOOSE * (1 - strictness) + (4 - 2 * strictness) * spread + ROUNDING
    chosen = disc & (np.abs(values - mean) <= tolerance).all(axis=2)
    chosen[centre] = True
    regions, _ = ndimage.label(chosen)
    return np.asarray(regions == regions[centre], np.bool_)


def local(values: NDArray[np.float32], centre: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation in each channel of the quietest of the four squares that have `centre` as a corner.

    So a centre close to an edge is described by its own side of it (Kuwahara et al., Processing of
    RI-angiocardiographic images, 1976).
    """
    tops, lefts = (
        [min(max(place - before, 0), max(side - CORNER, 0)) for before in (0, CORNER - 1)]
        for place, side in zip(centre, values.shape, strict=False)
    )
    squares = [values[top : top + CORNER, left : left + CORNER] for top in tops for left in lefts]
    quietest = min(squares, key=lambda square: float(square.var(axis=(0, 1)).sum()))
    return quietest.mean(axis=(0, 1)), quietest.std(axis=(0, 1))
