"""What pydicom and highdicom find in DICOM files: the oracle of tests/io/test_values.py. Slices are put in order here, by
their own positions, not by the reader that is tested."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.pixels import apply_color_lut, apply_modality_lut

from segstudio.io.dicom.codecs import RETIRED, use_codecs
from segstudio.io.quiet import quiet

Found = tuple[NDArray[Any], NDArray[np.float64] | None, float | None]
"""Values (slices, rows, columns, channels), matrix (column, row, slice, 1) to LPS or None, nodata."""


def kind_of(path: Path) -> str:
    """Whether a file holds an image, a slide of tiles, or no pixels that can be compared."""
    with quiet():
        made = pydicom.dcmread(path, force=True, defer_size=2**16)
    if not any(name in made for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")) or "Rows" not in made:
        return "dicom without pixels"
    return "dicom slide" if made.get("TotalPixelMatrixRows") and made.Modality != "SEG" else "dicom"


def read(path: Path) -> Found:
    """The series of a file, or its frames."""
    use_codecs()
    made = pydicom.dcmread(path, force=True)
    if int(made.get("NumberOfFrames", 1) or 1) > 1 or "ImagePositionPatient" not in made:
        values, planes = (
            _frames(made),
            [_plane_of_frame(made, n) for n in range(int(made.get("NumberOfFrames", 1) or 1))],
        )
    else:
        stack = [one for one in _folder(path.parent) if _together(one, made)]
        heights = [_height(_plane(one)) for one in stack]
        if len(set(heights)) < len(heights):
            stack = [made]
        stack = sorted(stack, key=lambda one: _height(_plane(one)))
        values, planes = np.concatenate([_frames(one) for one in stack]), [_plane(one) for one in stack]
    return (*_placed(values, planes), _nodata(made))


def _nodata(made: Any) -> float | None:
    if (
        "PixelPaddingValue" not in made
        or int(made.SamplesPerPixel) > 1
        or made.PhotometricInterpretation == "PALETTE COLOR"
    ):
        return None
    return float(_shown(made, apply_modality_lut(np.array([made.PixelPaddingValue]), made))[0])


def read_slide(path: Path) -> Found:
    """A slide of one focal plane and one optical path, by highdicom."""
    use_codecs()
    image = highdicom.imread(path)
    values = image.get_total_pixel_matrix(apply_icc_profile=False, apply_real_world_transform=False, apply_modality_transform=None,
                                          apply_voi_transform=False, apply_presentation_lut=False)  # fmt: skip
    return values.reshape(1, *values.shape[:2], -1), None, _nodata(image)


@lru_cache(2)
def _folder(folder: Path) -> list[Any]:
    found = [
        pydicom.dcmread(path) for path in sorted(folder.iterdir()) if path.is_file() and pydicom.misc.is_dicom(path)
    ]
    return [one for one in found if "ImagePositionPatient" in one and int(one.get("NumberOfFrames", 1) or 1) == 1]


def _together(one: Any, other: Any) -> bool:
    names = (
        "SeriesInstanceUID",
        "Rows",
        "Columns",
        "ImageOrientationPatient",
        "PhotometricInterpretation",
    )
    return all(one.get(name) == other.get(name) for name in names)


def _frames(made: Any) -> NDArray[Any]:
    """Values (frames, rows, columns, channels), rescaled, MONOCHROME1 turned over."""
    made.file_meta.TransferSyntaxUID = RETIRED.get(made.file_meta.TransferSyntaxUID, made.file_meta.TransferSyntaxUID)
    shape = (int(made.get("NumberOfFrames", 1) or 1), made.Rows, made.Columns, -1)
    stored = made.pixel_array
    if made.PhotometricInterpretation == "PALETTE COLOR":
        found = apply_color_lut(stored, made)
        return (found if found.dtype == np.uint8 else found >> 8).reshape(shape)
    if int(made.SamplesPerPixel) > 1:
        return stored.reshape(shape)
    if "DoseGridScaling" in made:
        return (stored * float(made.DoseGridScaling)).reshape(shape)
    groups = [*made.get("SharedFunctionalGroupsSequence", []), *made.get("PerFrameFunctionalGroupsSequence", [])]
    if any("PixelValueTransformationSequence" in one for one in groups):
        image = highdicom.Image.from_dataset(made)
        return image.get_frames(apply_modality_transform=True, apply_real_world_transform=False).reshape(shape)
    return _shown(made, apply_modality_lut(stored, made)).reshape(shape)


def _shown(made: Any, values: NDArray[Any]) -> NDArray[Any]:
    if made.PhotometricInterpretation != "MONOCHROME1":
        return values
    low, high = (
        (-(2 ** (made.BitsStored - 1)), 2 ** (made.BitsStored - 1) - 1)
        if made.PixelRepresentation
        else (0, 2**made.BitsStored - 1)
    )
    return apply_modality_lut(np.array([low, high]), made).astype(float).sum() - values.astype(float)


Plane = tuple[NDArray[np.float64], NDArray[np.float64], list[float], float]
"""Axes, first pixel, pixel spacing, distance of slices."""


def _plane(made: Any) -> Plane | None:
    if "PixelSpacing" not in made:
        return None
    between = float(made.get("SpacingBetweenSlices") or made.get("SliceThickness") or 1)
    axes, first = np.array(made.ImageOrientationPatient, float), np.array(made.ImagePositionPatient, float)
    return axes, first, [float(value) for value in made.PixelSpacing], abs(between) or 1.0


def _plane_of_frame(made: Any, frame: int) -> Plane | None:
    own, shared = (list(made.get(f"{one}FunctionalGroupsSequence", [])) for one in ("PerFrame", "Shared"))
    if not own:
        if "GridFrameOffsetVector" not in made or (plane := _plane(made)) is None:
            return None
        normal = np.cross(plane[0][:3], plane[0][3:])
        return plane[0], plane[1] + normal * float(made.GridFrameOffsetVector[frame]), plane[2], plane[3]
    groups = [own[frame], *shared]
    found = [next((one[f"{name}Sequence"][0] for one in groups if f"{name}Sequence" in one), None)
             for name in ("PlaneOrientation", "PlanePosition", "PixelMeasures")]  # fmt: skip
    if None in found:
        return None
    between = float(found[2].get("SpacingBetweenSlices") or found[2].get("SliceThickness") or 1)
    return (np.array(found[0].ImageOrientationPatient, float), np.array(found[1].ImagePositionPatient, float),
            [float(value) for value in found[2].PixelSpacing], between)  # fmt: skip


def _height(plane: Plane | None) -> float:
    assert plane is not None
    return round(float(np.cross(plane[0][:3], plane[0][3:]) @ plane[1]), 3)


def _placed(values: NDArray[Any], planes: list[Plane | None]) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """The values in the order of their height, and the matrix where they lie evenly."""
    known = [plane for plane in planes if plane is not None]
    heights = [_height(plane) for plane in known]
    if len(known) < len(planes) or len(set(heights)) < len(heights):
        return values, None
    order = np.argsort(heights)
    values, known = values[order], [known[place] for place in order]
    axes, first, spacing, between = known[0]
    gaps = np.diff(sorted(heights))
    if len(gaps) and np.ptp(gaps) > 0.05:
        return values, None
    step = (known[-1][1] - first) / len(gaps) if len(gaps) else np.cross(axes[:3], axes[3:]) * between
    matrix = np.eye(4)
    matrix[:3] = np.column_stack((axes[:3] * spacing[1], axes[3:] * spacing[0], step, first))
    return values, matrix
