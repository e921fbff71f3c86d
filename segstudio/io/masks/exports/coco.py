"""Masks as COCO: one JSON file with run-length encoded objects (pycocotools), so that no pixel is lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.io.atomic import replacing
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.objects import numbered

FILE = "annotations.json"


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`annotations.json`: an image for each slice, an annotation for each connected object of a class but background.

    Objects are those of io.masks.objects. Slices of a volume are named `NAME#z0001`.
    """
    from pycocotools import mask as coding
    from skimage.measure import regionprops

    images: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    categories: dict[int, dict[str, Any]] = {}
    for subject in subjects:
        categories |= {
            entry.id: {"id": entry.id, "name": entry.name, "supercategory": "", "color": entry.color}
            for entry in subject.classes
            if entry.id
        }
        slices, rows, columns = subject.info.shape
        for z in range(slices):
            name = subject.name if slices == 1 else f"{subject.name}#z{z + 1:04d}"
            images.append({"id": len(images) + 1, "file_name": name, "height": rows, "width": columns})
            mask = subject.slice(z)
            for region in regionprops(numbered(mask)):  # type: ignore[no-untyped-call]
                own = np.zeros((rows, columns), np.uint8, order="F")
                top, left, bottom, right = region.bbox
                own[top:bottom, left:right] = region.image
                code = coding.encode(own)
                found.append({
                    "id": len(found) + 1, "image_id": len(images), "category_id": int(mask[tuple(region.coords[0])]),
                    "segmentation": {"size": [rows, columns], "counts": code["counts"].decode("ascii")},
                    "area": int(region.area), "bbox": [left, top, right - left, bottom - top], "iscrowd": 0,
                })  # fmt: skip
    path = folder / FILE
    with replacing(path) as scratch:
        text = json.dumps({
            "info": {"description": "SegStudio"}, "licenses": [], "images": images, "annotations": found,
            "categories": [categories[key] for key in sorted(categories)],
        })  # fmt: skip
        scratch.write_text(text, encoding="utf-8")
    return [path]
