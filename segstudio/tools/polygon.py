"""Polygon: click corner by corner, mend the corners, then fill."""

from __future__ import annotations

import math
from collections.abc import Sequence

from segstudio.core.spans import Point
from segstudio.tools.area import AreaTool
from segstudio.tools.base import Handles, Path, Pointer, Preview, ToolSession


class Polygon(AreaTool):
    id = "polygon"
    title = "Polygon"
    shortcut = "Shift+L"
    icon = "polygon"
    hint = (
        "Click corners. Drag one to move it, click an edge to add one, Shift+click removes one. "
        "Enter or a double click fills, with Ctrl at the first corner erases, Esc drops it."
    )

    def __init__(self, session: ToolSession) -> None:
        super().__init__(session)
        self._points: list[Point] = []
        self._earlier: list[list[Point]] = []  # the corners before each press
        self._later: list[list[Point]] = []  # those that were taken back
        self._held: int | None = None  # the corner that is being dragged
        self._first: Pointer | None = None  # what the first corner was clicked with: slice and Ctrl

    @property
    def busy(self) -> bool:
        """Whether corners have been set that Enter would fill."""
        return bool(self._points)

    def press(self, at: Pointer) -> None:
        if not self._points:
            self._first = at
        self._earlier.append(list(self._points))
        self._later.clear()
        corner = self._corner_at(at)
        if corner is None and not (at.shift and self._points):
            corner = self._place_for(at)
            self._points.insert(corner, (at.row, at.column))
        elif corner is not None and at.shift:
            del self._points[corner]
            corner = None
        self._held = corner

    def drag(self, at: Pointer) -> None:
        if self._held is not None:
            self._points[self._held] = (at.row, at.column)

    def release(self, at: Pointer) -> None:
        self._held = None

    def confirm(self, at: Pointer) -> None:
        """Enter or a double click: fill the polygon on the slice where it was begun."""
        points, first = self._points, self._first
        self.cancel()
        if first is not None and len(points) > 2:
            self.fill(first, points, erase=first.erase)

    def cancel(self) -> None:
        self._points, self._earlier, self._later, self._held, self._first = [], [], [], None, None

    def take_back(self) -> bool:
        """Take the last corner back that was set, moved or removed."""
        self._held = None
        while self._earlier and self._earlier[-1] == self._points:  # a click that changed nothing
            self._earlier.pop()
        if not self._earlier:
            return False
        self._later.append(self._points)
        self._points = self._earlier.pop()
        return True

    def bring_back(self) -> bool:
        if not self._later:
            return False
        self._earlier.append(self._points)
        self._points = self._later.pop()
        return True

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        if not self._points:
            return ()
        active = -1 if at is None else self._held if self._held is not None else self._corner_at(at)
        points = list(self._points)
        if at is not None and active is None and not at.shift:
            points.insert(self._place_for(at), (at.row, at.column))
        return (
            Path(tuple(points), closed=True),
            Handles(tuple(self._points), -1 if active is None else active),
        )

    def _corner_at(self, at: Pointer) -> int | None:
        """The nearest corner within reach."""
        apart = [math.dist(point, (at.row, at.column)) for point in self._points]
        nearest = min(range(len(apart)), key=apart.__getitem__, default=None)
        return nearest if nearest is not None and apart[nearest] <= at.reach else None

    def _place_for(self, at: Pointer) -> int:
        """Where a new corner goes: into the nearest edge within reach, else at the end."""
        count = len(self._points)
        edges = [
            (_distance((at.row, at.column), self._points[edge], self._points[(edge + 1) % count]), edge)
            for edge in range(count)
        ]
        apart, edge = min(edges, default=(math.inf, 0))
        return edge + 1 if apart <= at.reach else count


def _distance(point: Point, start: Point, end: Point) -> float:
    """From a point to the line between two others."""
    way = end[0] - start[0], end[1] - start[1]
    length = way[0] ** 2 + way[1] ** 2
    share = ((point[0] - start[0]) * way[0] + (point[1] - start[1]) * way[1]) / length if length else 0.0
    share = min(1.0, max(0.0, share))
    return math.dist(point, (start[0] + share * way[0], start[1] + share * way[1]))
