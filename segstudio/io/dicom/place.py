"""Where the frames of a DICOM file or series lie in the patient (PS3.3 C.7.6.2, C.7.6.16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.grid import Grid
from segstudio.io.dicom.calibration import Spacing, calibration_of
from segstudio.io.dicom.groups import group

UNEVEN = 0.02
"""Share of the spacing by which slices may be off an even grid, with a floor of 0.05 mm."""

Plane = tuple[Any, Any]
"""Image Orientation (Patient) and Image Position (Patient) of a frame."""


@dataclass(frozen=True, slots=True, eq=False)
class SlicePlace:
    """`grid` is the place of all slices together where they lie evenly. `order` is the order of a file's frames along
    the stack, () where they stay as they are. `planes` has for each slice as shown the 4 x 4 matrix from (column, row,
    mm above the plane, 1) to LPS in mm, also where slices are missing; None where frames do not say where they lie."""

    spacing: Spacing | None = None
    grid: Grid | None = None
    order: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    planes: NDArray[np.float64] | None = None


def place_of(headers: Sequence[Any], frames: int) -> SlicePlace:
    """The place of one file with `frames` frames, or of a series of files in their order."""
    first = headers[0]
    found = calibration_of(first)
    rows = [_plane(one) for one in headers] if len(headers) > 1 else _frames(first, frames)
    known = [row for row in rows if row is not None]
    if len(known) < len(rows) or not known:
        return SlicePlace(found.spacing, notes=found.notes)
    return _laid(first, known, found.spacing, found.notes, ordered=len(headers) > 1 or frames == 1)


def _plane(header: Any, frame: int = 0) -> Plane | None:
    """The plane of a frame: of its functional groups, else of the file."""
    places = [group(header, f"Plane{what}Sequence", frame) for what in ("Orientation", "Position")]
    axes, origin = (
        (header if place is None else place).get(f"Image{what}Patient")
        for place, what in zip(places, ("Orientation", "Position"), strict=True)
    )
    return None if axes is None or origin is None or len(axes) != 6 or len(origin) != 3 else (axes, origin)


def _frames(header: Any, frames: int) -> list[Plane | None]:
    if frames == 1 or header.get("PerFrameFunctionalGroupsSequence"):
        return [_plane(header, frame) for frame in range(frames)]
    offsets = header.get("GridFrameOffsetVector")  # of a dose: along the normal, from the first frame (PS3.3 C.8.8.3.2)
    plane = _plane(header)
    if offsets is None or plane is None or len(offsets) != frames:
        return [None]
    axes, origin = np.array(plane[0], np.float64), np.array(plane[1], np.float64)
    normal = np.cross(axes[:3], axes[3:])
    heights = np.array(offsets, np.float64)  # relative, or the places themselves
    return [(axes, origin + normal * height) for height in heights - heights[0]]


def _laid(
    first: Any, rows: Sequence[Plane], spacing: Spacing | None, notes: tuple[str, ...], *, ordered: bool
) -> SlicePlace:
    """The grid of parallel frames; without one where they are not parallel or not evenly spaced."""
    axes = np.array([[float(v) for v in one] for one, _ in rows], np.float64)
    origins = np.array([[float(v) for v in one] for _, one in rows], np.float64)
    sizes = {_size(first, frame) for frame in range(len(rows))} if not ordered else set()
    if spacing is None or len(sizes) > 1 or not np.isfinite(axes).all() or np.abs(axes - axes[0]).max() > 1e-3:
        return SlicePlace(spacing, notes=(*notes, "Its frames do not lie side by side; their position is left out."))
    right, down = axes[0, :3], axes[0, 3:]
    normal = np.cross(right, down)
    heights = origins @ normal
    order = tuple(int(place) for place in (range(len(rows)) if ordered else np.argsort(heights, kind="stable")))
    origins, heights = origins[list(order)], heights[list(order)]
    shown = () if ordered else order
    planes = np.tile(np.eye(4), (len(rows), 1, 1))
    planes[:, :3, :3] = np.column_stack((right * spacing[2], down * spacing[1], normal))
    planes[:, :3, 3] = origins
    step = normal * spacing[0]
    if len(rows) > 1:
        gaps = np.diff(heights)
        between = float(np.median(gaps))
        if between <= 1e-6:
            return SlicePlace(spacing, notes=(*notes, "Several frames lie at one place; their position is left out."))
        spacing = (between, *spacing[1:])
        if np.abs(gaps - between).max() > max(0.05, UNEVEN * between):
            note = "Slices are missing or not evenly spaced; their position is left out."
            return SlicePlace(spacing, None, shown, (*notes, note), planes)
        step = (origins[-1] - origins[0]) / (len(rows) - 1)
    matrix: NDArray[np.float64] = np.column_stack((right * spacing[2], down * spacing[1], step, origins[0]))
    try:
        grid = Grid.of("patient", matrix, reference=str(first.get("FrameOfReferenceUID") or ""))
    except ValueError:
        return SlicePlace(spacing, notes=(*notes, "Its position in the patient is no valid transform and is left out."))
    return SlicePlace(spacing, grid, shown, notes, planes)


def _size(header: Any, frame: int) -> tuple[float, ...]:
    """The pixel size of a frame, to see whether all have the same."""
    found = group(header, "PixelMeasuresSequence", frame)
    return () if found is None else tuple(float(value) for value in found.get("PixelSpacing") or ())
