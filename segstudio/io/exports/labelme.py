"""Masks as labelme's JSON: one file for each image, with polygons in pixels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.io.atomic import replacing
from segstudio.io.exports.subject import Subject

BACKGROUND = "_background_"
"""labelme's own word for what is no object."""


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.json` for each image, `STEM_z0001.json` for each slice of a volume: outlines along the sides of pixels.

    labelme knows no holes: a hole is a polygon of its own class, or of “_background_”, that comes after the one around
    it. Shapes are in the order of their size, the largest first: painted one over the other they give the mask.
    """
    from rasterio.features import shapes

    written = []
    for subject in subjects:
        slices, rows, columns = subject.info.shape
        for z in range(slices):
            mask = subject.slice(z)
            mask = np.where(mask == NOTHING, np.uint8(0), mask)
            found: list[tuple[float, str, Any]] = []
            for outline, value in shapes(mask, connectivity=4):
                rings = outline["coordinates"]
                if value or _inside(rings[0], rows, columns):
                    name = subject.classes.name(int(value)) if value else BACKGROUND
                    found.append((_area(rings[0]), name, rings[0][:-1]))
            found.sort(key=lambda one: -one[0])
            if not any(name != BACKGROUND for _, name, _ in found):
                found = []
            text: dict[str, Any] = {
                "version": "5.5.0", "flags": {}, "imagePath": subject.name, "imageData": None, "imageHeight": rows,
                "imageWidth": columns,
                "shapes": [
                    {"label": name, "points": [[float(x), float(y)] for x, y in ring], "group_id": None,
                     "description": "", "shape_type": "polygon", "flags": {}}
                    for _, name, ring in found
                ],
            }  # fmt: skip
            path = folder / (f"{subject.stem}.json" if slices == 1 else f"{subject.stem}_z{z + 1:04d}.json")
            with replacing(path) as scratch:
                scratch.write_text(json.dumps(text), encoding="utf-8")
            written.append(path)
    return written


def _inside(ring: Sequence[tuple[float, float]], rows: int, columns: int) -> bool:
    """Whether background with this outline may lie in an object: it does not touch the image's border."""
    xs, ys = zip(*ring, strict=True)
    return bool(min(xs) > 0 and min(ys) > 0 and max(xs) < columns and max(ys) < rows)


def _area(ring: Sequence[tuple[float, float]]) -> float:
    x, y = np.array(ring, np.float64).T
    return float(abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2)
