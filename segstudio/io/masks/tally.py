"""What came with an import: objects, and pixels by class."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.objects import numbered

LARGEST = 2**26
"""Pixels of a slice in which objects are counted: numbering them takes eight bytes for each."""


def objects_in(mask: NDArray[np.uint8]) -> int | None:
    """Objects (io.masks.objects) slice by slice, of (slices, rows, columns); None for slices too large to count."""
    if mask[0].size > LARGEST:
        return None
    count = 0
    for one in mask:
        if (one % NOTHING).any():
            count += int(numbered(one).max())
    return count


def report(labels: Labels) -> str:
    """ "2 objects; pixels: cat 400, dog 80, background 3,120." and then what was left out."""
    counts = np.zeros(256, np.int64)
    for rows in labels.mask:
        for row in rows:
            counts += np.bincount(row, minlength=256)
    names = {one.id: one.name for one in labels.classes if one.name} | {NOTHING: "nothing known"}
    names.setdefault(0, "background")
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda value: value % NOTHING == 0)
    pixels = ", ".join(f"{names.get(value, f'class {value}')} {counts[value]:,}" for value in order)
    objects = "" if labels.objects is None else f"{labels.objects:,} object{'' if labels.objects == 1 else 's'}; "
    return " ".join((f"{objects}pixels: {pixels}.", *labels.notes))
