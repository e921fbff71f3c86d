"""DICOM RT Structure Sets: closed contours and points, brought to the slices of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.core.stencils import polygon
from segstudio.errors import UserError
from segstudio.io.dicom.file import read_file
from segstudio.io.masks.imports.dicom_target import LabelTarget, target_of
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.imports.outline import centres_on

CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
POINT = "POINT"

ALMOST = 0.5
"""Slices by which a contour may lie beside one, and by which its points may leave their plane."""


def read(path: Path, name: str, info: ImageInfo, source: Path | None = None) -> Labels | None:
    """A pixel belongs to a region where its centre lies inside an odd number of the region's contours in its slice, so
    that keyholes and contours within contours both are holes, or on one of them; a point is its pixel. Where regions
    overlap, the later one; the rest is background. Open contours have no area and are left out.

    `source` is the file of the image. Contours of another frame of reference lie on the slices that they name. Raises
    UserError for another DICOM object, for contours that name other images, and for contours across the slices.
    """
    found = read_file(path)
    if str(found.get("Modality", "")) != "RTSTRUCT" or "StructureSetROISequence" not in found:
        raise UserError(f"“{path.name}” is no RT Structure Set.")
    target = target_of(info, source)
    if target.planes is None:
        raise UserError(f"“{name}” does not say where it lies in a patient.")
    regions = {int(one.ROINumber): str(one.get("ROIName", "")) for one in found.StructureSetROISequence}
    if len(regions) >= NOTHING:
        raise UserError("There are too many regions.", why="A project holds at most 254 classes.")
    drawn = list(found.get("ROIContourSequence") or [])
    by_name = _by_name(path, name, found, drawn, target)
    mask = np.zeros(info.shape, np.uint8)
    classes: list[LabelClass] = []
    for one in drawn:
        class_id = len(classes) + 1
        title = regions.get(int(one.ReferencedROINumber), "")
        classes.append(LabelClass(class_id, title, _color(one)))
        for z, inside in _inside(path, name, one, target, by_name).items():
            mask[z][inside] = class_id
    return Labels(mask, tuple(classes))


def _by_name(path: Path, name: str, found: Any, drawn: list[Any], target: LabelTarget) -> bool:
    """Whether contours belong to the slices that they name, as their frame of reference is another."""
    frames = {str(one.get("FrameOfReferenceUID", "")) for one in found.get("ReferencedFrameOfReferenceSequence") or []}
    frames = (frames | {str(found.get("FrameOfReferenceUID", ""))}) - {""}
    if not target.reference or not frames or target.reference in frames:
        return False
    contours = (contour for one in drawn for contour in one.get("ContourSequence") or [])
    if all(target.named(contour.get("ContourImageSequence")) is None for contour in contours):
        raise UserError(f"“{path.name}” does not fit “{name}”.", why="It belongs to another frame of reference.")
    return True


def _color(region: Any) -> str:
    color = region.get("ROIDisplayColor")
    return "#{:02x}{:02x}{:02x}".format(*(int(v) & 255 for v in color)) if color and len(color) == 3 else ""


def _inside(path: Path, name: str, region: Any, target: LabelTarget, by_name: bool) -> dict[int, NDArray[np.bool_]]:
    """By slice which pixels (rows, columns) a region holds."""
    _, rows, columns = target.info.shape
    inside: dict[int, NDArray[np.bool_]] = {}
    on: dict[int, NDArray[np.bool_]] = {}
    for contour in region.get("ContourSequence") or []:
        kind = str(contour.get("ContourGeometricType", ""))
        points = _points(contour)
        if kind not in (*CLOSED, POINT) or not len(points):
            continue
        z = target.named(contour.get("ContourImageSequence")) if by_name else _slice(path, name, points, target)
        if z is None:
            continue
        assert target.planes is not None
        change = np.linalg.inv(target.planes[z])
        places = (points @ change[:3, :3].T + change[:3, 3])[:, 1::-1]  # (row, column); whole numbers are centres
        own = inside.setdefault(z, np.zeros((rows, columns), bool))
        border = on.setdefault(z, np.zeros((rows, columns), bool))
        if kind == POINT or len(places) < 3:
            places = np.round(places) if len(places) == 1 or kind == POINT else places
        else:
            corners = [(float(row) + 0.5, float(column) + 0.5) for row, column in places]
            top, left, stencil = polygon(corners, rows, columns)
            own[top : top + stencil.shape[0], left : left + stencil.shape[1]] ^= stencil
        border |= centres_on(places, rows, columns, closed=kind != POINT)
    return {z: own | on[z] for z, own in inside.items()}


def _points(contour: Any) -> NDArray[np.float64]:
    """The points of a contour, (points, 3); also where its numbers are written as an unknown value, which is text."""
    data = contour.get("ContourData")
    if data is None:
        return np.empty((0, 3))
    if isinstance(data, bytes):
        data = data.decode("ascii", "replace").strip(" \0").split("\\")
    return np.array([float(value) for value in np.atleast_1d(data)], np.float64).reshape(-1, 3)


def _slice(path: Path, name: str, points: NDArray[np.float64], target: LabelTarget) -> int | None:
    """The slice that a contour lies in; None for one beside the image."""
    assert target.planes is not None
    z, _ = target.nearest(points.mean(0))
    plane = target.planes[z]
    above = (points - plane[:3, 3]) @ plane[:3, 2]
    if np.ptp(above) > 2 * ALMOST * target.thickness:
        raise UserError(
            f"“{path.name}” does not fit “{name}”.", why="Its contours do not lie in the slices of the image.",
            hint="Open the series that they were drawn on.",
        )  # fmt: skip
    return z if abs(float(above.mean())) <= ALMOST * target.thickness else None
