"""Segments: what the numbers of a volume's label map stand for, in one channel or in several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass
from segstudio.io.masks.numbering import ALMOST, distinct, numbering

Found = tuple[NDArray[np.uint8], tuple[LabelClass, ...], tuple[str, ...]]
"""Class ids (i, j, k), the classes that occur, and notes."""

MANY = "Where channels overlap, the last one counts."


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a .seg.nrrd: the component that holds it (`layer`), the number it has there, its name and its
    colour (#rrggbb) or ""."""

    layer: int
    value: int
    name: str
    color: str


def class_ids(path: Path, stored: NDArray[np.generic], known: Sequence[Segment], step: float = 0.0) -> Found:
    """What the voxels (i, j, k, channels) of a file mean.

    Without segments: of one channel the numbers, of several channels of 0 and 1 channel k is class k. `step` is what
    the numbers are multiples of where they were stored scaled: they are whole within half of it. Raises UserError
    where they are no labels.
    """
    try:
        if known:
            return _by_segment(stored, known)
        almost = max(ALMOST, min(0.25, 0.51 * step))
        return _by_channel(stored, almost) if stored.shape[3] > 1 else _by_number(stored[..., 0], almost)
    except UserError as error:
        raise UserError(f"“{path.name}” is no label map.", why=error.why, hint=error.hint) from None


def _by_number(values: NDArray[np.generic], almost: float) -> Found:
    found = numbering(distinct(values, almost=almost).tolist())
    ids = sorted(set(found.ids.tolist()) - {NOTHING})
    classes = tuple(LabelClass(value, found.names.get(value, "")) for value in ids)
    return found.of(values), classes, (found.note,) if found.note else ()


def _by_channel(stored: NDArray[np.generic], almost: float) -> Found:
    """One channel for each class: 1 (or any one number) where it is. Where every voxel is in one channel and no more,
    the first is the background."""
    out, ids, overlap = np.zeros(stored.shape[:3], np.uint8), [0], False
    first = 0 if ((stored != 0).sum(axis=3) == 1).all() else 1
    if stored.shape[3] >= NOTHING:
        raise UserError("", why=f"It has {stored.shape[3]} channels; classes are 254 at most.")
    for channel in range(stored.shape[3]):
        values = stored[..., channel]
        numbers = [number for number in distinct(values, almost=almost).tolist() if number]
        if len(numbers) > 1:
            why = f"It has {stored.shape[3]} channels, and channel {channel + 1} has several numbers."
            raise UserError("", why=why, hint="Save one number for each class in one channel.")
        inside = np.asarray(values > 0.5)  # type: ignore[operator]
        overlap |= bool((out[inside] > 0).any())
        out[inside] = channel + first
        ids += [channel + first] if numbers and channel + first else []
    note = f"Each of the {stored.shape[3]} channels is a class{'' if first else ', the first the background'}."
    note += f" {MANY}" if overlap else ""
    return out, tuple(LabelClass(value, "") for value in ids), (note,)


def _by_segment(stored: NDArray[np.generic], known: Sequence[Segment]) -> Found:
    """Segments in the order of the file get ids of their own; their values stay where they are free class ids."""
    out = np.zeros(stored.shape[:3], np.uint8)
    wanted = [one.value if 0 < one.value < NOTHING else 0 for one in known]
    free = iter(sorted(set(range(1, NOTHING)) - set(wanted)))
    classes, taken = [LabelClass(0, "")], set[int]()
    left_over = {
        (layer, number)
        for layer in range(stored.shape[3])
        for number in distinct(stored[..., layer]).tolist()
        if number
    }
    for one, value in zip(known, wanted, strict=True):
        found = value if value and value not in taken else next(free, 0)
        if not found:
            raise UserError("", why=f"It has {len(known)} segments; a project holds at most 254 classes.")
        taken.add(found)
        if one.layer < stored.shape[3]:
            out[stored[..., one.layer] == one.value] = found
        left_over.discard((one.layer, one.value))
        classes.append(LabelClass(found, one.name, one.color))
    if not left_over:
        return out, tuple(classes), ()
    for layer, number in sorted(left_over):
        found = next(free, 0)
        if not found:
            raise UserError("", why="It has more labels than the 254 classes of a project.")
        out[stored[..., layer] == number] = found
        classes.append(LabelClass(found, f"{number}"))
    return out, tuple(classes), ("Numbers that no segment names are classes named by their number.",)


def segments(path: Path) -> tuple[Segment, ...]:
    """The segments of a .seg.nrrd. Before 3D Slicer 4.11 they had neither a label value nor a layer: segment k was
    component k, with the value 1."""
    sitk = import_module("SimpleITK")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    said = {key: str(reader.GetMetaData(key)) for key in reader.GetMetaDataKeys()}
    numbers = sorted(
        {int(match[1]) for key in said if (match := re.fullmatch(r"Segment(\d{1,5})_(?:ID|Name|LabelValue)", key))}
    )
    found = []
    for place, number in enumerate(numbers):
        start = f"Segment{number}_"
        value, layer = (said.get(f"{start}{word}", "").strip() for word in ("LabelValue", "Layer"))
        found.append(Segment(
            int(layer) if layer.isdigit() else 0 if value.isdigit() else place,
            int(value) if value.isdigit() else 1,
            said.get(f"{start}Name", "") or said.get(f"{start}ID", ""),
            _color(said.get(f"{start}Color", "")),
        ))  # fmt: skip
    return tuple(found)


def _color(text: str) -> str:
    parts = text.split()
    try:
        values = [round(255 * min(1.0, max(0.0, float(part)))) for part in parts]
    except ValueError:
        return ""
    return "#{:02x}{:02x}{:02x}".format(*values) if len(values) == 3 else ""
