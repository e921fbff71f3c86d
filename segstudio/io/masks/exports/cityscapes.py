"""Masks in the layout of Cityscapes: ids, colours and polygons for each image."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from segstudio.core.codes import NOTHING
from segstudio.io.atomic import replacing
from segstudio.io.masks.exports.rings import painted
from segstudio.io.masks.exports.subject import Subject, other_than
from segstudio.io.masks.objects import numbered

FOLDER, UNLABELED = "gtFine", "unlabeled"

CREATOR = "SegStudio"
"""Who wrote a file of polygons: its labels are names of classes to the last letter."""

TAKEN = (UNLABELED, "out of roi", "ego vehicle", "rectification border")
"""Names that mean something else to Cityscapes; a class of such a name gets another one."""

INSTANCES = 1000
"""An object's id is its class id times this, plus its number from 0."""


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`gtFine/STEM_gtFine_labelIds.png` (class ids, 8 bits; unknown is 0), `_instanceIds.png` (16 bits),
    `_color.png` and `_polygons.json`.

    Polygons are painted one over the other, as Cityscapes does; a hole is a polygon “unlabeled”. The ids are those of
    the project, not Cityscapes' own. Each connected object is an instance, classId * 1000 + number; of classes that
    have more than 1000 of them, and of ids from 65 on, which 16 bits cannot hold, pixels have the class id. Slices of
    a volume are images of their own, `STEM_z0001`.
    """
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    written = []
    for subject in subjects:
        slices, rows, columns = subject.info.shape
        colors = np.zeros((256, 3), np.uint8)
        for entry in subject.classes:
            if entry.id:
                colors[entry.id] = ImageColor.getrgb(entry.color)[:3]
        for z in range(slices):
            mask = subject.slice(z)
            mask = np.where(mask == NOTHING, np.uint8(0), mask)
            stem = f"{subject.stem if slices == 1 else f'{subject.stem}_z{z + 1:04d}'}_{FOLDER}"
            objects = [
                {
                    "label": other_than(TAKEN, subject.classes.name(one.class_id)) if one.class_id else UNLABELED,
                    "polygon": one.ring,
                }
                for one in painted(mask)
            ]
            for kind, values in (("labelIds", mask), ("instanceIds", _instances(mask)), ("color", colors[mask])):
                path = place / f"{stem}_{kind}.png"
                with replacing(path) as scratch:
                    Image.fromarray(values).save(scratch, "PNG")
                written.append(path)
            path = place / f"{stem}_polygons.json"
            with replacing(path) as scratch:
                text = json.dumps({"imgHeight": rows, "imgWidth": columns, "creator": CREATOR, "objects": objects})
                scratch.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _instances(mask: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Class ids, objects of other classes than the background told apart."""
    ids = mask.astype(np.uint16)
    for class_id in np.unique(mask[mask > 0]):
        numbers = numbered(np.where(mask == class_id, mask, np.uint8(0)))
        count = int(numbers.max())
        if count <= INSTANCES and (int(class_id) + 1) * INSTANCES <= np.iinfo(np.uint16).max + 1:
            objects = numbers > 0
            ids[objects] = int(class_id) * INSTANCES + numbers[objects] - 1
    return ids
