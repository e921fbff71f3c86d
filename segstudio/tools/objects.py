"""Object: click an object to remove it, or to keep nothing else of its class in view."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np

from segstudio.core.codes import BACKGROUND, NOTHING
from segstudio.core.geometry import Box
from segstudio.core.regions import connected
from segstudio.tools.base import Area, Pointer, Preview, Tool

SIDE = 4096
"""Pixels of the window around the pointer in which an object is followed."""


class ObjectTool(Tool):
    """An object is what is connected and shows one class. Removing one in view is done at once; the rest is offered."""

    id = "object"
    title = "Object"
    icon = "object"
    hint = "Click an object to remove it. “Keep only” removes all others of its class that are seen."

    _seen: tuple[tuple[int, int, int], Area | None] = ((-1, 0, 0), None)  # pixel, and the object found there

    @staticmethod
    def form(*, action: Annotated[Literal["remove", "keep only"], "What a click does."] = "remove") -> None: ...

    def press(self, at: Pointer) -> None:
        area = self._object(at)
        if area is None:
            self.session.refuse("There is no object here.")
            return
        height, width = area.stencil.shape
        box = Box(at.z, area.top, area.left, area.top + height, area.left + width)
        if self.option("action") == "keep only":
            self._keep_only(at, area)
        elif box.intersect(self.session.view) == box:
            writer = self.session.begin_edit("Remove object", tool=self.id)
            writer.set(at.z, area.top, area.left, area.stencil, BACKGROUND)
            self.session.finish_edit(writer)
        else:
            classes = np.where(area.stencil, np.uint8(BACKGROUND), np.uint8(NOTHING))
            self.session.offer("Remove object", self.id, at.z, area.top, area.left, classes)
        self._seen = ((-1, 0, 0), None)

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        area = self._object(at) if at is not None else None
        return (area,) if area is not None else ()

    def _keep_only(self, at: Pointer, area: Area) -> None:
        """Offer to remove every other object of the class that is seen."""
        view = self.session.view
        mask = self.session.layer.mask(view)
        row, column = math.floor(at.row) - view.top, math.floor(at.column) - view.left
        others = mask == mask[row, column]
        top, left = max(area.top, view.top), max(area.left, view.left)
        bottom = min(area.top + area.stencil.shape[0], view.bottom)
        right = min(area.left + area.stencil.shape[1], view.right)
        kept = area.stencil[top - area.top : bottom - area.top, left - area.left : right - area.left]
        others[top - view.top : bottom - view.top, left - view.left : right - view.left] &= ~kept
        classes = np.where(others, np.uint8(BACKGROUND), np.uint8(NOTHING))
        self.session.offer("Keep only this object", self.id, at.z, view.top, view.left, classes)

    def _object(self, at: Pointer) -> Area | None:
        """The object under the pointer; kept while the pointer stays on it."""
        place = (at.z, math.floor(at.row), math.floor(at.column))
        key, known = self._seen
        if known is not None and key[0] == at.z and _covers(known, place):
            return known
        if place != key:
            self._seen = place, self._find(*place)
        return self._seen[1]

    def _find(self, z: int, row: int, column: int) -> Area | None:
        if not Box(z, row, column, row + 1, column + 1).intersect(self.session.view).height > 0:
            return None
        box = Box(z, row - SIDE // 2, column - SIDE // 2, row + SIDE // 2, column + SIDE // 2).clip(self.session.shape)
        if box.empty or not (box.top <= row < box.bottom and box.left <= column < box.right):
            return None
        mask = self.session.layer.mask(box)
        if mask[row - box.top, column - box.left] in (BACKGROUND, NOTHING):
            return None
        place = (0, row - box.top, column - box.left)
        region = connected((mask == mask[place[1:]])[None], place)[0]
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        stencil = region[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return Area(box.top + int(rows[0]), box.left + int(columns[0]), stencil)


def _covers(area: Area, place: tuple[int, int, int]) -> bool:
    row, column = place[1] - area.top, place[2] - area.left
    height, width = area.stencil.shape
    return 0 <= row < height and 0 <= column < width and bool(area.stencil[row, column])
