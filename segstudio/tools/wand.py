"""Magic wand: press to select similar pixels, drag right or left to select more or fewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from segstudio.core.parameters import Range
from segstudio.tools.base import Area, Pointer, Preview, Tool, ToolSession
from segstudio.tools.seen import Seen, look
from segstudio.tools.writing import write

LIMIT = 4_000_000
"""Values that are compared at most; a larger part is reduced."""

NOTCH = 0.02
"""How much a drag by a finger's width (`Pointer.reach`) adds to the tolerance."""


class Wand(Tool):
    """Works on the visible part only, so that it answers at once on images of any size."""

    id = "wand"
    title = "Magic wand"
    shortcut = "W"
    icon = "wand"
    hint = "Press on similar pixels, drag right for more or left for fewer. Ctrl erases, Esc drops it."
    options = ("class",)

    @staticmethod
    def form(
        *,
        tolerance: Annotated[float, Range(0.0, 1.0, 0.01), "Share of the display range by which pixels differ."] = 0.1,
        contiguous: Annotated[bool, "Only connected pixels; else all similar ones that are seen."] = True,
    ) -> None: ...

    def __init__(self, session: ToolSession) -> None:
        super().__init__(session)
        self._start: Pointer | None = None
        self._seen: Seen | None = None
        self._differ: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._area: Area | None = None

    def press(self, at: Pointer) -> None:
        self.cancel()
        self._seen = look(self.session, at.z, at.row, at.column, LIMIT)
        if self._seen is not None:
            values = self._seen.values
            self._start = at
            self._differ = np.abs(values - values[self._seen.place(at.row, at.column)]).max(axis=2)
            self._select(at)

    def drag(self, at: Pointer) -> None:
        self._select(at)

    def release(self, at: Pointer) -> None:
        if self._area is not None and self._start is not None:
            write(self, self._start, "Erase similar" if self._start.erase else "Fill similar", [self._area])
        self.cancel()

    def cancel(self) -> None:
        self._start = self._seen = self._area = None
        self._differ = np.zeros((0, 0), np.float32)

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        return () if self._area is None else (self._area,)

    def _select(self, at: Pointer) -> None:
        """What is similar with the tolerance that the drag from the start to `at` gives."""
        if self._seen is None or self._start is None:
            return
        notches = (at.column - self._start.column) / self._start.reach
        tolerance = min(max(float(self.option("tolerance") or 0) + NOTCH * notches, 0.0), 1.0)
        chosen = self._differ <= tolerance
        if self.option("contiguous"):
            from scipy import ndimage

            regions, _ = ndimage.label(chosen)
            chosen = regions == regions[self._seen.place(self._start.row, self._start.column)]
        rows, columns = np.flatnonzero(chosen.any(axis=1)), np.flatnonzero(chosen.any(axis=0))
        part = chosen[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self._area = self._seen.area(part, int(rows[0]), int(columns[0]))
