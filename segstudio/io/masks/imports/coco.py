"""COCO annotations: run lengths, polygons and boxes (pycocotools)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.imports.left_out import LeftOut
from segstudio.io.masks.imports.text import read_json
from segstudio.io.masks.names import ImageName

LARGEST_FILE = 2**30
"""Bytes of JSON that are read."""

FAR = 100_000
"""Pixels beyond which a corner of an outline is no place; pycocotools needs memory for the way there."""

SLICE = re.compile(r"(.*)#z(\d{1,6})")

Pixels = NDArray[np.bool_]
Row = dict[str, Any]


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The objects of an image, found by its file name; the rest of it is background. Later objects cover earlier ones,
    crowds lie below them and boxes without an outline, which are filled, below these.

    None where the file does not know the image. An annotation that is none (no outline, another size, no category) is
    left out and named. Raises UserError for a file that is no COCO, for images of another size, and where it cannot
    be told which of several images is meant.
    """
    found = read_json(path, "COCO file", LARGEST_FILE)
    images, notes = found.get("images"), found.get("annotations")
    if not isinstance(images, list) or not isinstance(notes, list):
        raise UserError(f"“{path.name}” is no COCO file.", why="It has no lists “images” and “annotations”.")
    places = _places(path, images, ImageName.of(name), info)
    if not places:
        return None
    left_out = LeftOut()
    own = [note for note in notes if isinstance(note, dict) and note.get("image_id") in places]
    own.sort(key=_height)
    categories = _categories(found.get("categories"), own)
    mask = np.zeros(info.shape, np.uint8)
    for note in own:
        which = f"annotation {note.get('id', '?')}"
        one = categories.get(str(note.get("category_id")))
        if one is None:
            left_out.add(which, "it has no category")
        elif (pixels := _pixels(note, *info.shape[1:], which, left_out)) is not None:
            mask[places[note["image_id"]]][pixels] = one.id
    return Labels(mask, tuple(categories.values()), left_out.notes())


def _places(path: Path, images: Iterable[Any], name: ImageName, info: ImageInfo) -> dict[Any, int]:
    """The slice of each of the file's images that are this one."""
    slices, rows, columns = info.shape
    best: dict[int, tuple[tuple[bool, int], list[Row]]] = {}
    for row in images:
        if not isinstance(row, dict) or not isinstance(row.get("id"), (int, str)):
            continue
        file, z = str(row.get("file_name") or ""), 0
        if slices > 1:
            if (match := SLICE.fullmatch(file)) is None or int(match[2]) > slices:
                continue
            file, z = match[1], int(match[2]) - 1
        rank = _rank(name, file)
        if rank[1] and (z not in best or rank > best[z][0]):
            best[z] = rank, []
        if rank[1] and rank == best[z][0]:
            best[z][1].append(row)
    found: dict[Any, int] = {}
    for z, (_, same) in best.items():
        fitting = [row for row in same if _size(row, info) == (rows, columns)]
        if not fitting:
            raise UserError(f"“{path.name}” does not fit “{name}”.", why="It has another size there.")
        if len({str(row["file_name"]) for row in fitting}) > 1:
            files = " and ".join(f"“{row['file_name']}”" for row in fitting[:3])
            raise UserError(f"It is not clear which image of “{path.name}” is “{name}”.", why=f"It holds {files}.")
        found |= {row["id"]: z for row in fitting}
    return found


def _rank(name: ImageName, file: str) -> tuple[bool, int]:
    """Whether the very name is the same (not only without its suffix), and how many parts of the paths agree."""
    if shared := name.shared_with(file):
        return True, shared
    place = PurePosixPath(file.replace("\\", "/"))
    if not place.name:
        return False, 0
    return False, name.shared_with(str(place.with_suffix(PurePosixPath(name.path.replace("\\", "/")).suffix)))


def _size(row: Row, info: ImageInfo) -> tuple[int, int]:
    """Rows and columns that the file says; those of the image where it does not."""
    try:
        return int(row["height"]) or info.shape[1], int(row["width"]) or info.shape[2]
    except (KeyError, TypeError, ValueError):
        return info.shape[1], info.shape[2]


def _height(note: Row) -> int:
    """What lies below and what above: boxes, crowds, objects."""
    return 0 if not note.get("segmentation") else 1 if note.get("iscrowd") in (1, True) else 2


def _categories(rows: Any, notes: Iterable[Row]) -> dict[str, LabelClass]:
    """Classes by category id as text; their own ids where these are class ids, else counted from 1.

    Categories that the list does not name are called by their id.
    """
    known: dict[str, Row] = {
        str(row["id"]): row for row in (rows if isinstance(rows, list) else []) if isinstance(row, dict) and "id" in row
    }
    used = {str(note["category_id"]) for note in notes if isinstance(note.get("category_id"), (int, str))}
    wanted = {**known, **{key: {"name": f"category {key}"} for key in sorted(used - known.keys())}}
    if len(wanted) >= NOTHING:
        wanted = {key: row for key, row in wanted.items() if key in used}
    if len(wanted) >= NOTHING:
        raise UserError("There are too many categories.", why="A project holds at most 254 classes.")
    own = all(key.isdecimal() and 0 < int(key) < NOTHING for key in wanted)
    return {
        key: LabelClass(int(key) if own else number, str(row.get("name") or f"category {key}"), _color(row))
        for number, (key, row) in enumerate(wanted.items(), 1)
    }


def _color(row: Row) -> str:
    """The colour of a category: ours is text, that of panoptic files three numbers."""
    color = row.get("color")
    if isinstance(color, list) and len(color) == 3 and all(isinstance(v, int) and 0 <= v < 256 for v in color):
        return "#{:02x}{:02x}{:02x}".format(*color)
    return color if isinstance(color, str) and re.fullmatch("#[0-9a-fA-F]{6}", color) else ""


def _pixels(note: Row, rows: int, columns: int, which: str, left_out: LeftOut) -> Pixels | None:
    """The pixels of an annotation; None where it has none, which is said."""
    outline = note.get("segmentation")
    try:
        if isinstance(outline, dict):
            found = _runs(outline, rows, columns)
        elif outline:
            found = _polygons(outline, rows, columns)
        else:
            found = _box(note.get("bbox"), rows, columns)
            left_out.changed(which, "it has no outline, its box is filled")
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, SystemError) as error:
        left_out.add(which, str(error).rstrip(".")[:80] or "it is damaged")
        return None
    if not found.any():
        left_out.add(which, "it covers no pixel")
        return None
    return found


def _runs(code: Row, rows: int, columns: int) -> Pixels:
    from pycocotools import mask as coding

    if "size" in code and [int(side) for side in code["size"]] != [rows, columns]:
        raise ValueError("its run lengths are of another size")
    counts = code["counts"]
    if isinstance(counts, list):
        runs = np.array(counts, np.float64)
        if (runs < 0).any() or runs.sum() != rows * columns:
            raise ValueError("its run lengths do not fit the image")
        values = np.repeat(np.arange(len(runs)) % 2 == 1, runs.astype(np.int64))
        return np.asarray(values.reshape((rows, columns), order="F"))
    packed = {"size": [rows, columns], "counts": str(counts).encode("ascii")}
    return np.asarray(coding.decode(packed), np.bool_)


def _polygons(outline: Any, rows: int, columns: int) -> Pixels:
    """The pixels of all rings together, by pycocotools; those of fewer than three corners have none."""
    from pycocotools import mask as coding

    rings = [outline] if isinstance(outline[0], (int, float)) else outline
    corners = [np.array(ring, np.float64).ravel() for ring in rings]
    usable = [ring for ring in corners if ring.size >= 6 and ring.size % 2 == 0]
    if not usable:
        raise ValueError("its outline has fewer than three corners")
    if any(not np.isfinite(ring).all() or np.abs(ring).max() > FAR for ring in usable):
        raise ValueError("its outline leads far out of the image")
    codes = coding.frPyObjects([ring.tolist() for ring in usable], rows, columns)
    return np.asarray(coding.decode(coding.merge(codes)), np.bool_)


def _box(box: Any, rows: int, columns: int) -> Pixels:
    """Pixels whose centre lies in a box (left, top, width, height)."""
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError("it has neither an outline nor a box")
    left, top, width, height = (float(value) for value in box)
    if not np.isfinite([left, top, width, height]).all() or width <= 0 or height <= 0:
        raise ValueError("its box has no area")
    row, column = np.arange(rows) + 0.5, np.arange(columns) + 0.5
    return np.outer((row >= top) & (row < top + height), (column >= left) & (column < left + width))
