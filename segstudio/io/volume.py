"""Volume: what the readers of NIfTI, NRRD and MetaImage have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo
from segstudio.io.formats import refusal
from segstudio.io.orientation import Affine, Layout, layout
from segstudio.io.reading import Decoded, check_size

NAMES = {1: ("grey",), 3: ("red", "green", "blue")}


@dataclass(frozen=True, slots=True)
class Volume:
    """A file's header: stored `shape` (i, j, k), `channels` of each voxel, `dtype` as read, and `matrix`, 4 x 4, from
    (i, j, k, 1) to LPS in millimetres, or None where the file does not say. `load` gives the voxels (i, j, k,
    channels)."""

    title: str
    shape: tuple[int, int, int]
    channels: int
    dtype: np.dtype[np.generic]
    matrix: Affine | None
    load: Callable[[], NDArray[np.generic]]
    spacing: tuple[float, float, float] | None = None  # along (i, j, k), where there is no matrix
    notes: tuple[str, ...] = ()
    color: bool = False
    names: tuple[str, ...] = ()  # of the channels, where the file has them
    step: float = 0.0  # what values are multiples of (and an intercept) where they were stored scaled; else 0


def decoded(path: Path, volume: Volume, budget: int, *, pixels: bool) -> Decoded:
    """The volume as an image, laid out for the eye (io.orientation). Raises UserError as io.reading.open_image."""
    if volume.dtype.kind not in "uif" or volume.dtype.itemsize > 8:
        raise refusal(path, f"Voxels of type {volume.dtype} cannot be shown.", "Export integers or real numbers.")
    check_size(path, (*volume.shape, volume.channels), volume.dtype.itemsize, budget)
    info, place = _described(volume)
    if not pixels:
        return info, None
    values = np.asarray(volume.load()).reshape(*volume.shape, volume.channels)
    shown = place.apply(values) if place is not None else values.transpose(2, 1, 0, 3)
    wanted = np.dtype(info.dtype)
    return info, np.ascontiguousarray(shown.astype(wanted, copy=False))


def _described(volume: Volume) -> tuple[ImageInfo, Layout | None]:
    place = grid = None
    notes = volume.notes
    shape: tuple[int, ...] = volume.shape[::-1]
    spacing = volume.spacing[::-1] if volume.spacing else None
    if volume.matrix is not None:
        try:
            place = layout(volume.matrix)
            grid = Grid.of("patient", place.matrix(volume.matrix, volume.shape))
        except ValueError:
            place, notes = None, (*notes, "Its position in the patient is no valid transform and is left out.")
        else:
            shape = tuple(volume.shape[axis] for axis in place.axes)
            spacing = grid.spacing
            if place.axes != (2, 1, 0) or any(place.flips):
                notes = (*notes, "Axes are exchanged or mirrored so that slices look as radiologists see them.")
    names = volume.names or NAMES[3] if volume.color or volume.names else NAMES[1] if volume.channels == 1 else ()
    names = names or tuple(f"channel {i + 1}" for i in range(volume.channels))
    info = ImageInfo(
        volume.title, (shape[0], shape[1], shape[2]), volume.channels, names, str(volume.dtype.newbyteorder("=")),
        spacing=spacing, unit="mm" if spacing else "", notes=notes, grid=grid,
    )  # fmt: skip
    return info, place
