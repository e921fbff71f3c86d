"""DICOM Segmentation objects: binary, fractional and label maps, brought to the slices of an image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.dicom.codecs import use_codecs
from segstudio.io.dicom.codes import text_of
from segstudio.io.dicom.file import read_file
from segstudio.io.dicom.groups import group
from segstudio.io.masks.imports.dicom_target import LabelTarget, target_of
from segstudio.io.masks.imports.labels import LabelClass, Labels

ALMOST = 0.1
"""Pixels by which a frame may lie beside the image's pixels."""

Numbers = NDArray[np.int32]


def read(path: Path, name: str, info: ImageInfo, source: Path | None = None) -> Labels | None:
    """Each frame is laid on the pixels of the image that it lies on, whichever way its rows and columns run; where the
    image has no place, or another frame of reference, on the slice that it names. The rest is background.

    Of fractional segments the pixels from one half of the maximum up count, of several the largest; where binary
    segments overlap, the later one. Numbers that do not fit a class id are renumbered. `source` is the file of the
    image. Raises UserError for another DICOM object, and where a frame's pixels do not lie on the image's.
    """
    found = read_file(path)
    if str(found.get("Modality", "")) != "SEG" or "SegmentSequence" not in found:
        raise UserError(f"“{path.name}” is no DICOM Segmentation.", hint="Choose the SEG object of the series.")
    use_codecs()
    target = target_of(info, source)
    numbers: Numbers = np.zeros(info.shape, np.int32)
    if found.get("TotalPixelMatrixRows"):
        numbers[0] = _of_slide(path, name, info)
    else:
        _lay_all(path, name, found, target, numbers)
    return _labels(path, numbers, _classes(found))


def _lay_all(path: Path, name: str, found: Any, target: LabelTarget, numbers: Numbers) -> None:
    by_name = _by_name(path, name, found, target)
    largest = np.zeros(numbers.shape, np.uint8) if found.get("SegmentationType") == "FRACTIONAL" else None
    for number, part, values, shares in _frames(found):
        named = target.named(_images(found, number)) if by_name else None
        if by_name and named is None:
            raise _misfit(path, name, "It does not name the images that it was made for.")
        rows, columns = np.nonzero(part)
        if named is not None and part.shape == target.info.shape[1:]:
            z = np.full(len(rows), named)
        else:
            z, rows, columns = _places(path, name, _plane(path, name, found, number), target, rows, columns)
        inside = _inside(numbers.shape, z, rows, columns)
        spots, kept = (z[inside], rows[inside], columns[inside]), values[part][inside]
        if largest is not None:
            share = shares[part][inside]
            wins = share >= largest[spots]
            spots, kept = tuple(axis[wins] for axis in spots), kept[wins]
            largest[spots] = share[wins]
        numbers[spots] = kept


def _by_name(path: Path, name: str, found: Any, target: LabelTarget) -> bool:
    """Whether frames belong to the slices that they name, as places do not tell."""
    if target.planes is None:
        if not target.slices:
            raise UserError(f"“{name}” does not say where it lies in a patient.")
        return True
    reference = str(found.get("FrameOfReferenceUID") or "")
    if not target.reference or not reference or reference == target.reference:
        return group(found, "PlanePositionSequence") is None
    if all(target.named(_images(found, number)) is None for number in range(_count(found))):
        raise _misfit(path, name, "It belongs to another frame of reference.")
    return True


def _count(found: Any) -> int:
    return int(found.get("NumberOfFrames", 1) or 1)


def _images(found: Any, number: int) -> list[Any]:
    """The images that a frame names, else those that the object does."""
    derived = group(found, "DerivationImageSequence", number)
    images = list((derived.get("SourceImageSequence") if derived is not None else None) or ())
    return images or [*(found.get("SourceImageSequence") or ()),
                      *(item for series in found.get("ReferencedSeriesSequence") or ()
                        for item in series.get("ReferencedInstanceSequence") or ())]  # fmt: skip


def _frames(found: Any) -> Iterator[tuple[int, Any, Any, Any]]:
    """(number, where it has a segment, the segments' numbers, their shares) of each frame, in the order of segments."""
    frames = found.pixel_array.reshape(-1, int(found.Rows), int(found.Columns))
    kind = str(found.get("SegmentationType", "BINARY"))
    if kind == "LABELMAP":
        for number, frame in enumerate(frames):
            yield number, frame > 0, frame, frame
        return
    segments = [int(group(found, "SegmentIdentificationSequence", number).ReferencedSegmentNumber)  # type: ignore[union-attr]
                for number in range(len(frames))]  # fmt: skip
    top = int(found.get("MaximumFractionalValue") or 255) if kind == "FRACTIONAL" else 1
    for number in sorted(range(len(frames)), key=lambda number: segments[number]):
        frame = frames[number]
        part = frame.astype(np.int32) * 2 >= top  # half of an odd maximum is no whole number
        yield number, part, np.broadcast_to(np.int32(segments[number]), frame.shape), frame


def _plane(path: Path, name: str, found: Any, number: int) -> NDArray[np.float64]:
    """The 4 x 4 matrix from (column, row, mm above the frame, 1) to LPS in mm."""
    orientation, measures, position = (
        group(found, what, number)
        for what in ("PlaneOrientationSequence", "PixelMeasuresSequence", "PlanePositionSequence")
    )
    if orientation is None or measures is None or position is None:
        raise _misfit(path, name, "It does not say where its frames lie.")
    axes = np.array(orientation.ImageOrientationPatient, np.float64)
    spacing = [float(value) for value in measures.PixelSpacing]
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1] = axes[:3] * spacing[1], axes[3:] * spacing[0]
    matrix[:3, 2] = np.cross(axes[:3], axes[3:])
    matrix[:3, 3] = np.array(position.ImagePositionPatient, np.float64)
    return matrix


def _places(
    path: Path, name: str, plane: NDArray[np.float64], target: LabelTarget, rows: Any, columns: Any
) -> tuple[Any, Any, Any]:
    """Slice, row and column of the image under pixels of a frame."""
    if target.info.grid is not None:
        change = np.linalg.inv(target.info.grid.matrix) @ plane
    else:
        assert target.planes is not None
        z, above = target.nearest(plane[:3, 3])
        if abs(above) > ALMOST * target.thickness:
            z = -1  # beside the slices that there are
        change = np.linalg.inv(target.planes[z]) @ plane
        change[2] = (0, 0, 0, z)
    steps, corner = change[:3, :2], change[:3, 3]
    off = np.abs(steps - np.round(steps)).max() > ALMOST / 10 or np.abs(corner - np.round(corner)).max() > ALMOST
    if off or (np.abs(np.round(steps)).sum(0) != 1).any():
        raise _misfit(path, name, "Its pixels do not lie on the pixels of the image.")
    places = change[:3] @ np.stack([columns, rows, np.zeros(len(rows)), np.ones(len(rows))])
    column, row, z_of = np.round(places).astype(np.int64)
    return z_of, row, column


def _inside(shape: tuple[int, ...], z: Any, rows: Any, columns: Any) -> Any:
    """Which places lie in the image; what lies beside it is dropped."""
    places = np.stack((z, rows, columns))
    return ((places >= 0) & (places < np.array(shape)[:, None])).all(0)


def _misfit(path: Path, name: str, why: str) -> UserError:
    return UserError(f"“{path.name}” does not fit “{name}”.", why=why, hint="Open the series that it was made for.")


def _of_slide(path: Path, name: str, info: ImageInfo) -> Any:
    """The numbers of a whole slide, (rows, columns), through highdicom."""
    from highdicom.seg import segread

    slide = segread(path)
    found = slide.get_total_pixel_matrix(combine_segments=True, skip_overlap_checks=True, rescale_fractional=False)
    if found.shape != info.shape[1:]:
        size = " × ".join(str(side) for side in found.shape)
        raise _misfit(path, name, f"It is of a slide of {size} pixels.")
    return found


def _labels(path: Path, numbers: Numbers, classes: list[LabelClass]) -> Labels:
    """The mask, with new ids where a segment's number is none."""
    present = np.unique(numbers)
    if present.max(initial=0) < NOTHING:
        return Labels(numbers.astype(np.uint8), tuple(one for one in classes if one.id < NOTHING))
    present = present[present > 0]
    if len(present) >= NOTHING:
        why = f"It holds {len(present)} segments; a project holds at most {NOTHING - 1} classes."
        raise UserError(f"“{path.name}” has too many segments.", why=why)
    known = {one.id: one for one in classes}
    found = []
    for new, number in enumerate(present.tolist(), 1):
        one = known.get(number, LabelClass(number, ""))
        found.append(replace(one, id=new, name=one.name or f"Segment {number}"))
    mask = (np.searchsorted(present, numbers) + 1).astype(np.uint8)
    return Labels(np.where(numbers > 0, mask, np.uint8(0)), tuple(found))


def _classes(found: Any) -> list[LabelClass]:
    """The segments, by their numbers."""
    segments = [(int(segment.SegmentNumber), segment) for segment in found.SegmentSequence]
    return [
        LabelClass(number, str(segment.get("SegmentLabel", "")), _color(segment), _code(segment))
        for number, segment in segments
        if number > 0
    ]


def _code(segment: Any) -> str:
    """What a segment is, in its coded words; the category alone says too little."""
    items = segment.get("SegmentedPropertyTypeCodeSequence") or ()
    return text_of(items[0]) if items else ""


def _color(segment: Any) -> str:
    from highdicom.color import CIELabColor

    value = segment.get("RecommendedDisplayCIELabValue")
    if value is None or len(value) != 3:
        return ""
    return "#{:02x}{:02x}{:02x}".format(*CIELabColor.from_dicom_value(list(value)).to_rgb())
