"""Which mask belongs to which image."""

from __future__ import annotations

import re
from pathlib import Path

from segstudio.errors import UserError
from segstudio.io.formats import named_like_an_image

ENDINGS = re.compile(
    r"[ _.-]+(masks?|labels?|seg|segmentation|gt|ground_?truth|manual\d?|annot|annotation|l"
    r"|images?|img|training|train|test)$",
    re.IGNORECASE,
)
"""What data sets append to the common part of the names of an image and its mask."""


def image_files(folder: Path) -> list[Path]:
    """Image files of a folder by suffix, in natural order. Raises UserError when the folder is not there."""
    if not folder.is_dir():
        raise UserError(f"There is no folder “{folder}”.")
    return sorted((p for p in folder.iterdir() if named_like_an_image(p)), key=natural)


def pairs(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Images and masks of two folders with the same name, in natural order.

    Suffixes do not matter, and a mask may end in _mask, _gt, _manual1, _L and the like. Images without a mask
    are left out. Raises UserError when nothing matches.
    """
    sources, targets = image_files(images), image_files(masks)
    if images.resolve() == masks.resolve():  # a file with an ending is the mask of the one without
        stems = {path.stem.lower() for path in sources}
        targets = [path for path in targets if (core := _core(path)) != path.stem.lower() and core in stems]
        sources = [path for path in sources if path not in targets]
    by_stem: dict[str, Path] = {}
    for path in targets:
        by_stem.setdefault(_core(path), path)
    by_stem |= {path.stem.lower(): path for path in targets}  # the very same name wins
    found = []
    for image in sources:
        mask = by_stem.get(image.stem.lower()) or by_stem.get(_core(image))
        if mask is not None:
            found.append((image, mask))
    if not found:
        raise UserError(
            "No image has a mask.",
            why=f"No file in “{masks}” is named like one in “{images}”.",
            hint="A mask has its image's name, e.g. 12.png for 12.jpg.",
        )
    return found


def _core(path: Path) -> str:
    """The part of a name that an image and its mask share: without _mask, _training_mask, _L and the like."""
    stem, before = path.stem.lower(), ""
    while stem != before:
        stem, before = ENDINGS.sub("", stem), stem
    return stem


def natural(path: Path) -> list[tuple[int, str]]:
    """Sort key: numbers in names count as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]
