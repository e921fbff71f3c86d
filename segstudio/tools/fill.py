"""Fill: click a region to give it the active class."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import BACKGROUND, Origin
from segstudio.core.geometry import Box
from segstudio.core.parameters import Range
from segstudio.core.regions import same_class, similar
from segstudio.tools.base import Pointer, Tool

WHOLE, VIEW = 8192 * 8192, 4096 * 4096
"""Pixels of a slice up to which all of it is looked at, and of a view of a larger one."""


class Fill(Tool):
    """Without tolerance: the connected region of one class of the mask. With tolerance: of similar pixels."""

    id = "fill"
    title = "Fill"
    shortcut = "G"
    icon = "fill"
    hint = "Click a region to fill it. With a tolerance it follows the image, at 0 the mask. Ctrl erases."
    options = ("class",)

    @staticmethod
    def form(
        *, tolerance: Annotated[float, Range(0.0, 1.0, 0.01), "Share of the display range; 0 follows the mask."] = 0.1
    ) -> None: ...

    def press(self, at: Pointer) -> None:
        _, rows, columns = self.session.shape
        row, column = int(np.floor(at.row)), int(np.floor(at.column))
        if not (0 <= row < rows and 0 <= column < columns):
            return
        area, region = Box.whole(self.session.shape, at.z), None
        if area.height * area.width <= WHOLE:
            region = self._region(area, row, column)
        if region is None:
            area = self.session.view
            if area.height * area.width > VIEW:
                self.session.refuse("Zoom in to fill: in an image this large, a region is looked for where you see it.")
                return
            region = self._region(area, row - area.top, column - area.left)
        if region is None:
            self.session.refuse("The pixels are still being read; click again in a moment.")
            return
        found_rows, found_columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        stencil = region[found_rows[0] : found_rows[-1] + 1, found_columns[0] : found_columns[-1] + 1]
        top, left = area.top + int(found_rows[0]), area.left + int(found_columns[0])
        unsure = self.session.unsure and not at.erase
        writer = self.session.begin_edit("Fill", tool=self.id, origin=Origin.UNSURE if unsure else Origin.PAINTED)
        writer.set(at.z, top, left, stencil, BACKGROUND if at.erase or unsure else self.session.active_class)
        self.session.finish_edit(writer)

    def _region(self, area: Box, row: int, column: int) -> NDArray[np.bool_] | None:
        """The connected region around a pixel of `area`; None while the image is not there."""
        tolerance = float(self.option("tolerance") or 0)
        if tolerance <= 0:
            return same_class(self.session.layer.mask(area), row, column)
        image = self.session.read_pixels(area)
        if image is None:
            return None
        low, high = self.session.value_range
        return similar(image, row, column, tolerance * (high - low))
