"""Candidates: what else the object under the pointer could be, one proposal after another."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import BACKGROUND, NOTHING
from segstudio.core.geometry import Box
from segstudio.core.regions import connected
from segstudio.tools.base import Pointer, ToolSession

SIDE = 2048
"""Pixels of the window around the pointer in which an object is followed."""
ROOM, ALONE = 24, 96
"""Pixels around an object that belong to its candidates, and around a pointer that is over none."""

TOOL = "candidate"


@dataclass(frozen=True, eq=False)
class Candidate:
    """A class map (rows, columns) for `box`, 255 where it says nothing, and who says so."""

    title: str
    box: Box
    classes: NDArray[np.uint8]


class Candidates:
    """Shows the next candidate each time it is asked to, as long as the pointer stays with the object."""

    def __init__(self, session: ToolSession) -> None:
        self._session = session
        self._place: tuple[int, ...] = ()
        self._next = 0

    def show_next(self, at: Pointer) -> None:
        """Offer the next candidate for what is under the pointer; tells where there is none."""
        found = candidates(self._session, at)
        if not found:
            self._session.refuse("There is nothing else to offer here: no prediction, and no clear edge.")
            return
        box = found[0].box
        place = (box.z, box.top, box.left)
        if place != self._place:
            self._place, self._next = place, 0
        chosen = found[self._next % len(found)]
        note = f"{self._next % len(found) + 1} of {len(found)}: {chosen.title}. C shows the next."
        self._next += 1
        self._session.offer("Candidate", TOOL, box.z, box.top, box.left, chosen.classes, note=note)


def candidates(session: ToolSession, at: Pointer) -> list[Candidate]:
    """What the model says, what the version before it said, and what Otsu's threshold says, without repetitions."""
    box, class_id = _around(session, at)
    if box.empty:
        return []
    layer = session.layer
    said: list[tuple[str, NDArray[np.uint8] | None]] = [
        ("the model", np.asarray(layer.prediction.read(box), np.uint8)),
        ("the model before", np.asarray(layer.previous.read(box), np.uint8)),
        ("Otsu's threshold", _threshold(session, at, box, class_id)),
    ]
    found: list[Candidate] = []
    for title, classes in said:
        if classes is None or (classes == NOTHING).all() or any((classes == c.classes).all() for c in found):
            continue
        found.append(Candidate(title, box, classes))
    return found


def _around(session: ToolSession, at: Pointer) -> tuple[Box, int]:
    """The seen part of the object under the pointer with some room, and its class; else a place around the pointer."""
    pointed, window = _seen(session, at)
    if pointed.intersect(window).empty:
        return Box(at.z, 0, 0, 0, 0), BACKGROUND
    found = object_under(session, at)
    if found is None:
        return pointed.expand(ALONE).intersect(window), session.active_class
    _, box, class_id = found
    return box.expand(ROOM).intersect(window), class_id


def object_under(session: ToolSession, at: Pointer) -> tuple[NDArray[np.bool_], Box, int] | None:
    """The seen part of the object under the pointer: its pixels (rows, columns) in a box, and its class.

    An object is connected pixels of a class that is not the background; None where there is none.
    """
    pointed, window = _seen(session, at)
    if pointed.intersect(window).empty:
        return None
    mask = session.layer.mask(window)
    place = (pointed.top - window.top, pointed.left - window.left)
    class_id = int(mask[place])
    if class_id in (BACKGROUND, NOTHING):
        return None
    region = connected(mask == class_id, place)
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    first, last = (int(rows[0]), int(columns[0])), (int(rows[-1]) + 1, int(columns[-1]) + 1)
    box = Box(at.z, window.top + first[0], window.left + first[1], window.top + last[0], window.left + last[1])
    return region[first[0] : last[0], first[1] : last[1]], box, class_id


def _seen(session: ToolSession, at: Pointer) -> tuple[Box, Box]:
    """The pixel under the pointer, and the seen part of the window around it."""
    row, column = math.floor(at.row), math.floor(at.column)
    pointed = Box(at.z, row, column, row + 1, column + 1)
    return pointed, pointed.expand(SIDE // 2).intersect(session.view)


def _threshold(session: ToolSession, at: Pointer, box: Box, class_id: int) -> NDArray[np.uint8] | None:
    """The connected pixels on the pointer's side of Otsu's threshold (Otsu 1979) of what is around the object."""
    pixels = session.read_pixels(box)
    if pixels is None:
        return None
    grey = np.asarray(pixels, np.float32).mean(axis=2)
    if not np.isfinite(grey).all() or grey.min() == grey.max():
        return None
    from skimage.filters import threshold_otsu

    place = (math.floor(at.row) - box.top, math.floor(at.column) - box.left)
    bright = grey > threshold_otsu(grey)  # type: ignore[no-untyped-call]
    region = connected(bright == bright[place], place)
    classes = np.full(grey.shape, NOTHING, np.uint8)
    classes[(session.layer.mask(box) == class_id) & ~region] = BACKGROUND
    classes[region] = class_id
    return classes
