"""Label maps of volumes: NIfTI, NRRD (3D Slicer's segmentations too) and MetaImage."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io import itk, nifti
from segstudio.io.formats import sniff
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.orientation import Affine
from segstudio.io.reading import BUDGET, check_size


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The labels at the places of the image's pixels: of each the nearest voxel, nothing known outside.

    On the same grid, also with exchanged or mirrored axes, that is the voxel itself. Where the image or the file does
    not say where it lies, both must have the same shape. Raises UserError for values that are no class ids.
    """
    kind = sniff(path).id
    if kind not in ("nifti", "nrrd", "metaimage"):
        raise UserError(f"“{path.name}” is no label map of a volume.", hint="Choose NIfTI, NRRD or MetaImage.")
    volume = (nifti if kind == "nifti" else itk).read_header(path)
    check_size(path, (*volume.shape, volume.channels), volume.dtype.itemsize, BUDGET)
    stored = np.asarray(volume.load()).reshape(*volume.shape, volume.channels)
    classes = _segments(path) if kind == "nrrd" else {}
    ids = _ids(path, stored, classes)
    if volume.matrix is None or info.grid is None:
        mask = ids.transpose(2, 1, 0)
        if mask.shape != info.shape:
            raise UserError(
                f"“{path.name}” does not fit “{name}”.", why=f"Shapes {mask.shape} and {info.shape} differ."
            )
    else:
        mask = _taken(ids, volume.matrix, info)
        if (mask == NOTHING).all():
            raise UserError(f"“{path.name}” does not fit “{name}”.", why="It lies elsewhere in the patient.")
    known = {int(value) for value in np.unique(mask) if value != NOTHING}
    named = {one.id: one for one in classes.values()}
    return Labels(np.ascontiguousarray(mask), tuple(named.get(value, LabelClass(value, "")) for value in sorted(known)))


def _ids(path: Path, stored: NDArray[np.generic], classes: dict[tuple[int, int], LabelClass]) -> NDArray[np.uint8]:
    """Class ids (i, j, k); of several layers (overlapping segments) the last one that says something."""
    values = np.asarray(stored)
    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        raise UserError(f"“{path.name}” is no label map.", why="Some of its values are not whole numbers.")
    if float(values.min()) < 0 or float(values.max()) >= NOTHING:
        raise UserError(f"“{path.name}” is no label map.", why="Class ids are 0 to 254; it has others.")
    found = np.zeros(values.shape[:3], np.uint8)
    for layer in range(values.shape[3]):
        part = values[..., layer].astype(np.uint8)
        for value in np.unique(part[part > 0]):
            known = classes.get((layer, int(value)))
            found[part == value] = known.id if known else value
    return found


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


def _segments(path: Path) -> dict[tuple[int, int], LabelClass]:
    """Segments of a .seg.nrrd by layer and label value; ids are given anew where layers use a value twice."""
    sitk = import_module("SimpleITK")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    keys = {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
    found: dict[tuple[int, int], LabelClass] = {}
    taken: set[int] = set()
    for key in keys:
        match = re.fullmatch(r"Segment(\d+)_LabelValue", key)
        if match is None or not keys[key].isdigit():
            continue
        start, value = f"Segment{match[1]}_", int(keys[key])
        layer = int(keys.get(f"{start}Layer", "0") or 0)
        free = value if value not in taken else next(i for i in range(1, NOTHING) if i not in taken)
        taken.add(free)
        found[layer, value] = LabelClass(free, keys.get(f"{start}Name", ""), _color(keys.get(f"{start}Color", "")))
    return found


def _color(text: str) -> str:
    parts = text.split()
    try:
        values = [round(255 * min(1.0, max(0.0, float(part)))) for part in parts]
    except ValueError:
        return ""
    return "#{:02x}{:02x}{:02x}".format(*values) if len(values) == 3 else ""
