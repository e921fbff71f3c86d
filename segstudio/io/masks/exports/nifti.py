"""Masks as NIfTI label maps, which lie on their images for every reader."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.formats import sniff
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.nifti import read_header
from segstudio.io.orientation import TO_LPS, layout, same_grid

PLACE = (
    "sform_code", "srow_x", "srow_y", "srow_z", "qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x",
    "qoffset_y", "qoffset_z",
)  # fmt: skip
"""Where a header says that the voxels lie, twice: readers believe one or the other, so both are repeated."""

LONGEST = 2**15 - 1
"""Voxels along a side that NIfTI-1 can count."""


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.nii.gz` for each image, uint8 class ids; 0 where nothing is known.

    An image that came from a NIfTI file gets its label map on the very voxels of that file, whatever that says of
    them: the same order of axes and number of them, sizes and units, sform and qform with their codes, also where both
    codes are 0. Others get the matrix of their grid in millimetres as sform, and as qform where that can hold it (it
    has no shear).
    """
    nibabel = import_module("nibabel")
    written = []
    for subject in subjects:
        labels = subject.volume()
        labels[labels == NOTHING] = 0
        path = folder / f"{subject.stem}.nii.gz"
        image = _on_voxels_of(subject, labels) or _on_grid(subject, labels)
        with replacing(path) as scratch:
            nibabel.save(image, scratch)
        written.append(path)
    return written


def _on_voxels_of(subject: Subject, labels: NDArray[np.uint8]) -> Any:
    """The label map with the header of the image's own file; None where that is no NIfTI or another image by now."""
    if not subject.source.is_file() or sniff(subject.source).id != "nifti":
        return None
    volume, source = read_header(subject.source), import_module("nibabel").load(subject.source)
    if subject.info.grid is not None and volume.matrix is not None:
        place = layout(volume.matrix)
        if tuple(volume.shape[axis] for axis in place.axes) != labels.shape:
            return None
        stored = np.asarray(place.undo(labels))
    else:
        stored = np.asarray(labels.transpose(2, 1, 0))
    if stored.shape != volume.shape:
        return None
    image = _image(stored.reshape(source.shape[:3]))
    image.header["pixdim"][: min(4, 1 + len(source.shape))] = source.header["pixdim"][: min(4, 1 + len(source.shape))]
    if "sform_code" in source.header:  # ANALYZE has sizes alone
        for name in PLACE:
            image.header[name] = source.header[name]
        image.header.set_xyzt_units(source.header.get_xyzt_units()[0])
    return image


def _on_grid(subject: Subject, labels: NDArray[np.uint8]) -> Any:
    """The label map on the image's grid."""
    if subject.info.grid is None:
        raise UserError(f"“{subject.name}” does not say where it lies in a patient.", hint="Choose another format.")
    affine = TO_LPS @ subject.info.grid.matrix
    image = _image(labels.transpose(2, 1, 0))
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, 1)
    image.set_qform(affine, 1)
    slices, rows, columns = labels.shape
    if not same_grid(
        image.header.get_qform(), affine, (columns, rows, slices)
    ):  # a turn and three lengths hold no shear
        image.header["qform_code"] = 0
    return image


def _image(stored: NDArray[np.uint8]) -> Any:
    """An image without a place of its own; NIfTI-2 where NIfTI-1 cannot count its voxels."""
    nibabel = import_module("nibabel")
    kind = nibabel.Nifti1Image if max(stored.shape) <= LONGEST else nibabel.Nifti2Image
    return kind(np.ascontiguousarray(stored), None)
