"""How large pixels are, from wherever DICOM keeps it (PS3.3 10.7.1.3, C.7.6.2, C.7.6.16.2.1, C.8.5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segstudio.io.dicom.groups import group

CENTIMETRES = 3
"""Physical Units of an ultrasound region whose deltas are lengths."""

PLANES = (1, 2)
"""Spatial formats of ultrasound regions that show a plane: brightness over two lengths, or one with colour."""

TAGS = [
    "PixelSpacing", "PixelSpacingCalibrationType", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "SliceThickness",
    "SpacingBetweenSlices", "EstimatedRadiographicMagnificationFactor", "DistanceSourceToDetector",
    "DistanceSourceToPatient", "SequenceOfUltrasoundRegions", "PixelAspectRatio",
]  # fmt: skip
"""What says how large pixels are."""

Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class RegionCalibration:
    """`spacing` is (between slices, between rows, between columns) in mm, None where the file does not say."""

    spacing: Spacing | None = None
    notes: tuple[str, ...] = ()


def calibration_of(header: Any) -> RegionCalibration:
    """The pixel size of a file, of its first frame where it has several."""
    measures = group(header, "PixelMeasuresSequence")
    for found in (header, measures):
        if found is not None and (size := _pair(found, "PixelSpacing")):
            notes = (AT_DETECTOR,) if _uncorrected(header, size) else ()
            return RegionCalibration((_between(found, header), *size), notes)
    return _of_detector(header) or _of_regions(header) or _of_aspect(header)


AT_DETECTOR = "Its pixel size is that at the detector; things are smaller, by a magnification that it does not tell."


def _uncorrected(header: Any, size: tuple[float, float]) -> bool:
    """Whether a projection gives as its pixel size that at the detector (PS3.3 10.7.1.3)."""
    detector = _pair(header, "ImagerPixelSpacing")
    return detector == size and not header.get("PixelSpacingCalibrationType") and _magnification(header) != 1


def _of_detector(header: Any) -> RegionCalibration | None:
    size = _pair(header, "ImagerPixelSpacing")
    if size is not None:
        factor = _magnification(header)
        if factor is None:
            return RegionCalibration((1.0, *size), (AT_DETECTOR,))
        note = f"Its pixel size is that at the detector, divided by the magnification of {factor:.4g}."
        return RegionCalibration((1.0, size[0] / factor, size[1] / factor), (note,) if factor != 1 else ())
    size = _pair(header, "NominalScannedPixelSpacing")
    return RegionCalibration((_between(header, header), *size)) if size else None


def _magnification(header: Any) -> float | None:
    """How much larger things are at the detector: as the file says, or from the distances to the source."""
    said = _number(header, "EstimatedRadiographicMagnificationFactor")
    detector, patient = (_number(header, f"DistanceSourceTo{what}") for what in ("Detector", "Patient"))
    if said is None and detector and patient and detector >= patient:
        said = detector / patient
    return said


def _of_regions(header: Any) -> RegionCalibration | None:
    """The size that all regions of an ultrasound picture that show a plane have in common."""
    sizes = set()
    for region in header.get("SequenceOfUltrasoundRegions") or ():
        units = {region.get(f"PhysicalUnits{axis}Direction") for axis in "XY"}
        deltas = [abs(_number(region, f"PhysicalDelta{axis}", negative=True) or 0) * 10 for axis in "YX"]
        if units == {CENTIMETRES} and region.get("RegionSpatialFormat", 1) in PLANES and min(deltas) > 0:
            sizes.add((round(deltas[0], 6), round(deltas[1], 6)))
    if len(sizes) > 1:
        return RegionCalibration(None, ("Its ultrasound regions have different pixel sizes; none is used.",))
    return RegionCalibration((1.0, *sizes.pop())) if sizes else None


def _of_aspect(header: Any) -> RegionCalibration:
    aspect = _pair(header, "PixelAspectRatio")
    if aspect is None or aspect[0] == aspect[1]:
        return RegionCalibration()
    high, wide = aspect
    return RegionCalibration(None, (f"Its pixels are {high:g} high to {wide:g} wide; they are shown square.",))


def _between(found: Any, header: Any) -> float:
    for place in (found, header):
        for name in ("SpacingBetweenSlices", "SliceThickness"):
            value = _number(place, name, negative=True)
            if value:
                return abs(value)
    return 1.0


def _pair(found: Any, name: str) -> tuple[float, float] | None:
    values = found.get(name)
    if values is None or isinstance(values, (str, float, int)) or len(values) != 2:
        return None
    first, second = float(values[0]), float(values[1])
    return (first, second) if min(first, second) > 0 else None


def _number(found: Any, name: str, *, negative: bool = False) -> float | None:
    value = found.get(name)
    if value is None or value == "":
        return None
    number = float(value)
    return number if negative or number > 0 else None
