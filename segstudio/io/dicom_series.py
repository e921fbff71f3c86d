"""Which DICOM files make one series."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

MOST = 20_000
"""Files of a folder that are looked at."""

TAGS = [
    "SeriesInstanceUID", "SOPInstanceUID", "Rows", "Columns", "NumberOfFrames", "InstanceNumber", "SamplesPerPixel",
    "ImagePositionPatient", "ImageOrientationPatient", "AcquisitionNumber", "TemporalPositionIdentifier", "EchoTime",
    "ImageType", "SliceLocation",
]  # fmt: skip


def header(path: Path) -> Any | None:
    """What tells a file's place in its series; None for what is no DICOM file."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    if not is_dicom(path):
        return None
    try:
        return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS)
    except (OSError, InvalidDicomError, ValueError, LookupError, AttributeError, TypeError):
        return None


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files should."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def series_of(path: Path, first: Any) -> list[Path]:
    """The files of the folder that are slices of the same stack as `first`, in their order along it.

    They have the same series UID, size and orientation, and, where several have the same position (echoes, phases), the
    same acquisition as `first`. Just the file itself where it is alone or does not say where it lies.
    """
    uid = first.get("SeriesInstanceUID")
    if not uid or "ImagePositionPatient" not in first or "ImageOrientationPatient" not in first:
        return [path]
    found: list[tuple[float, int, Path, Any]] = []
    for one in sorted(path.parent.iterdir())[:MOST]:
        known = first if one == path else header(one) if one.is_file() else None
        if known is not None and known.get("SeriesInstanceUID") == uid and _alike(known, first):
            found.append((along(known), int(known.get("InstanceNumber") or 0), one, known))
    for name in ("AcquisitionNumber", "TemporalPositionIdentifier", "EchoTime", "ImageType"):
        if len({round(row[0], 3) for row in found}) < len(found):
            found = [row for row in found if row[3].get(name) == first.get(name)]
    if len({round(row[0], 3) for row in found}) < len(found):
        return [path]  # several images of one place that nothing tells apart
    return [row[2] for row in sorted(found, key=lambda row: row[:2])]


def representatives(paths: Iterable[Path]) -> list[Path]:
    """The paths with one file for each DICOM series and folder, the first; other files stay."""
    kept: list[Path] = []
    seen: set[tuple[Path, str, object]] = set()
    for path in paths:
        known = header(path)
        place = known is not None and "ImagePositionPatient" in known
        if known is not None and place and int(known.get("NumberOfFrames") or 1) == 1:
            axes = tuple(round(float(v), 3) for v in known.get("ImageOrientationPatient") or ())
            key = (path.parent, str(known.get("SeriesInstanceUID")), (known.get("Rows"), known.get("Columns"), axes))
            if key in seen:
                continue
            seen.add(key)
        kept.append(path)
    return kept


def along(known: Any) -> float:
    """Millimetres along the normal of a slice's plane."""
    axes = np.array(known.ImageOrientationPatient, np.float64)
    normal = np.cross(axes[:3], axes[3:])
    return float(normal @ np.array(known.ImagePositionPatient, np.float64))


def _alike(one: Any, other: Any) -> bool:
    if any(one.get(name) != other.get(name) for name in ("Rows", "Columns")):
        return False
    if int(one.get("NumberOfFrames") or 1) > 1 or len(one.get("ImagePositionPatient") or ()) != 3:
        return False
    mine, yours = (np.array(known.get("ImageOrientationPatient") or (0.0,) * 6, np.float64) for known in (one, other))
    return mine.shape == yours.shape == (6,) and bool(np.abs(mine - yours).max() < 1e-3)
