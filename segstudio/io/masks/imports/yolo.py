"""YOLO's segmentation labels."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.core.stencils import polygon
from segstudio.errors import UserError
from segstudio.io.masks.exports.yolo import DATA, LABELS
from segstudio.io.masks.imports.labels import LabelClass, Labels

LARGEST_FILE = 2**28
"""Bytes of text that are read."""

NAMED = re.compile(r"^\s+(\d+)\s*:\s*(.+?)\s*$")
LISTED = re.compile(r"^\s*-\s+(.+?)\s*$")


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The objects of `labels/STEM.txt` in a folder, or of a file; a pixel belongs to the last one its centre lies in,
    by the even-odd rule. What none covers is background.

    Names come from `data.yaml` (also beside a folder `labels`). Lines of boxes (4 numbers) are filled boxes. None where
    there is no file for the image. Raises UserError for text that is nothing of the kind.
    """
    stem, slices = Path(name).stem, info.shape[0]
    files = [path] if path.is_file() else []
    if not files:
        folder = path / LABELS if (path / LABELS).is_dir() else path
        wanted = [f"{stem}.txt"] if slices == 1 else [f"{stem}_z{z + 1:04d}.txt" for z in range(slices)]
        files = [folder / one for one in wanted]
    if len(files) != slices or not all(file.is_file() for file in files):
        return None
    mask = np.stack([_paint(file, info.shape[1:]) for file in files])
    root = files[0].parent
    names = next((_names(place / DATA) for place in (root, root.parent) if (place / DATA).is_file()), {})
    present = {int(value) for value in np.unique(mask)} | {number + 1 for number in names if number + 1 < NOTHING}
    return Labels(mask, tuple(LabelClass(one, names.get(one - 1, "")) for one in sorted(present - {0})))


def _paint(path: Path, shape: tuple[int, int]) -> NDArray[np.uint8]:
    rows, columns = shape
    mask = np.zeros(shape, np.uint8)
    if path.stat().st_size > LARGEST_FILE:
        raise UserError(f"“{path.name}” is too large to be read.")
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        try:
            number, *values = line.split()
            class_id, points = int(number) + 1, np.array([float(value) for value in values])
        except ValueError as error:
            raise UserError(f"“{path.name}” holds no YOLO labels.", why=f"{error}"[:120]) from error
        if not 0 < class_id < NOTHING or len(points) % 2 or len(points) < 4 or not np.isfinite(points).all():
            raise UserError(f"“{path.name}” holds no YOLO labels.", why="A line is no class with x y pairs.")
        if len(points) == 4:
            x, y, wide, high = points
            left, right, above, below = x - wide / 2, x + wide / 2, y - high / 2, y + high / 2
            points = np.array([left, above, right, above, right, below, left, below])
        corners = [(float(y) * rows, float(x) * columns) for x, y in points.reshape(-1, 2)]
        top, left_, stencil = polygon(corners, rows, columns)
        mask[top : top + stencil.shape[0], left_ : left_ + stencil.shape[1]][stencil] = class_id
    return mask


def _names(path: Path) -> dict[int, str]:
    """The names of a `data.yaml`, as a list or by number; nothing else of it is looked at."""
    lines = path.read_bytes()[: 2**20].decode("utf-8", "replace").splitlines()
    start = next((place for place, line in enumerate(lines) if line.startswith("names:")), len(lines))
    inline = lines[start][6:].strip() if start < len(lines) else ""
    if inline.startswith("["):
        return dict(enumerate(_plain(part) for part in inline.strip("[]").split(",")))
    found: dict[int, str] = {}
    for line in lines[start + 1 :]:
        if match := NAMED.match(line):
            found[int(match[1])] = _plain(match[2])
        elif match := LISTED.match(line):
            found[len(found)] = _plain(match[1])
        elif line.strip() and not line.startswith("#"):
            break
    return found


def _plain(text: str) -> str:
    """A YAML scalar without its quotes."""
    text = text.strip()
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            return text.strip('"')
    return text.strip("'")
