"""labelme's JSON: polygons, rectangles and circles, painted one over the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.labelme import BACKGROUND
from segstudio.io.masks.imports.labels import LabelClass, Labels

LARGEST_FILE = 2**28
"""Bytes of JSON that are read (some hold the image too)."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The shapes of a file, or of `STEM.json` in a folder; a pixel belongs to the last shape its centre lies in.

    What no shape covers is background. None where the folder has no file for the image. Raises UserError for files that
    are not labelme's and for images of another size.
    """
    slices = info.shape[0]
    stem = Path(name).stem
    files = [path] if path.is_file() else [path / f"{stem}.json"]
    if slices > 1:
        folder = path.parent if path.is_file() else path
        files = [folder / f"{stem}_z{z + 1:04d}.json" for z in range(slices)]
        if path.is_file() and not all(file.is_file() for file in files):
            files = [folder / f"{path.stem.rpartition('_z')[0]}_z{z + 1:04d}.json" for z in range(slices)]
    if not all(file.is_file() for file in files):
        return None
    names: dict[str, int] = {}
    mask = np.stack([_paint(file, name, info, names) for file in files])
    return Labels(mask, tuple(LabelClass(number, title) for title, number in names.items()))


def _paint(path: Path, name: str, info: ImageInfo, names: dict[str, int]) -> Any:
    from rasterio.features import rasterize

    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"“{path.name}” is too large to be read.")
    _, rows, columns = info.shape
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        size = int(found["imageHeight"]), int(found["imageWidth"])
        shapes = [(str(one["label"]), _outline(one)) for one in found["shapes"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"“{path.name}” is no labelme file.", why=f"{type(error).__name__}: {error}"[:120]) from error
    if size != (rows, columns):
        raise UserError(f"“{path.name}” does not fit “{name}”.", why=f"It was drawn on {size[0]} × {size[1]} pixels.")
    painted = []
    for title, outline in shapes:
        if title != BACKGROUND and title not in names:
            if len(names) + 2 > NOTHING:
                raise UserError("There are too many labels.", why="A project holds at most 254 classes.")
            names[title] = len(names) + 1
        if outline is not None:
            painted.append((outline, names.get(title, 0)))
    mask = np.zeros((rows, columns), np.uint8)
    if painted:
        rasterize(painted, out=mask)
    return mask


def _outline(shape: dict[str, Any]) -> dict[str, Any] | None:
    """A shape as a GeoJSON polygon; None for points and lines, which have no area."""
    points = [(float(x), float(y)) for x, y in shape["points"]]
    kind = shape.get("shape_type") or "polygon"
    if kind == "rectangle" and len(points) == 2:
        (a, b), (c, d) = points
        points = [(a, b), (c, b), (c, d), (a, d)]
    elif kind == "circle" and len(points) == 2:
        (a, b), (c, d) = points
        radius, turns = np.hypot(c - a, d - b), np.linspace(0, 2 * np.pi, 128, endpoint=False)
        points = [(a + radius * np.cos(t), b + radius * np.sin(t)) for t in turns]
    elif kind != "polygon":
        return None
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]} if len(points) > 2 else None
