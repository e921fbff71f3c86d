"""Which DICOM files make one series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.io.dicom import calibration, values, window
from segstudio.io.dicom.phases import PHASES, Slice, one_phase
from segstudio.io.dicom.start import PREAMBLE, begins_like_dicom
from segstudio.io.quiet import quiet

MOST = 20_000
"""Files of a folder that are looked at."""

TAGS = [
    "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "Rows", "Columns", "NumberOfFrames", "InstanceNumber",
    "ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "ImageType", "SliceLocation", "Modality",
    "SeriesDescription", "SeriesNumber", "TotalPixelMatrixRows", "TotalPixelMatrixColumns", "PatientName", "PatientID",
    "StudyInstanceUID", "StudyDate", "StudyDescription", "BurnedInAnnotation",
    *PHASES, *calibration.TAGS, *values.TAGS, *window.TAGS,
]  # fmt: skip


def header(path: Path) -> Any | None:
    """What tells a file's place in its series; None for what is no DICOM file."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    if not is_dicom(path):
        return None
    try:
        with quiet():
            found = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=TAGS)
            for _ in found:  # values are decoded when they are first asked for: what is damaged shows now
                pass
            return found
    except (OSError, InvalidDicomError, ValueError, LookupError, AttributeError, TypeError):
        return None


def modality(path: Path) -> str:
    """The modality of a DICOM file, such as CT, SEG or RTSTRUCT; "" where it says none or is none."""
    import pydicom

    with quiet():
        try:
            found = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=["Modality"])
            return str(found.get("Modality", ""))
        except (OSError, pydicom.errors.InvalidDicomError, ValueError, LookupError, AttributeError, TypeError):
            return ""


def is_dicom(path: Path) -> bool:
    """Whether a file begins like DICOM."""
    try:
        with path.open("rb") as file:
            return begins_like_dicom(file.read(4 * PREAMBLE))
    except OSError:
        return False


def series_of(path: Path, first: Any) -> list[Slice]:
    """The files of the folder that are slices of the same stack as `first`, in their order along it.

    They have the same series UID, size and orientation (a series that lost its UID is told by the folder), and, where
    several have the same position (echoes, phases), they are those of one phase (phases.one_phase). A copy of a file
    is no slice of its own. Just the file itself where it is alone or does not say where it lies.
    """
    if "ImagePositionPatient" not in first or "ImageOrientationPatient" not in first:
        return [Slice(path, first)]
    files = [one for one in sorted(path.parent.iterdir())[:MOST] if one.is_file()]
    return stack_of(path, first, [(one, first if one == path else header(one)) for one in files])


def coarser(path: Path, first: Any) -> dict[int, Path]:
    """The files of the folder that are smaller copies of a slide, by their reduction, a power of two."""
    if not is_slide(first):
        return {}
    files = [one for one in sorted(path.parent.iterdir())[:MOST] if one.is_file() and one != path]
    return levels_of(first, ((one, header(one)) for one in files))


def is_slide(known: Any) -> bool:
    """Whether a file is a level of a whole slide, and not its label or overview."""
    kind = list(known.get("ImageType") or ())
    return int(known.get("TotalPixelMatrixRows", 0) or 0) > 0 and kind[2:3] == ["VOLUME"] and bool(uid_of(known))


def levels_of(first: Any, folder: Iterable[tuple[Path, Any]]) -> dict[int, Path]:
    found: dict[int, Path] = {}
    for path, known in folder:
        if known is None or not is_slide(known) or uid_of(known) != uid_of(first):
            continue
        mine, yours = (
            [int(one.get(f"TotalPixelMatrix{what}", 0) or 0) for what in ("Rows", "Columns")] for one in (first, known)
        )
        factor = round(mine[0] / max(1, yours[0]))
        fits = factor > 1 and all(abs(-(-a // factor) - b) <= 1 for a, b in zip(mine, yours, strict=True))
        if fits and factor & (factor - 1) == 0 and known.get("SamplesPerPixel") == first.get("SamplesPerPixel"):
            found.setdefault(factor, path)
    return found


def stack_of(path: Path, first: Any, folder: Iterable[tuple[Path, Any]]) -> list[Slice]:
    """Those of the files of a folder, given with their headers, that make a stack with `first`."""
    alike = [Slice(one, known) for one, known in folder
             if known is not None and uid_of(known) == uid_of(first) and _alike(known, first)]  # fmt: skip
    found = _without_copies(path, alike)
    heights = {row.path: round(along(row.header), 3) for row in found}
    opened = next((row for row in found if row.path == path), None)
    if opened is None:
        return [Slice(path, first)]
    found = one_phase(opened, found, heights)
    return sorted(found, key=lambda row: (heights[row.path], int(row.header.get("InstanceNumber") or 0)))


def _without_copies(path: Path, files: Sequence[Slice]) -> list[Slice]:
    """One file of each instance: files of the same UID at the same place are copies. Of copies the opened one stays."""
    found: dict[object, Slice] = {}
    for row in files:
        key = instance(row.path, row.header)
        if key not in found or row.path == path:
            found[key] = row
    return list(found.values())


def instance(path: Path, known: Any) -> tuple[object, ...]:
    """What copies of a file have in common, and no other file of its series."""
    place = tuple(round(float(value), 3) for value in known.get("ImagePositionPatient") or ())
    return str(known.get("SOPInstanceUID") or path), place, known.get("InstanceNumber")


def uid_of(known: Any) -> str:
    return str(known.get("SeriesInstanceUID") or "")


def placed(known: Any) -> bool:
    """Whether a file is one slice that says where it lies."""
    return "ImagePositionPatient" in known and int(known.get("NumberOfFrames") or 1) == 1


def along(known: Any) -> float:
    """Millimetres along the normal of a slice's plane."""
    axes = np.array(known.ImageOrientationPatient, np.float64)
    normal = np.cross(axes[:3], axes[3:])
    return float(normal @ np.array(known.ImagePositionPatient, np.float64))


def _alike(one: Any, other: Any) -> bool:
    if any(one.get(name) != other.get(name) for name in ("Rows", "Columns", "PhotometricInterpretation")):
        return False
    if int(one.get("NumberOfFrames") or 1) > 1 or len(one.get("ImagePositionPatient") or ()) != 3:
        return False
    mine, yours = (np.array(known.get("ImageOrientationPatient") or (0.0,) * 6, np.float64) for known in (one, other))
    return mine.shape == yours.shape == (6,) and bool(np.abs(mine - yours).max() < 1e-3)
