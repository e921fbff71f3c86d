"""Fill: click a region to give it the active class."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from segstudio.core.codes import BACKGROUND, Origin
from segstudio.core.geometry import Box
from segstudio.core.parameters import Range
from segstudio.core.regions import same_class, similar
from segstudio.tools.base import Pointer, Tool


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
        tolerance = float(self.option("tolerance") or 0)
        image = self.session.read_pixels(Box.whole(self.session.shape, at.z)) if tolerance > 0 else None
        if image is not None:
            low, high = self.session.value_range
            region = similar(image, row, column, tolerance * (high - low))
        else:
            region = same_class(self.session.layer.mask(Box.whole(self.session.shape, at.z)), row, column)
        found_rows, found_columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        top, left = int(found_rows[0]), int(found_columns[0])
        stencil = region[top : found_rows[-1] + 1, left : found_columns[-1] + 1]
        unsure = self.session.unsure and not at.erase
        writer = self.session.begin_edit("Fill", tool=self.id, origin=Origin.UNSURE if unsure else Origin.PAINTED)
        writer.set(at.z, top, left, stencil, BACKGROUND if at.erase or unsure else self.session.active_class)
        self.session.finish_edit(writer)
