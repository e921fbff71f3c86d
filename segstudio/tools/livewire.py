"""Livewire: click anchors along an edge; the line between them follows it. Then the outline is filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.core.spans import Point
from segstudio.core.stencils import polygon
from segstudio.tools.base import Area, Handles, Path, Pointer, Preview, Tool, ToolSession
from segstudio.tools.seen import Seen, holds, look
from segstudio.tools.writing import write

if TYPE_CHECKING:
    from skimage.graph import MCP_Geometric

LIMIT = 1_000_000
"""Pixels of the cost map at most, about; a larger part is reduced."""

FLAT = 0.02
"""What a step along the strongest edge costs; a step over even ground costs 1 more."""


class Livewire(Tool):
    """Intelligent scissors: the cheapest path from the last anchor to the pointer, where edges cost little.

    Mortensen & Barrett, Intelligent scissors for image composition, SIGGRAPH 1995, with the gradient magnitude as
    the only cost. The paths from an anchor to all visible pixels are found once, when they are first wanted.
    """

    id = "livewire"
    title = "Livewire"
    shortcut = "K"
    icon = "livewire"
    hint = "Click along an edge; Enter, a double click or the first point closes it. Shift+click takes a point back."
    options = ("class",)

    def __init__(self, session: ToolSession) -> None:
        super().__init__(session)
        self._anchors: list[Point] = []
        self._paths: list[list[Point]] = []  # one for each anchor: from the one before to it, which it includes
        self._later: list[tuple[Point, list[Point]]] = []  # anchors that were taken back, and their paths
        self._z = 0
        self._seen: Seen | None = None
        self._view: Box | None = None  # what was seen when `_seen` was made
        self._finder: MCP_Geometric | None = None  # knows the cheapest paths from the last anchor

    @property
    def busy(self) -> bool:
        """Whether anchors have been set that Enter would join."""
        return bool(self._anchors)

    def press(self, at: Pointer) -> None:
        if at.z != self._z:
            self.cancel()
        if at.shift:
            self.take_back()
        elif len(self._anchors) > 2 and _near(self._anchors[0], at):
            self.confirm(at)
        elif (path := self._path(at)) is not None:
            self._z = at.z
            self._anchors.append((at.row, at.column))
            self._paths.append(path)
            self._later, self._finder = [], None

    def confirm(self, at: Pointer) -> None:
        """Enter or a double click: join the last anchor with the first, and fill."""
        if len(self._anchors) > 2:
            row, column = self._anchors[0]
            back = self._path(Pointer(self._z, row, column)) or []
            points = [point for path in (*self._paths, back) for point in path]
            _, rows, columns = self.session.shape
            area = Area(*polygon(points, rows, columns))
            where = Pointer(self._z, row, column, at.erase)
            write(self, where, "Erase area" if at.erase else "Fill area", [area])
        self.cancel()

    def cancel(self) -> None:
        self._anchors, self._paths, self._later = [], [], []
        self._seen = self._finder = None

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        if not self._anchors or (at is not None and at.z != self._z):
            return ()
        points = [point for path in self._paths for point in path]
        near = len(self._anchors) > 2 and at is not None and _near(self._anchors[0], at)
        live = (self._path(at) or []) if at is not None else []
        return Path((*points, *live)), Handles(tuple(self._anchors), 0 if near else -1)

    def take_back(self) -> bool:
        """Take the last anchor back."""
        if not self._anchors:
            return False
        self._later.append((self._anchors.pop(), self._paths.pop()))
        self._finder = None
        return True

    def bring_back(self) -> bool:
        if not self._later:
            return False
        anchor, path = self._later.pop()
        self._anchors.append(anchor)
        self._paths.append(path)
        self._finder = None
        return True

    def _path(self, at: Pointer) -> list[Point] | None:
        """The cheapest path from the last anchor to `at`, without the anchor; None while the pixels are not loaded.

        Straight where one of the two is not seen.
        """
        end = (at.row, at.column)
        if not self._anchors:
            return [end] if look(self.session, at.z, at.row, at.column, 1, reach=1) is not None else None
        start = self._anchors[-1]
        seen, view = self._seen, self.session.view
        if self._finder is None or seen is None or not (view == self._view or seen.serves(self.session, at, LIMIT)):
            if not holds(view, *start):
                return [end]
            seen = look(self.session, self._z, *start, LIMIT)
            if seen is None:
                return None
            self._seen, self._view = seen, view
            self._finder = cheapest_from(cost_of(seen.values), seen.place(*start))
        line = self._finder.traceback(seen.place(*end))[1:-1]
        return [*(seen.point(row, column) for row, column in line), end]


def _near(anchor: Point, at: Pointer) -> bool:
    return max(abs(anchor[0] - at.row), abs(anchor[1] - at.column)) <= at.reach


def cost_of(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a step on each pixel costs, `FLAT` on the strongest edge to 1 + `FLAT` where all channels are even.

    `values` is (rows, columns, channels), the result (rows, columns). The root lets faint edges count beside
    strong ones.
    """
    from scipy import ndimage

    strength = np.zeros(values.shape[:2], np.float32)
    for channel in range(values.shape[2]):
        np.maximum(strength, ndimage.gaussian_gradient_magnitude(values[:, :, channel], 1), out=strength)
    return np.asarray(1 + FLAT - np.sqrt(strength / max(float(strength.max()), 1e-12)), np.float32)


def cheapest_from(cost: NDArray[np.float32], start: tuple[int, int]) -> MCP_Geometric:
    """Knows the cheapest path from `start` to each pixel of a cost map; a diagonal step counts sqrt(2) times."""
    from skimage.graph import MCP_Geometric

    finder = MCP_Geometric(cost)
    finder.find_costs([start])
    return finder
