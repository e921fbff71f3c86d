"""Masks as labelme's JSON: one file for each image, with polygons in pixels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segstudio.io.atomic import replacing
from segstudio.io.masks.exports.rings import painted
from segstudio.io.masks.exports.subject import Subject, other_than

BACKGROUND = "_background_"
"""labelme's own word for what is no object."""

TAKEN = (BACKGROUND, "__ignore__")
"""Names that mean something else to labelme; a class of such a name gets another one."""


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.json` for each image, `STEM_z0001.json` for each slice of a volume: outlines along the sides of pixels.

    labelme knows no holes: a hole is a polygon of its own class, or of “_background_”, that comes after the one around
    it. Shapes are in the order of their size, the largest first: painted one over the other they give the mask.
    """
    written = []
    for subject in subjects:
        slices, rows, columns = subject.info.shape
        for z in range(slices):
            found = painted(subject.slice(z))
            text: dict[str, Any] = {
                "version": "5.5.0", "flags": {}, "imagePath": subject.name, "imageData": None, "imageHeight": rows,
                "imageWidth": columns,
                "shapes": [
                    {"label": other_than(TAKEN, subject.classes.name(one.class_id)) if one.class_id else BACKGROUND,
                     "points": one.ring,
                     "group_id": None, "description": "", "shape_type": "polygon", "flags": {}}
                    for one in found
                ],
            }  # fmt: skip
            path = folder / (f"{subject.stem}.json" if slices == 1 else f"{subject.stem}_z{z + 1:04d}.json")
            with replacing(path) as scratch:
                scratch.write_text(json.dumps(text), encoding="utf-8")
            written.append(path)
    return written
