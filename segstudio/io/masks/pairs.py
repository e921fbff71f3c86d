"""Which mask belongs to which image."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segstudio.errors import UserError
from segstudio.io.formats import named_like_an_image

ENDINGS = re.compile(
    r"[ _.-]+(masks?|labels?|seg|segmentation|gt|ground_?truth|manual\d?|annot|annotation|l"
    r"|images?|img|training|train|test)$",
    re.IGNORECASE,
)
"""What data sets append to the common part of the names of an image and its mask."""


MASK_ENDINGS = re.compile(
    r"[ _.-]+(masks?|labels?|seg|segmentation|gt|ground_?truth|manual\d?|annot|annotation)$", re.IGNORECASE
)
"""Those of `ENDINGS` that only masks have."""


def image_files(folder: Path) -> list[Path]:
    """Image files of a folder by suffix, in natural order. Raises UserError when the folder is not there."""
    if not folder.is_dir():
        raise UserError(f"There is no folder “{folder}”.")
    return sorted((p for p in folder.iterdir() if named_like_an_image(p)), key=natural)


@dataclass(frozen=True, slots=True)
class Matching:
    """Images with their masks, in natural order, and what has no counterpart."""

    pairs: list[tuple[Path, Path]]
    without_mask: list[Path]
    without_image: list[Path]


def pairs(images: Path, masks: Path) -> list[tuple[Path, Path]]:
    """Images and masks of two folders with the same name; see `match`."""
    return match(images, masks).pairs


def match(images: Path, masks: Path) -> Matching:
    """Images and masks of two folders (or of one) with the same name.

    Suffixes do not matter, and a mask may end in _mask, _gt, _manual1, _L and the like. Raises UserError when nothing
    matches.
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
    matched = [(image, by_stem.get(image.stem.lower()) or by_stem.get(_core(image))) for image in sources]
    found = [(image, mask) for image, mask in matched if mask is not None]
    if not found:
        raise UserError(
            "No image has a mask.",
            why=f"No file in “{masks}” is named like one in “{images}”.",
            hint="A mask has its image's name, e.g. 12.png for 12.jpg.",
        )
    used = {mask for _, mask in found}
    return Matching(found, [image for image, mask in matched if mask is None], [p for p in targets if p not in used])


def masks_beside(paths: Sequence[Path]) -> list[Path]:
    """Which of the files of a folder are masks of others of them: a_mask.png of a.png."""
    stems = {path.stem.lower() for path in paths}
    endings = [(path, MASK_ENDINGS.search(path.stem)) for path in paths]
    return [path for path, ending in endings if ending and path.stem[: ending.start()].lower() in stems]


def _core(path: Path) -> str:
    """The part of a name that an image and its mask share: without _mask, _training_mask, _L and the like."""
    stem, before = path.stem.lower(), ""
    while stem != before:
        stem, before = ENDINGS.sub("", stem), stem
    return stem


def natural(path: Path) -> list[tuple[int, str]]:
    """Sort key: numbers in names count as numbers."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name.lower())]
