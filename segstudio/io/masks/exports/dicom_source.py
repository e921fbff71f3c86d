"""The DICOM objects that an image was read from, for objects that refer to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.errors import UserError
from segstudio.io.dicom.file import read_file
from segstudio.io.dicom.phases import Slice
from segstudio.io.dicom.place import place_of
from segstudio.io.dicom.series import series_of
from segstudio.io.formats import sniff
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.quiet import quiet


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """`files` are the pydicom datasets in the order of the stack, or a single one of `frames` frames; `order` gives for
    each shown slice the frame it is, () where that is the same."""

    files: list[Any]
    frames: int
    order: tuple[int, ...]


def sources_of(subject: Subject, title: str) -> Sources:
    """What the image was read from. Raises UserError for an image that is no DICOM."""
    if not subject.source.is_file() or sniff(subject.source).id != "dicom":
        raise UserError(
            f"“{subject.name}” cannot be exported as {title}.", why="It is no DICOM image.",
            hint="Choose NIfTI or 3D Slicer's .seg.nrrd.",
        )  # fmt: skip
    first = read_file(subject.source)
    frames = int(first.get("NumberOfFrames", 1) or 1)
    files = [Slice(subject.source, first)] if frames > 1 else series_of(subject.source, first)
    with quiet():
        found = [_unicode(first if one.path == subject.source else read_file(one.path)) for one in files]
    return Sources(found, frames, place_of([one.header for one in files], frames).order)


def _unicode(source: Any) -> Any:
    """The dataset with its texts in Unicode: highdicom takes none whose character set is empty or begins so, as it does
    in Japan."""
    source.decode()
    source.SpecificCharacterSet = "ISO_IR 192"
    return source


def labels_of(subject: Subject) -> tuple[NDArray[np.uint8], list[Any]]:
    """The mask of all slices with unknown as background, and the classes that have pixels.

    Raises UserError where there is nothing but background.
    """
    labels = subject.volume()
    labels = np.where(labels == NOTHING, np.uint8(0), labels)
    used = [entry for entry in subject.classes if entry.id and (labels == entry.id).any()]
    if not used:
        raise UserError(f"“{subject.name}” has no class but the background to export.", hint="Paint or predict first.")
    return labels, used
