"""The layout of Pascal VOC's segmentation challenge."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.voc import MASKS, NAMES
from segstudio.io.masks.imports import pictures
from segstudio.io.masks.imports.labels import LabelClass, Labels

LONGEST = 100_000
"""Characters of the list of names."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """`SegmentationClass/STEM.png` of a folder, with the names of `labelmap.txt` where there is one."""
    if not (path / MASKS).is_dir():
        raise UserError(f"“{path.name}” is not laid out like Pascal VOC.", why=f"It has no folder “{MASKS}”.")
    found = pictures.read(path / MASKS, name, info)
    if found is None or not (path / NAMES).is_file():
        return found
    with (path / NAMES).open(encoding="utf-8") as file:
        lines = [line for line in file.read(LONGEST).splitlines() if line.strip() and not line.startswith("#")]
    names = [line.split(":")[0] for line in lines]
    classes = tuple(
        LabelClass(one.id, names[one.id] if one.id < len(names) else "", one.color) for one in found.classes
    )
    return Labels(found.mask, classes)
