"""Restriction: where painting is allowed to change anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import BACKGROUND, NOTHING, UNSET
from segstudio.core.geometry import Box
from segstudio.core.selection import Selection

if TYPE_CHECKING:
    from segstudio.core.layer import MaskLayer


Allowed = Callable[[Box], NDArray[np.bool_]]
"""Which pixels (rows, columns) of a box may be changed."""

ReadPixels = Callable[[Box], "NDArray[np.generic] | None"]

ANYTHING, UNTOUCHED, FREE = -1, -2, -3
"""Values of `Restriction.on` besides class ids: all pixels, those nobody has annotated, and those without an object
(background, or nothing known)."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """Painting changes only pixels that show the class `on`, whose values lie in the display window (`in_window`),
    that are seen now (`in_view`), and that are selected, if anything is."""

    on: int = ANYTHING
    in_window: bool = False
    in_view: bool = False
    selection: Selection | None = None

    @property
    def active(self) -> bool:
        """Whether it restricts anything."""
        return self != Restriction()

    def allowed(
        self, layer: MaskLayer, read: ReadPixels, windows: Sequence[tuple[int, float, float]], view: Box
    ) -> Allowed:
        """The question as the writer asks it. `windows` are the shown channels with their lowest and highest value;
        where pixels cannot be read yet nothing is allowed."""

        def ask(box: Box) -> NDArray[np.bool_]:
            may = np.ones((box.height, box.width), bool)
            if self.on == UNTOUCHED:
                may &= layer.annotation.read(box) == UNSET
            elif self.on == FREE:
                may &= np.isin(layer.mask(box), (BACKGROUND, NOTHING))
            elif self.on >= 0:
                may &= layer.mask(box) == self.on
            if self.in_window:
                found = read(box)
                pixels = np.full((*may.shape, 1), np.nan) if found is None else np.asarray(found, np.float64)
                for channel, low, high in windows:
                    values = pixels[..., min(channel, pixels.shape[2] - 1)]
                    may &= (values >= low) & (values <= high)
            if self.selection is not None:
                may &= self.selection.inside(box)
            if self.in_view:
                rows, columns = np.arange(box.top, box.bottom), np.arange(box.left, box.right)
                may &= ((rows >= view.top) & (rows < view.bottom))[:, None]
                may &= (columns >= view.left) & (columns < view.right)
            return may

        return ask
