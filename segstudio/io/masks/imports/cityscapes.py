"""Cityscapes' polygons, which hold the names of the classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.core.stencils import polygon
from segstudio.errors import UserError
from segstudio.io.masks.exports.cityscapes import UNLABELED
from segstudio.io.masks.imports.labels import LabelClass, Labels

LARGEST_FILE = 2**28
"""Bytes of JSON that are read."""

GROUP = "group"
"""What Cityscapes adds to the name of a polygon around several objects."""

NOT_OBJECTS = {UNLABELED, "out of roi", "ego vehicle", "rectification border"}
"""Labels that say nothing of a pixel."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The objects of `STEM_gtFine_polygons.json` (or gtCoarse) of a folder or of those below it, or of a file, painted
    one over the other. What none covers is background.

    `STEM` is the image's stem, without a last `_leftImg8bit`. None where there is no such file. Raises UserError for
    files of another kind, and for images of another size.
    """
    slices = info.shape[0]
    stem = Path(name).stem.removesuffix("_leftImg8bit")
    wanted = [stem] if slices == 1 else [f"{stem}_z{z + 1:04d}" for z in range(slices)]
    files = [path] if path.is_file() else []
    if not files:
        here = {file.name: file for file in sorted(path.rglob("*_polygons.json"))}
        files = [file for one in wanted for kind in ("gtFine", "gtCoarse")
                 if (file := here.get(f"{one}_{kind}_polygons.json"))][:slices]  # fmt: skip
    if len(files) != slices:
        return None
    names: dict[str, int] = {}
    mask = np.stack([_paint(file, name, info, names) for file in files])
    return Labels(mask, tuple(LabelClass(number, title) for title, number in names.items()))


def _paint(path: Path, name: str, info: ImageInfo, names: dict[str, int]) -> NDArray[np.uint8]:
    _, rows, columns = info.shape
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"“{path.name}” is too large to be read.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        size = int(found["imgHeight"]), int(found["imgWidth"])
        objects = [
            (str(one["label"]), [(float(y), float(x)) for x, y in one["polygon"]])
            for one in found["objects"]
            if not one.get("deleted")
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"[:120]
        raise UserError(f"“{path.name}” is no file of Cityscapes.", why=why) from error
    if size != (rows, columns):
        raise UserError(f"“{path.name}” does not fit “{name}”.", why=f"It was drawn on {size[0]} × {size[1]} pixels.")
    mask = np.zeros((rows, columns), np.uint8)
    for label, corners in objects:
        title = label.removesuffix(GROUP)
        if title not in names and title not in NOT_OBJECTS:
            if len(names) + 2 > NOTHING:
                raise UserError("There are too many labels.", why="A project holds at most 254 classes.")
            names[title] = len(names) + 1
        if len(corners) > 2:
            top, left, stencil = polygon(corners, rows, columns)
            where = mask[top : top + stencil.shape[0], left : left + stencil.shape[1]]
            where[stencil] = names.get(title, 0)
    return mask
