"""Put masks that were read from a file into a document, as one undo step for each image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import Document, ImageEntry
from segstudio.core.geometry import TILE, Box
from segstudio.core.history import Edit
from segstudio.errors import UserError
from segstudio.io.dicom.series import modality
from segstudio.io.formats import sniff
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.imports.table import IMPORTS

BY_FORMAT = {"dicom": "dicom-seg", "nifti": "nifti", "nrrd": "seg-nrrd", "metaimage": "metaimage", "png": "png",
             "tiff": "geotiff", "npy": "npy"}  # fmt: skip
SNIFFED = {*BY_FORMAT.values(), "rtstruct"}
"""Import formats by what a file is as an image."""


LAYOUTS = (
    ("ome-zarr", (".zattrs", "zarr.json")),
    ("voc", ("SegmentationClass",)),
    ("cityscapes", ("*_polygons.json", "gtFine", "gtCoarse", "*/*_polygons.json")),
    ("labelme", ("*.json",)),
    ("yolo", ("data.yaml", "labels/*.txt", "*.txt")),
)
"""Import formats of folders, and what tells them."""


def format_of(path: Path) -> str:
    """The import format of a file or folder. Raises UserError for what is none."""
    if path.is_dir():
        return next((form for form, signs in LAYOUTS if any(next(path.glob(sign), None) for sign in signs)), "png")
    lower = path.name.lower()
    if lower.endswith("_polygons.json"):
        return "cityscapes"
    if lower.endswith(".json"):
        with path.open("rb") as file:
            begin = file.read(2**20).replace(b"\0", b"")  # also of UTF-16
        return "labelme" if b'"shapes"' in begin or (b'"objects"' in begin and b'"info"' in begin) else "coco"
    for row in IMPORTS:
        if row.suffixes and lower.endswith(row.suffixes) and row.id not in SNIFFED:
            return row.id
    try:
        found = BY_FORMAT[sniff(path).id]
        return "rtstruct" if found == "dicom-seg" and modality(path) == "RTSTRUCT" else found
    except KeyError:
        raise UserError(f"“{path.name}” holds no masks that can be imported.") from None


def apply(document: Document, entry: ImageEntry, labels: Labels, *, layer: int, title: str) -> Edit | None:
    """Write labels into a mask layer of an image, with the origin *imported*; the undo step, None for no change.

    Classes are found in the document by name, those without a name by their id; those that are missing are added, with
    the id of the file where that is free. Raises UserError when they do not fit into the class table.
    """
    numbers = _numbers(document, labels)
    writer = document.begin_edit(entry.id, layer, title, tool="import", origin=Origin.IMPORTED)
    try:
        slices, rows, columns = entry.info.shape
        for z in range(slices):
            for key in Box.whole((slices, rows, columns), z).tiles():
                box = Box.of_tile(key).clip((slices, rows, columns))
                part = numbers[labels.mask[z, box.rows, box.columns]]
                if (part != NOTHING).any():
                    writer.put(z, key[1] * TILE, key[2] * TILE, part)
    except BaseException:
        writer.rollback()
        raise
    return document.finish_edit(writer)


def _numbers(document: Document, labels: Labels) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """For each id of the labels the class id in the document; classes that it lacks are added."""
    numbers = np.full(256, NOTHING, np.uint8)
    numbers[0] = 0
    present = set(np.flatnonzero(np.bincount(labels.mask.reshape(-1), minlength=256))[:256].tolist()) - {NOTHING}
    for one in labels.classes:
        if one.id and (one.id in present or _named(document, one.name) is not None):
            numbers[one.id] = _class_of(document, one)
            _code(document, int(numbers[one.id]), one.code)
    if missing := [value for value in sorted(present) if numbers[value] == NOTHING]:
        raise UserError("The file names no class for some of its pixels.", why=f"They have the value {missing[0]}.")
    return numbers


def _named(document: Document, name: str) -> int | None:
    wanted = name.casefold()
    return next((one.id for one in document.classes if wanted and one.name.casefold() == wanted), None)


def _class_of(document: Document, one: LabelClass) -> int:
    """The document's id of a class of a file: by name, without a name by id.

    A class that got its id because its own number was too large keeps that number as its name (io.masks.numbering);
    another file's number of the same value as that id is another class.
    """
    if one.name:
        known = _named(document, one.name)
        return _add(document, one.name, one.color, None) if known is None else known
    number = str(one.id)
    if (known := _named(document, number)) is not None:
        return known
    if one.id not in document.classes:
        return _add(document, f"Class {number}", one.color, one.id)
    return _add(document, number, one.color, None) if document.classes[one.id].name.isdecimal() else one.id


def _code(document: Document, class_id: int, code: str) -> None:
    """Take over what a file says that a class is, where nobody has said so yet."""
    entry = document.classes[class_id]
    if code and not entry.code:
        document.change_classes(f"Code “{entry.name}”", lambda classes: classes.change(class_id, code=code))


def _add(document: Document, name: str, color: str, class_id: int | None) -> int:
    title = f"Add class “{name}”"
    return document.change_classes(title, lambda classes: classes.add(name, color, class_id=class_id)).id
