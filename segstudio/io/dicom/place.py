"""Where the frames of a DICOM file or series lie in the patient (PS3.3 C.7.6.2, C.7.6.16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.grid import Grid
from segstudio.io.dicom.series import header

UNEVEN = 0.02
"""Share of the spacing by which slices may be off an even grid, with a floor of 0.05 mm."""


@dataclass(frozen=True, slots=True)
class Place:
    """`order` is the order of a file's frames along the stack, () where they stay as they are."""

    spacing: tuple[float, float, float] | None = None
    grid: Grid | None = None
    order: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def place_of(first: Any, files: Sequence[Path], frames: int) -> Place:
    """The place of one file with `frames` frames, or of a series of files in their order."""
    if len(files) > 1:
        known = [header(file) for file in files]
        rows = [(one.ImageOrientationPatient, one.ImagePositionPatient) for one in known if one is not None]
        return _even(first, rows, spacing_of(first), ordered=True)
    if frames > 1:
        rows = _frames(first)
        spacing = spacing_of(first)
        return _even(first, rows, spacing, ordered=False) if len(rows) == frames else _flat(spacing)
    if "ImagePositionPatient" in first and "ImageOrientationPatient" in first:
        rows = [(first.ImageOrientationPatient, first.ImagePositionPatient)]
        return _even(first, rows, spacing_of(first), ordered=True)
    return _flat(spacing_of(first))


def _flat(spacing: tuple[float, float, float] | None) -> Place:
    return Place(spacing)


def spacing_of(first: Any) -> tuple[float, float, float] | None:
    """(between slices, between rows, between columns) in mm as far as one frame says it."""
    measures = [item for group in list(first.get("SharedFunctionalGroupsSequence") or [])[:1]
                for item in list(group.get("PixelMeasuresSequence") or [])[:1]]  # fmt: skip
    per_frame = list(first.get("PerFrameFunctionalGroupsSequence") or [])[:1]
    measures += [item for group in per_frame for item in list(group.get("PixelMeasuresSequence") or [])[:1]]
    for found in (first, *measures):
        for name in ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing"):
            values = found.get(name)
            if values is not None and len(values) == 2 and min(float(v) for v in values) > 0:
                between = found.get("SpacingBetweenSlices") or found.get("SliceThickness") or 1.0
                return abs(float(between)) or 1.0, float(values[0]), float(values[1])
    return None


def _frames(first: Any) -> list[tuple[Any, Any]]:
    """(orientation, position) of each frame; [] where one does not say."""
    shared = list(first.get("SharedFunctionalGroupsSequence") or [])[:1]
    rows: list[tuple[Any, Any]] = []
    for group in first.get("PerFrameFunctionalGroupsSequence") or []:
        places = list(group.get("PlanePositionSequence") or [])
        planes = [item for one in (group, *shared) for item in list(one.get("PlaneOrientationSequence") or [])]
        if not places or not planes or "ImagePositionPatient" not in places[0]:
            return []
        rows.append((planes[0].ImageOrientationPatient, places[0].ImagePositionPatient))
    return rows


def _even(
    first: Any, rows: Sequence[tuple[Any, Any]], spacing: tuple[float, float, float] | None, *, ordered: bool
) -> Place:
    """The grid of parallel frames; without one where they are not parallel or not evenly spaced."""
    axes = np.array([[float(v) for v in one] for one, _ in rows], np.float64)
    origins = np.array([[float(v) for v in one] for _, one in rows], np.float64)
    if spacing is None or axes.shape[1:] != (6,) or origins.shape[1:] != (3,) or np.ptp(axes, axis=0).max() > 1e-3:
        return Place(spacing, notes=("Its frames do not lie side by side; their position is left out.",))
    right, down = axes[0, :3], axes[0, 3:]
    heights = origins @ np.cross(right, down)
    order = tuple(int(place) for place in (range(len(rows)) if ordered else np.argsort(heights, kind="stable")))
    origins, heights = origins[list(order)], heights[list(order)]
    step = np.cross(right, down) * spacing[0]
    notes: tuple[str, ...] = ()
    if len(rows) > 1:
        gaps = np.diff(heights)
        between = float(np.median(gaps))
        if between <= 1e-6:
            return Place(spacing, notes=("Several frames lie at one place; their position is left out.",))
        spacing = (between, *spacing[1:])
        if np.abs(gaps - between).max() > max(0.05, UNEVEN * between):
            note = "Slices are missing or not evenly spaced; their position is left out."
            return Place(spacing, order=() if ordered else order, notes=(note,))
        step = (origins[-1] - origins[0]) / (len(rows) - 1)
    matrix: NDArray[np.float64] = np.column_stack((right * spacing[2], down * spacing[1], step, origins[0]))
    try:
        grid = Grid.of("patient", matrix, reference=str(first.get("FrameOfReferenceUID", "")))
    except ValueError:
        return Place(spacing, notes=("Its position in the patient is no valid transform and is left out.",))
    return Place(spacing, grid, () if ordered else order, notes)
