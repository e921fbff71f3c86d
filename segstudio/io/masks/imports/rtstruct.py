"""DICOM RT Structure Sets: closed contours, brought to the slices of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.core.stencils import polygon
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass, Labels

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")

ALMOST = 0.5
"""Slices by which a contour may lie beside one, and by which its points may leave their plane."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """A pixel belongs to a region where its centre lies inside an odd number of the region's contours in its slice, so
    that keyholes and contours within contours both are holes. Where regions overlap, the later one; the rest is
    background. Open contours and points have no area and are left out.

    Raises UserError for another DICOM object, for another frame of reference, and for contours across the slices.
    """
    import pydicom

    found = pydicom.dcmread(path, force=True)
    if str(found.get("Modality", "")) != "RTSTRUCT" or "StructureSetROISequence" not in found:
        raise UserError(f"“{path.name}” is no RT Structure Set.")
    if info.grid is None or info.grid.frame != "patient":
        raise UserError(f"“{name}” does not say where it lies in a patient.")
    frames = {str(one.get("FrameOfReferenceUID", "")) for one in found.get("ReferencedFrameOfReferenceSequence") or []}
    frames |= {str(found.get("FrameOfReferenceUID", ""))} - {""}
    if info.grid.reference and frames and info.grid.reference not in frames:
        raise UserError(f"“{path.name}” does not fit “{name}”.", why="It belongs to another frame of reference.")
    regions = {int(one.ROINumber): str(one.get("ROIName", "")) for one in found.StructureSetROISequence}
    if len(regions) >= NOTHING:
        raise UserError("There are too many regions.", why="A project holds at most 254 classes.")
    mask = np.zeros(info.shape, np.uint8)
    classes: list[LabelClass] = []
    change = np.asarray(np.linalg.inv(info.grid.matrix), np.float64)
    for one in found.get("ROIContourSequence") or []:
        class_id = len(classes) + 1
        title = regions.get(int(one.ReferencedROINumber), "")
        color = one.get("ROIDisplayColor")
        shown = "#{:02x}{:02x}{:02x}".format(*(int(v) & 255 for v in color)) if color and len(color) == 3 else ""
        classes.append(LabelClass(class_id, title, shown))
        for z, inside in _inside(path, name, one, change, info).items():
            mask[z][inside] = class_id
    return Labels(mask, tuple(classes))


def _inside(
    path: Path, name: str, region: Any, change: NDArray[np.float64], info: ImageInfo
) -> dict[int, NDArray[np.bool_]]:
    """By slice which pixels (rows, columns) a region holds."""
    slices, rows, columns = info.shape
    found: dict[int, NDArray[np.bool_]] = {}
    for contour in region.get("ContourSequence") or []:
        if str(contour.get("ContourGeometricType", "")) not in CLOSED:
            continue
        points = np.array([float(value) for value in contour.ContourData]).reshape(-1, 3)
        places = points @ change[:3, :3].T + change[:3, 3]
        z = round(float(places[:, 2].mean()))
        if np.abs(places[:, 2] - z).max() > ALMOST:
            raise UserError(
                f"“{path.name}” does not fit “{name}”.", why="Its contours do not lie in the slices of the image.",
                hint="Open the series that they were drawn on.",
            )  # fmt: skip
        if 0 <= z < slices:
            corners = [(float(row) + 0.5, float(column) + 0.5) for column, row, _ in places]
            top, left, stencil = polygon(corners, rows, columns)
            own = found.setdefault(z, np.zeros((rows, columns), bool))
            own[top : top + stencil.shape[0], left : left + stencil.shape[1]] ^= stencil
    return found
