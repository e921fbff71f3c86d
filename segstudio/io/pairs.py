"""Which mask belongs to which image."""

from __future__ import annotations

import re
from pathlib import Path

from segstudio.errors import UserError
from segstudio.io.formats import FORMATS

ENDINGS = re.compile(r"[ _-]*(mask|masks|label|labels|seg|segmentation|gt|groundtruth|manual1|annot|l)$", re.IGNORECASE)
_SUFFIXES = tuple(suffix for row in FORMATS for suffix in row.suffixes)


def image_files(folder: Path) -> list[Path]:
    """Image files of a folder by suffix, in natural order. Raises UserError when the folder is not there."""
    if not folder.is_dir():
        raise UserError(f"There is no folder “{folder}”.")
    return sorted((p for p in folder.iterdir() if p.name.lower().endswith(_SUFFIXES)), key=natural)


def pairs(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Images and masks of two folders with the same name, in natural order.

    Suffixes do not matter, and a mask may end in _mask, _gt, _manual1, _L and the like. Images without a mask
    are left out. Raises UserError when nothing matches.
    """
    by_stem = {}
    for path in image_files(masks):
        by_stem[ENDINGS.sub("", path.stem).lower()] = path
        by_stem[path.stem.lower()] = path
    found = []
    for image in image_files(images):
        stem = image.stem.lower()
        mask = by_stem.get(stem) or by_stem.get(ENDINGS.sub("", stem))
        if mask is not None:
            found.append((image, mask))
    if not found:
        raise UserError(
            "No image has a mask.",
            why=f"No file in “{masks}” is named like one in “{images}”.",
            hint="A mask has its image's name, e.g. 12.png for 12.jpg.",
        )
    return found


def natural(path: Path) -> list[tuple[int, str]]:
    """Sort key: numbers in names count as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]
