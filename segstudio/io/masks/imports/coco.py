"""COCO annotations: run lengths and polygons (pycocotools)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass, Labels

LARGEST_FILE = 2**30
"""Bytes of JSON that are read."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The objects of an image, found by its file name; the rest of it is background. Later objects cover earlier ones.

    None where the file does not know the image. Raises UserError for a file that is no COCO, and for objects of an
    image of another size.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"“{path.name}” is too large to be read.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        images, notes = list(found["images"]), list(found["annotations"])
        categories = {int(row["id"]): row for row in found["categories"]}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"“{path.name}” is no COCO file.", why=f"{type(error).__name__}: {error}"[:120]) from error
    slices, rows, columns = info.shape
    wanted = {name: 0} if slices == 1 else {f"{name}#z{z + 1:04d}": z for z in range(slices)}
    stems = {Path(one).stem: z for one, z in wanted.items()} if slices == 1 else {}
    places: dict[Any, int] = {}
    for row in images:
        file = Path(str(row["file_name"]).replace("\\", "/")).name
        z = wanted.get(file, stems.get(Path(file).stem))
        if z is not None:
            if (int(row["height"]), int(row["width"])) != (rows, columns):
                raise UserError(f"“{path.name}” does not fit “{name}”.", why="It has another size there.")
            places[row["id"]] = z
    if not places:
        return None
    ids = _ids(categories)
    mask = np.zeros(info.shape, np.uint8)
    for note in notes:
        if note.get("image_id") in places and int(note["category_id"]) in ids:
            own = _pixels(note["segmentation"], rows, columns)
            mask[places[note["image_id"]]][own] = ids[int(note["category_id"])]
    classes = tuple(
        LabelClass(ids[key], str(row.get("name", "")), str(row.get("color", ""))) for key, row in categories.items()
    )
    return Labels(mask, classes)


def _ids(categories: dict[int, Any]) -> dict[int, int]:
    """Class ids of categories: their own where these are class ids, else counted from 1."""
    if all(0 < key < NOTHING for key in categories):
        return {key: key for key in categories}
    if len(categories) >= NOTHING:
        raise UserError("There are too many categories.", why="A project holds at most 254 classes.")
    return {key: number for number, key in enumerate(sorted(categories), 1)}


def _pixels(segmentation: Any, rows: int, columns: int) -> NDArray[np.bool_]:
    from pycocotools import mask as coding

    if isinstance(segmentation, list):
        code = coding.merge(coding.frPyObjects(segmentation, rows, columns))
    elif isinstance(segmentation.get("counts"), list):
        if sum(segmentation["counts"]) != rows * columns:
            raise UserError("A run length of the file does not fit its image.", hint="The file is damaged.")
        code = coding.frPyObjects(segmentation, rows, columns)
    else:
        code = {"size": [rows, columns], "counts": str(segmentation["counts"]).encode("ascii")}
    return np.asarray(coding.decode(code), np.bool_)
