"""Cityscapes' polygons, which hold the names of the classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.core.stencils import polygon
from segstudio.errors import UserError
from segstudio.io.masks.exports.cityscapes import CREATOR, UNLABELED
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.imports.left_out import LeftOut
from segstudio.io.masks.imports.text import read_json
from segstudio.io.masks.names import ImageName

GROUP = "group"
"""What Cityscapes adds to the name of a polygon around several objects."""

GROUPED = {"person", "rider", "car", "truck", "bus", "caravan", "trailer", "train", "motorcycle", "bicycle"}
"""Cityscapes' classes that have objects, so that there are groups of them; any other name may end so by itself."""

NOT_OBJECTS = {UNLABELED, "out of roi", "ego vehicle", "rectification border"}
"""Labels that say nothing of a pixel."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The objects of `STEM_gtFine_polygons.json` (or gtCoarse) of a folder or of those below it, or of a file, painted
    one over the other. What none covers is background.

    `STEM` is the image's stem, without a last `_leftImg8bit`. None where there is no such file. Raises UserError for
    files of another kind, and for images of another size.
    """
    slices = info.shape[0]
    files = [path] if path.is_file() else _files(path, ImageName.of(name), slices)
    if len(files) != slices:
        return None
    names: dict[str, int] = {}
    left_out = LeftOut()
    mask = np.stack([_paint(file, name, info, names, left_out) for file in files])
    return Labels(mask, tuple(LabelClass(number, title) for title, number in names.items()), left_out.notes())


def _files(root: Path, name: ImageName, slices: int) -> list[Path]:
    here = {file.name: file for file in sorted(root.rglob("*_polygons.json"))}
    for stem in name.stems:
        stem = stem.removesuffix("_leftImg8bit")
        wanted = [stem] if slices == 1 else [f"{stem}_z{z + 1:04d}" for z in range(slices)]
        for kind in ("gtFine", "gtCoarse"):
            files = [file for one in wanted if (file := here.get(f"{one}_{kind}_polygons.json"))]
            if len(files) == slices:
                return files
    return []


def _paint(path: Path, name: str, info: ImageInfo, names: dict[str, int], left_out: LeftOut) -> NDArray[np.uint8]:
    _, rows, columns = info.shape
    found = read_json(path, "file of Cityscapes")
    if not isinstance(found.get("objects"), list):
        raise UserError(f"“{path.name}” is no file of Cityscapes.", why="It has no list of objects.")
    sides = [(found.get("imgHeight"), rows), (found.get("imgWidth"), columns)]
    size = [own if isinstance(own, int) and own > 0 else side for own, side in sides]
    if size != [rows, columns]:
        raise UserError(f"“{path.name}” does not fit “{name}”.", why=f"It was drawn on {size[1]} x {size[0]} pixels.")
    mask = np.zeros((rows, columns), np.uint8)
    grouped = set() if found.get("creator") == CREATOR else GROUPED
    for number, one in enumerate(found["objects"], 1):
        try:
            label, deleted = str(one["label"]), one.get("deleted")
            corners = [(float(y), float(x)) for x, y in one["polygon"]]
            if not np.isfinite(corners).all() or len(corners) < 3:
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError):
            left_out.add(f"object {number}", "it is no outline of three corners or more with a label")
            continue
        if deleted:
            continue
        title = label.removesuffix(GROUP) if label.removesuffix(GROUP) in grouped else label
        if title not in names and title not in NOT_OBJECTS:
            if len(names) + 2 > NOTHING:
                raise UserError("There are too many labels.", why="A project holds at most 254 classes.")
            names[title] = len(names) + 1
        top, left, stencil = polygon(corners, rows, columns)
        mask[top : top + stencil.shape[0], left : left + stencil.shape[1]][stencil] = names.get(title, 0)
    return mask
