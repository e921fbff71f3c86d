"""Numbering: which class each number of a mask file is, decided here for every format.

A project has class ids 0 (background) to 254. Files have what they like: labels of atlases up to 14,175, numbers of
cells, black and white, 255 or -1 for what nobody has labelled. Numbers that are class ids stay what they are; others
are numbered anew and keep their old number as a name. None wraps round, and none is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.errors import UserError

WHITE = (255, 65_535)
"""White of 8 and of 16 bits."""

RUN = {NOTHING - 3, NOTHING - 2, NOTHING - 1}
"""Where a file numbers its labels up to 254, its 255 is one more of them (FreeSurfer's corpus callosum: 251 to 255)."""

NOT_LABELLED = -1
"""What many programs write into signed numbers where nobody has labelled."""

ALMOST = 0.01
"""How far a number may be from a whole one: what single precision and resampling by nearest neighbours leave."""

LOOKUP = 2**16
BLOCK = 2**23
"""Values that are looked at at a time, so that large volumes need no second copy in 64 bits."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """`numbers` (ascending) become `ids`; `names` are those of ids that had another number in the file, `note` says in
    a sentence how black and white, large numbers or missing labels were read, or is ""."""

    numbers: NDArray[np.int64]
    ids: NDArray[np.uint8]
    names: dict[int, str] = field(default_factory=dict)
    note: str = ""

    def of(self, values: NDArray[np.generic]) -> NDArray[np.uint8]:
        """The class ids of an array of these numbers (floats are rounded), of the same shape."""
        out = np.empty(values.shape, np.uint8)
        flat, target = values.reshape(-1), out.reshape(-1)
        low = int(self.numbers[0]) if self.numbers.size else 0
        span = int(self.numbers[-1]) - low + 1 if self.numbers.size else 0
        table = np.zeros(span if span <= LOOKUP else 0, np.uint8)
        if table.size:
            table[self.numbers - low] = self.ids
        for start in range(0, flat.size, BLOCK):
            part = _integers(flat[start : start + BLOCK])
            found = table[part - low] if table.size else self.ids[np.searchsorted(self.numbers, part)]
            target[start : start + BLOCK] = found
        return out


def numbering(numbers: Iterable[int], *, unknown: Collection[int] = (), white: bool = True) -> Numbering:
    """How the numbers that occur in a file become class ids.

    - Those in `unknown` (a nodata value), -1, and 255 where it is no further label are 255, nothing known.
    - Black and white alone (0 and 255, or 0 and 65,535) are background and one object, class 1, unless `white` says
      that 255 has another meaning in this file (a colour of its own in a palette).
    - Numbers from 0 to 254 stay; others take the ids that are free, in ascending order.
    - More different numbers than there are ids are objects, not classes: all of them are class 1.

    Raises UserError for other negative numbers.
    """
    values = np.unique(np.fromiter(numbers, np.int64))
    silent = {int(v) for v in values if v in unknown or v == NOT_LABELLED}
    labels = [int(v) for v in values if int(v) not in silent]
    if labels and labels[0] < 0:
        raise UserError("It is no label map.", why=f"It has the negative number {labels[0]}.")
    objects = [number for number in labels if number]
    if white and len(objects) == 1 and objects[0] in WHITE:
        return _numbering(values, {objects[0]: 1}, {}, "Black and white: white is the object, class 1.")
    if NOTHING in objects and objects[-1] == NOTHING and not set(objects) >= RUN:
        silent.add(NOTHING)
        objects.remove(NOTHING)
    if len(objects) >= NOTHING:
        note = f"{len(objects):,} different numbers are objects of one class: a project holds at most 254 classes."
        return _numbering(values, dict.fromkeys(objects, 1), {1: "Object"}, note)
    return _renumbered(values, objects, "255 is nothing known." if NOTHING in silent else "")


def _renumbered(values: NDArray[np.int64], objects: list[int], note: str) -> Numbering:
    """Class ids for fewer than 255 objects; those that are no ids take free ones."""
    ids = {number: number for number in objects if number < NOTHING}
    free = (number for number in range(1, NOTHING) if number not in ids)
    names = {}
    for number in objects:
        if number not in ids:
            ids[number] = next(free)
            names[ids[number]] = str(number)
    if names:
        note = f"Numbers above 254 are numbered anew, with their number as name. {note}".rstrip()
    return _numbering(values, ids, names, note)


def _numbering(values: NDArray[np.int64], ids: dict[int, int], names: dict[int, str], note: str) -> Numbering:
    found = [0 if value == 0 else ids.get(int(value), NOTHING) for value in values]
    return Numbering(values, np.array(found, np.uint8), names, note)


def distinct(values: NDArray[np.generic], *, almost: float = ALMOST) -> NDArray[np.int64]:
    """The whole numbers that occur in an array, ascending.

    Floats count as whole within `almost`. Raises UserError where they are not, and for what is no number.
    """
    flat = values.reshape(-1)
    found = np.empty(0, np.int64)
    for start in range(0, flat.size, BLOCK):
        part = flat[start : start + BLOCK]
        if part.dtype.kind == "f":
            _check_whole(part, almost)
        found = np.union1d(found, _occurring(_integers(part)))
    return found.astype(np.int64)


def _occurring(part: NDArray[np.int64]) -> NDArray[np.int64]:
    """The different numbers of a block; counting is faster than sorting where they are small."""
    low, high = (int(part.min()), int(part.max())) if part.size else (0, 0)
    if part.size and low >= 0 and high < LOOKUP:
        return np.flatnonzero(np.bincount(part)).astype(np.int64)
    return np.unique(part).astype(np.int64)


def _check_whole(part: NDArray[Any], almost: float) -> None:
    if not np.isfinite(part).all():
        raise UserError("It is no label map.", why="Some of its values are not numbers (NaN or infinite).")
    off = np.abs(part - np.rint(part))
    if float(off.max(initial=0)) > almost:
        odd = float(part[int(off.argmax())])
        raise UserError("It is no label map.", why=f"Some of its values are not whole numbers, such as {odd:g}.")
    if float(np.abs(part).max(initial=0)) >= 2.0**62:
        raise UserError("It is no label map.", why="Some of its values are too large for numbers of classes.")


def _integers(part: NDArray[Any]) -> NDArray[np.int64]:
    if part.dtype.kind == "f":
        part = np.rint(part)
    if part.dtype == np.uint64:
        part = np.minimum(part, np.uint64(2**62))
    return np.asarray(part.astype(np.int64))
