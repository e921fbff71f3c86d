"""DICOM Segmentation objects: binary, fractional and label maps, brought to the slices of an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass, Labels

ALMOST = 0.1
"""Pixels by which a frame may lie beside the image's pixels."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """Each frame is laid on the slice of the image that it lies in; the rest is background.

    Of fractional segments the pixels from one half up count; where segments overlap, the later one. Raises UserError
    for another DICOM object, and where a frame's pixels do not lie on the image's.
    """
    import pydicom

    found = pydicom.dcmread(path, force=True)
    if str(found.get("Modality", "")) != "SEG" or "SegmentSequence" not in found:
        raise UserError(f"“{path.name}” is no DICOM Segmentation.", hint="Choose the SEG object of the series.")
    if info.grid is None or info.grid.frame != "patient":
        raise UserError(f"“{name}” does not say where it lies in a patient.")
    reference = str(found.get("FrameOfReferenceUID", ""))
    if info.grid.reference and reference and reference != info.grid.reference:
        raise UserError(f"“{path.name}” does not fit “{name}”.", why="It belongs to another frame of reference.")
    frames = found.pixel_array.reshape(-1, int(found.Rows), int(found.Columns))
    kind = str(found.get("SegmentationType", "BINARY"))
    mask = np.zeros(info.shape, np.uint8)
    shared = found.SharedFunctionalGroupsSequence[0]
    order = []
    for number, group in enumerate(found.PerFrameFunctionalGroupsSequence):
        segment = 0
        if kind != "LABELMAP":
            segment = int(_one(group, shared, "SegmentIdentificationSequence").ReferencedSegmentNumber)
        order.append((segment, number, group))
    for segment, number, group in sorted(order, key=lambda row: row[:2]):
        z, row, column = _corner(path, name, group, shared, info)
        frame = frames[number]
        if kind == "LABELMAP":
            part, value = frame > 0, frame
        else:
            part = frame * 2 >= int(found.get("MaximumFractionalValue", 1)) if kind == "FRACTIONAL" else frame > 0
            value = np.full(frame.shape, segment)
        _lay(mask, part, value, z, row, column)
    return Labels(mask, _classes(found))


def _lay(mask: Any, part: Any, value: Any, z: int, row: int, column: int) -> None:
    """Put the pixels of a frame on a slice; what lies beside it is dropped."""
    if not 0 <= z < mask.shape[0]:
        return
    top, left = max(0, row), max(0, column)
    bottom, right = min(mask.shape[1], row + part.shape[0]), min(mask.shape[2], column + part.shape[1])
    if top < bottom and left < right:
        inside = np.s_[top - row : bottom - row, left - column : right - column]
        target = mask[z, top:bottom, left:right]
        target[part[inside]] = value[inside][part[inside]]


def _corner(path: Path, name: str, group: Any, shared: Any, info: ImageInfo) -> tuple[int, int, int]:
    """Slice, row and column of the image under a frame's first pixel."""
    assert info.grid is not None
    axes = [float(v) for v in _one(group, shared, "PlaneOrientationSequence").ImageOrientationPatient]
    spacing = [float(v) for v in _one(group, shared, "PixelMeasuresSequence").PixelSpacing]
    origin = [float(v) for v in _one(group, shared, "PlanePositionSequence").ImagePositionPatient]
    change = np.linalg.inv(info.grid.matrix)
    right = change[:3, :3] @ (np.array(axes[:3]) * spacing[1])
    down = change[:3, :3] @ (np.array(axes[3:]) * spacing[0])
    column, row, z = (change @ (*origin, 1.0))[:3]
    straight = np.abs(right - (1, 0, 0)).max() < 0.01 and np.abs(down - (0, 1, 0)).max() < 0.01
    if not straight or max(abs(value - round(value)) for value in (column, row, z)) > ALMOST:
        raise UserError(
            f"“{path.name}” does not fit “{name}”.", why="Its pixels do not lie on the pixels of the image.",
            hint="Open the series that it was made for.",
        )  # fmt: skip
    return round(z), round(row), round(column)


def _one(group: Any, shared: Any, name: str) -> Any:
    return (group if name in group else shared)[name][0]


def _classes(found: Any) -> tuple[LabelClass, ...]:
    classes = []
    for segment in found.SegmentSequence:
        number = int(segment.SegmentNumber)
        if 0 < number < NOTHING:
            classes.append(LabelClass(number, str(segment.get("SegmentLabel", "")), _color(segment)))
    return tuple(classes)


def _color(segment: Any) -> str:
    from highdicom.color import CIELabColor

    value = segment.get("RecommendedDisplayCIELabValue")
    if value is None or len(value) != 3:
        return ""
    return "#{:02x}{:02x}{:02x}".format(*CIELabColor.from_dicom_value(list(value)).to_rgb())
