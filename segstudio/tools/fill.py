"""Fill: click a region to give it the active class."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import BACKGROUND, NOTHING, Origin
from segstudio.core.geometry import Box
from segstudio.core.parameters import Range
from segstudio.core.regions import connected, near, without_holes
from segstudio.tools.base import Pointer, Tool

SIDE = 4096
"""Pixels of the window around the click that is searched: more than a screen shows, and a tenth of a gigabyte."""
VOXELS = 2**25
"""Of the window through slices: 128 slices of 512 x 512, which takes about a second."""


class Fill(Tool):
    """Without tolerance: the connected region of one class of the mask. With tolerance: of similar pixels.

    What lies in the view is written at once; what reaches beyond it is offered as a proposal. A proposal can not
    say "unsure", so unsure is marked only within the view.
    """

    id = "fill"
    title = "Fill"
    shortcut = "G"
    icon = "fill"
    hint = "Click a region to fill it. With a tolerance it follows the image, at 0 the mask. Ctrl erases."
    options = ("class",)
    in_volumes = ("through_slices",)

    @staticmethod
    def form(
        *,
        tolerance: Annotated[float, Range(0.0, 1.0, 0.01), "Share of the display range; 0 follows the mask."] = 0.1,
        holes: Annotated[bool, "Fill what the region encloses too."] = False,
        through_slices: Annotated[bool, "Follow the region through the slices of a volume."] = False,
    ) -> None: ...

    def press(self, at: Pointer) -> None:
        _, rows, columns = self.session.shape
        row, column = int(np.floor(at.row)), int(np.floor(at.column))
        if not (0 <= row < rows and 0 <= column < columns):
            return
        window, depth = self._window(at.z, row, column)
        candidates = self._candidates(window, depth, (at.z, row, column))
        if candidates is None:  # an image that is read as it is shown: what is seen is there first
            window, depth = self.session.view, 1
            candidates = self._candidates(window, depth, (at.z, row, column))
        if candidates is None:
            self.session.refuse("The pixels are still being read; click again in a moment.")
            return
        region = connected(candidates, (at.z - window.z, row - window.top, column - window.left))
        cut = self._cut(window, region)
        first = [int(np.flatnonzero(region.any(axis=others))[0]) for others in ((1, 2), (0, 2), (0, 1))]
        last = [int(np.flatnonzero(region.any(axis=others))[-1]) + 1 for others in ((1, 2), (0, 2), (0, 1))]
        region = region[tuple(slice(*ends) for ends in zip(first, last, strict=True))]
        if self.option("holes"):
            region = without_holes(region[0])[None] if len(region) == 1 else without_holes(region)
        z, top, left = first[0] + window.z, first[1] + window.top, first[2] + window.left
        self._finish(at, Box(z, top, left, top + region.shape[1], left + region.shape[2]), region, cut)

    def _window(self, z: int, row: int, column: int) -> tuple[Box, int]:
        """What is searched: a box around the click whose `z` is the first slice, and the number of slices."""
        slices, rows, columns = self.session.shape
        depth = slices if self.option("through_slices") else 1
        side = SIDE if depth == 1 else min(SIDE, max(256, math.isqrt(VOXELS // depth)))
        height, width = min(rows, side), min(columns, side)
        if depth > 1:
            depth = min(depth, max(1, VOXELS // (height * width)))
        first = max(0, min(z - depth // 2, slices - depth))
        top = max(0, min(row - height // 2, rows - height))
        left = max(0, min(column - width // 2, columns - width))
        return Box(first, top, left, top + height, left + width), depth

    def _candidates(self, window: Box, depth: int, seed: tuple[int, int, int]) -> NDArray[np.bool_] | None:
        """Which pixels (slices, rows, columns) of the window are like the clicked one; None while it is read."""
        session, tolerance = self.session, float(self.option("tolerance") or 0)
        pixel = Box(seed[0], seed[1], seed[2], seed[1] + 1, seed[2] + 1)
        clicked = session.read_pixels(pixel) if tolerance > 0 else session.layer.mask(pixel)
        found = np.zeros((depth, window.height, window.width), bool)
        low, high = session.value_range
        for offset in range(depth):
            box = replace(window, z=window.z + offset)
            if tolerance <= 0:
                found[offset] = session.layer.mask(box) == clicked
                continue
            image = session.read_pixels(box)
            if image is None or clicked is None:
                return None
            found[offset] = near(image, clicked[0, 0], tolerance * (high - low))
        return found

    def _cut(self, window: Box, region: NDArray[np.bool_]) -> bool:
        """Whether the region touches an edge of the window where the image goes on."""
        slices, rows, columns = self.session.shape
        through = bool(self.option("through_slices"))
        edges = (
            (through and window.z > 0, region[0]),
            (through and window.z + len(region) < slices, region[-1]),
            (window.top > 0, region[:, 0]),
            (window.bottom < rows, region[:, -1]),
            (window.left > 0, region[:, :, 0]),
            (window.right < columns, region[:, :, -1]),
        )
        return any(goes_on and bool(edge.any()) for goes_on, edge in edges)

    def _finish(self, at: Pointer, box: Box, region: NDArray[np.bool_], cut: bool) -> None:
        """Write the region, or offer it where more than the view would change."""
        unsure = self.session.unsure and not at.erase
        value = BACKGROUND if at.erase or unsure else self.session.active_class
        seen = box.intersect(self.session.view)
        title = "Erase region" if at.erase else "Fill"
        if not unsure and (cut or len(region) > 1 or seen != box):
            classes = np.where(region, np.uint8(value), np.uint8(NOTHING))
            note = "The region goes on beyond the part of the image that was searched." if cut else ""
            self.session.offer(title, self.id, box.z, box.top, box.left, classes, note=note)
            return
        writer = self.session.begin_edit(title, tool=self.id, origin=Origin.UNSURE if unsure else Origin.PAINTED)
        if not seen.empty:
            inside = np.s_[seen.top - box.top : seen.bottom - box.top, seen.left - box.left : seen.right - box.left]
            writer.set(at.z, seen.top, seen.left, region[at.z - box.z][inside], value)
        self.session.finish_edit(writer)
