"""Masks in the layout of Pascal VOC's segmentation challenge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segstudio.io.atomic import replacing
from segstudio.io.masks.exports import indexed_png
from segstudio.io.masks.exports.subject import Subject

MASKS, LIST, NAMES = "SegmentationClass", "ImageSets/Segmentation/all.txt", "labelmap.txt"


HEADER = "# label:color_rgb:parts:actions"
PACKED = "# in labels %23 is a number sign, %3A a colon, %25 a per cent sign"
"""Says that names were packed: a file without this line has them as they are."""


def packed(name: str) -> str:
    """A name that neither begins a comment nor ends a field."""
    return " ".join(name.replace("%", "%25").replace("#", "%23").replace(":", "%3A").split())


def unpacked(name: str) -> str:
    """The reverse of `packed`."""
    return name.replace("%3A", ":").replace("%23", "#").replace("%25", "%")


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`SegmentationClass/STEM.png` (class ids, 255 = unknown), the list of stems in `ImageSets/Segmentation/all.txt`,
    and `labelmap.txt` with a line “name:r,g,b::” for each class id from 0 on (as CVAT reads it), where “#”, “:” and “%”
    of a name are written as URLs have them."""
    (folder / MASKS).mkdir(parents=True, exist_ok=True)
    (folder / LIST).parent.mkdir(parents=True, exist_ok=True)
    written = indexed_png.write(subjects, folder / MASKS)
    classes = subjects[0].classes
    lines = []
    for number in range(1 + max(entry.id for entry in classes)):
        entry = classes.get(number)
        color = entry.color if entry else "#000000"
        rgb = ",".join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5))
        lines.append(f"{packed(classes.name(number))}:{rgb}::")
    for name, text in ((LIST, [path.stem for path in written]), (NAMES, [HEADER, PACKED, *lines])):
        with replacing(folder / name) as scratch:
            scratch.write_text("\n".join(text) + "\n", encoding="utf-8")
        written.append(folder / name)
    return written
