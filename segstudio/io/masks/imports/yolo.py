"""YOLO's labels, as its exporters write them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.core.stencils import polygon
from segstudio.errors import UserError
from segstudio.io.masks.exports.yolo import LABELS
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.imports.left_out import LeftOut
from segstudio.io.masks.imports.text import read_text
from segstudio.io.masks.names import ImageName, files_of

LONGEST = 2**20
"""Bytes of a file of names."""

PARTS = ("", "train", "val", "valid", "test")
FOLDERS = (
    "", *(f"{LABELS}/{part}" for part in PARTS), *(f"{part}/{LABELS}" for part in PARTS[1:]), "obj_train_data",
    "obj_valid_data",
)  # fmt: skip
"""Where label files lie in a data set: of Ultralytics, Roboflow, Label Studio, CVAT."""

LISTS = ("classes.txt", "obj.names", "_darknet.labels")
"""Names line by line, in data sets without a YAML file."""

FAR = 2.0
"""Shares of the image's sides beyond which a place is none: the numbers are pixels, or another format's."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The objects of `STEM.txt` in one of the usual folders, or of a file; a pixel belongs to the last one its centre
    lies in, by the even-odd rule. What none covers is background.

    Names come from the YAML file beside the labels or above them. Lines of boxes (4 numbers) are filled boxes; a
    confidence at the end of a line is not looked at. Lines that are no label are left out and named. None where there
    is no file for the image. Raises UserError for text that is nothing of the kind.
    """
    slices = info.shape[0]
    files = [path] if path.is_file() else _files(path, ImageName.of(name), slices)
    if len(files) != slices:
        return None
    names, left_out = _names(files[0], path), LeftOut()
    ids: dict[int, int] = {}
    mask = np.stack([_paint(file, info.shape[1:], ids, left_out) for file in files])
    ids |= {number: number + 1 for number in names if number not in ids and number + 1 not in ids.values()}
    classes = [LabelClass(ids[number], names.get(number, "")) for number in sorted(ids) if ids[number] < NOTHING]
    return Labels(mask, tuple(classes), left_out.notes())


def _files(root: Path, name: ImageName, slices: int) -> list[Path]:
    """The label files of an image: by its own stems, or where `images` stands for `labels` in its path."""
    named = [
        files
        for place in FOLDERS
        if (root / place).is_dir() and (files := files_of(root / place, name, slices, (".txt",)))
    ]
    last = PurePosixPath(name.path.replace("\\", "/"))
    mirrored = [
        (shared, [file])
        for place in FOLDERS
        if slices == 1 and (file := root / place / f"{last.stem}.txt").is_file()
        and (shared := name.shared_with(str(_image_of(file, root, last.suffix))))
    ]  # fmt: skip
    found = sorted(mirrored, key=lambda one: -one[0])
    if len(found) > 1 and found[0][0] == found[1][0]:
        both = " and ".join(str(file.relative_to(root)) for _, (file,) in found[:2])
        raise UserError(f"It is not clear which labels are those of “{name}”.", why=f"There are {both}.")
    return found[0][1] if found else named[0] if named else []


def _image_of(file: Path, root: Path, suffix: str) -> PurePosixPath:
    """Where the image of a label file lies: in `images` where the labels lie in `labels`."""
    parts = ["images" if part == LABELS else part for part in file.relative_to(root.parent).parts]
    return PurePosixPath(*parts).with_suffix(suffix)


def _paint(path: Path, shape: tuple[int, int], ids: dict[int, int], left_out: LeftOut) -> NDArray[np.uint8]:
    """The mask of one file; `ids` gives class ids to the numbers of its classes, and grows."""
    rows, columns = shape
    mask = np.zeros(shape, np.uint8)
    lines = [(number, line.split()) for number, line in enumerate(read_text(path).splitlines(), 1) if line.strip()]
    wrong = len(left_out)
    for number, words in lines:
        try:
            class_id, corners = _object(words, ids)
        except ValueError as error:
            left_out.add(f"line {number} of “{path.name}”", str(error))
            continue
        top, left, stencil = polygon([(y * rows, x * columns) for x, y in corners], rows, columns)
        mask[top : top + stencil.shape[0], left : left + stencil.shape[1]][stencil] = class_id
        if not stencil.any():
            left_out.add(f"line {number} of “{path.name}”", "it covers no pixel")
    if lines and len(left_out) - wrong == len(lines) and not mask.any():
        raise UserError(f"“{path.name}” holds no YOLO labels.", why=left_out.notes()[-1].rstrip("."))
    return mask


def _object(words: list[str], ids: dict[int, int]) -> tuple[int, list[tuple[float, float]]]:
    """The class id and the corners (x, y between 0 and 1) of a line; ValueError says what is wrong with it."""
    try:
        number, *values = (float(word) for word in words)
    except ValueError:
        raise ValueError("it is not made of numbers") from None
    if number != int(number) or number < 0:
        raise ValueError("it does not begin with the number of a class")
    if len(values) % 2 and len(values) >= 5:
        values.pop()  # a network's confidence
    points = np.array(values)
    if len(points) % 2 or len(points) < 4:
        raise ValueError("it has no pairs of x and y")
    if not np.isfinite(points).all() or np.abs(points).max() > FAR:
        raise ValueError("its places are no shares of the image's sides")
    if len(points) == 4:
        x, y, wide, high = points
        left, right, above, below = x - wide / 2, x + wide / 2, y - high / 2, y + high / 2
        points = np.array([left, above, right, above, right, below, left, below])
    if int(number) not in ids:
        ids[int(number)] = _free(int(number) + 1, set(ids.values()))
    return ids[int(number)], [(float(x), float(y)) for x, y in points.reshape(-1, 2)]


def _free(wanted: int, taken: set[int]) -> int:
    """The id, or another where it is taken or too large; ValueError where none is left."""
    free = wanted if wanted < NOTHING and wanted not in taken else min(set(range(1, NOTHING)) - taken, default=0)
    if not free:
        raise ValueError("a project holds at most 254 classes")
    return free


def _names(label: Path, root: Path) -> dict[int, str]:
    """The names of the classes by number: of a YAML file with `names`, else of a list of lines."""
    inside = [folder for folder in label.parents if root in (folder, *folder.parents)]
    for folder in dict.fromkeys((*inside, label.parent, label.parent.parent, label.parent.parent.parent)):
        for file in (folder / "data.yaml", *sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))):
            if file.is_file() and (names := _of_yaml(file)):
                return names
        for file in (folder / one for one in LISTS):
            if file.is_file():
                return dict(enumerate(line.strip() for line in read_text(file, LONGEST).splitlines() if line.strip()))
    return {}


def _of_yaml(path: Path) -> dict[int, str]:
    """`names` of a YAML file, a list or a mapping; every scalar is text: a class may be called 7 or no."""
    yaml = import_module("yaml")
    try:  # with the loader that makes texts, lists and mappings only
        found: Any = yaml.BaseLoader(read_text(path, LONGEST)).get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        why = " ".join(str(error).split())[:120]
        raise UserError(f"“{path.name}” is no YAML file.", why=why, hint="Correct it, or rename it.") from error
    names = found.get("names") if isinstance(found, dict) else None
    return dict(_numbered(names))


def _numbered(names: Any) -> Iterator[tuple[int, str]]:
    rows = names.items() if isinstance(names, dict) else enumerate(names) if isinstance(names, list) else ()
    for number, title in rows:
        if isinstance(title, str) and str(number).strip().isdecimal():
            yield int(number), title
