"""Label maps of volumes: NIfTI, NRRD (3D Slicer's segmentations too) and MetaImage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io import itk, nifti
from segstudio.io.formats import sniff
from segstudio.io.masks.imports.labels import Labels
from segstudio.io.masks.imports.segments import class_ids, segments
from segstudio.io.masks.names import ImageName
from segstudio.io.orientation import Affine, layout
from segstudio.io.reading import BUDGET, check_size


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The labels at the places of the image's pixels: of each the nearest voxel, nothing known outside.

    On the same grid, also with exchanged or mirrored axes, that is the voxel itself. Where the image or the file does
    not say where it lies, both must have the same shape. Numbers become class ids by io.masks.numbering; segments of
    3D Slicer are told by their values, one channel for each class by its place. Raises UserError for values that are
    no labels.
    """
    kind = sniff(path).id
    if kind not in ("nifti", "nrrd", "metaimage"):
        raise UserError(f"“{path.name}” is no label map of a volume.", hint="Choose NIfTI, NRRD or MetaImage.")
    volume = (nifti if kind == "nifti" else itk).read_header(path)
    check_size(path, (*volume.shape, volume.channels), volume.dtype.itemsize, BUDGET)
    stored = np.asarray(volume.load()).reshape(*volume.shape, volume.channels)
    ids, classes, notes = class_ids(path, stored, segments(path) if kind == "nrrd" else (), volume.step)
    if volume.matrix is None or info.grid is None:
        mask, note = _by_order(ids, Path(ImageName.of(name).path), info)
        notes = (*notes, note) if note else notes
        if mask.shape != info.shape:
            raise UserError(
                f"“{path.name}” does not fit “{name}”.", why=f"Shapes {mask.shape} and {info.shape} differ."
            )
    else:
        mask = _taken(ids, volume.matrix, info)
        if (mask == NOTHING).all() and (ids != NOTHING).any():
            raise UserError(f"“{path.name}” does not fit “{name}”.", why="It lies elsewhere in the patient.")
    return Labels(np.ascontiguousarray(mask), classes, notes)


def _by_order(ids: NDArray[np.uint8], image: Path, info: ImageInfo) -> tuple[NDArray[np.uint8], str]:
    """Voxels that do not say where they lie, in the order of the image's own; "" or how that was decided."""
    if info.grid is None:
        return ids.transpose(2, 1, 0), ""
    kind = sniff(image).id if image.is_file() else ""
    if kind in ("nifti", "nrrd", "metaimage"):
        own = (nifti if kind == "nifti" else itk).read_header(image)
        if own.matrix is not None and own.shape == ids.shape:
            return np.asarray(
                layout(own.matrix).apply(ids)
            ), "It does not say where it lies: voxels as in the image's file."
    return ids.transpose(2, 1, 0), "It does not say where it lies: slices, rows and columns as they are shown."


def _taken(ids: NDArray[np.uint8], matrix: Affine, info: ImageInfo) -> NDArray[np.uint8]:
    """Of each pixel of the image the nearest voxel, NOTHING outside; slice by slice."""
    assert info.grid is not None
    slices, rows, columns = info.shape
    change = np.linalg.inv(matrix) @ info.grid.matrix
    out = np.full(info.shape, NOTHING, np.uint8)
    row, column = np.mgrid[:rows, :columns]
    for z in range(slices):
        index, inside = [], np.ones((rows, columns), np.bool_)
        for axis in range(3):
            a, b, c, d = change[axis]
            place = np.rint(a * column + b * row + (c * z + d)).astype(np.int64)
            inside &= (place >= 0) & (place < ids.shape[axis])
            index.append(place)
        out[z][inside] = ids[index[0][inside], index[1][inside], index[2][inside]]
    return out
