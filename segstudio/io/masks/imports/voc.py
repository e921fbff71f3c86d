"""The layout of Pascal VOC's segmentation challenge."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.voc import MASKS, NAMES, PACKED, unpacked
from segstudio.io.masks.imports import pictures
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.imports.text import read_text

LONGEST = 100_000
"""Bytes of the list of names."""

COLORED = re.compile(r":\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*(:.*)?$")
"""What follows a name: its colour, parts and actions."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """`SegmentationClass/STEM.png` of a folder, with the names of `labelmap.txt` where there is one."""
    if not (path / MASKS).is_dir():
        raise UserError(f"“{path.name}” is not laid out like Pascal VOC.", why=f"It has no folder “{MASKS}”.")
    found = pictures.read(path / MASKS, name, info)
    if found is None or not (path / NAMES).is_file():
        return found
    names = _names(read_text(path / NAMES, LONGEST))
    classes = tuple(replace(one, name=names[one.id] if one.id < len(names) else "") for one in found.classes)
    return replace(found, classes=classes)


def _names(text: str) -> list[str]:
    """The names by class id. A line that begins with “#” is a comment unless a colour follows, as in a class “#2”."""
    lines = [line for line in text.splitlines() if line.strip()]
    own = [line for line in lines if not line.startswith("#") or COLORED.search(line)]
    names = [COLORED.sub("", line) if COLORED.search(line) else line.split(":")[0] for line in own]
    return [unpacked(name) for name in names] if PACKED in lines else names
