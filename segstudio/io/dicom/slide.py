"""Whole slides in DICOM: frames that are tiles of one large picture (PS3.3 C.7.6.17.3 and C.8.12.14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.io.formats import refusal
from segstudio.io.reading import Pixels

KEPT = 96 * 2**20
"""Bytes of decoded tiles that are kept: neighbouring windows share them."""
MOST = 2**20
"""Pixels along a side below which a slide is believed: a glass of 75 mm at 0.1 µm has 750,000."""
HINT = "Copy or export it again."


@dataclass(frozen=True, slots=True)
class Tiling:
    """`shape` is (focal planes, rows, columns) of the whole, `tile` (rows, columns) of a frame; `where` has a row
    (optical path, focal plane, top, left) for each frame."""

    shape: tuple[int, int, int]
    tile: tuple[int, int]
    paths: int
    where: NDArray[np.int64]


def tiling_of(path: Path, header: Any) -> Tiling | None:
    """Where the frames of a tiled image lie; None for images that are not tiled, and for segmentations.

    Frames without a place of their own (TILED_FULL) go along the rows, then down, then through the focal planes, then
    through the optical paths. Raises UserError where the places do not fit the picture.
    """
    size = int(header.get("TotalPixelMatrixRows", 0) or 0), int(header.get("TotalPixelMatrixColumns", 0) or 0)
    tile = int(header.get("Rows", 0) or 0), int(header.get("Columns", 0) or 0)
    if min(*size, *tile) < 1 or header.get("Modality") == "SEG":
        return None
    if max(size) >= MOST:
        raise refusal(path, f"Its header says {size[0]:,} × {size[1]:,} pixels.", HINT)
    groups = list(header.get("PerFrameFunctionalGroupsSequence") or [])
    full = header.get("DimensionOrganizationType") == "TILED_FULL" or not groups
    found = _in_order(header, size, tile) if full else _one_by_one(groups)
    frames = int(header.get("NumberOfFrames", 1) or 1)
    inside = (found[:, 2:] >= 0) & (found[:, 2:] < size)
    if len(found) != frames or not inside.all():
        raise refusal(path, f"Its {frames:,} tiles do not make the {size[0]:,} × {size[1]:,} pixels it promises.", HINT)
    paths, planes = (int(n) + 1 for n in found[:, :2].max(axis=0))
    return Tiling((planes, *size), tile, paths, found)


def _in_order(header: Any, size: tuple[int, ...], tile: tuple[int, int]) -> NDArray[np.int64]:
    frames = int(header.get("NumberOfFrames", 1) or 1)
    paths = int(header.get("NumberOfOpticalPaths", 0) or len(header.get("OpticalPathSequence") or ()) or 1)
    planes = int(header.get("TotalPixelMatrixFocalPlanes", 1) or 1)
    down, across = (-(-side // step) for side, step in zip(size, tile, strict=True))
    if paths * planes * down * across != frames:
        return np.empty((0, 4), np.int64)
    grid = np.indices((paths, planes, down, across), np.int64).reshape(4, -1).T
    return np.asarray(grid * (1, 1, *tile), np.int64)


def _one_by_one(groups: list[Any]) -> NDArray[np.int64]:
    """The places that the frames name; focal planes in the order of their height, paths of their identifiers."""
    rows = []
    for group in groups:
        place = group.PlanePositionSlideSequence[0]
        path = next(iter(group.get("OpticalPathIdentificationSequence") or ()), None)
        rows.append((
            str(path.OpticalPathIdentifier) if path is not None else "",
            float(place.get("ZOffsetInSlideCoordinateSystem", 0.0) or 0.0),
            int(place.RowPositionInTotalImagePixelMatrix) - 1,
            int(place.ColumnPositionInTotalImagePixelMatrix) - 1,
        ))  # fmt: skip
    names, heights, tops, lefts = zip(*rows, strict=True)
    ranks = [np.unique(np.array(found), return_inverse=True)[1] for found in (names, heights)]
    return np.column_stack((*ranks, tops, lefts)).astype(np.int64)


def filled(tiling: Tiling, info: ImageInfo, z: int, box: Box, frame: Callable[[int], Pixels]) -> Pixels:
    """Pixels (rows, columns, channels) of a box of one focal plane; `frame` gives the pixels of a frame by its number.

    What no tile covers is white in colour, else 0.
    """
    tall, wide = tiling.tile
    samples = info.channels // tiling.paths
    blank = 255 if samples == 3 and info.dtype == "uint8" else 0
    out = np.full((box.height, box.width, info.channels), blank, info.dtype)
    _, plane, top, left = tiling.where.T
    seen = (plane == z) & (top < box.bottom) & (top + tall > box.top) & (left < box.right) & (left + wide > box.left)
    for number in np.flatnonzero(seen):
        path, _, top, left = (int(n) for n in tiling.where[number])
        part = Box(0, top, left, top + tall, left + wide).intersect(box)
        values = frame(int(number)).reshape(tall, wide, samples)
        out[
            part.top - box.top : part.bottom - box.top,
            part.left - box.left : part.right - box.left,
            path * samples : (path + 1) * samples,
        ] = values[part.top - top : part.bottom - top, part.left - left : part.right - left]
    return out


@dataclass(frozen=True, slots=True)
class SlideLevel:
    """A file of a slide: its tiles, and what decodes a frame by its number."""

    tiling: Tiling
    frame: Callable[[int], Pixels]
    close: Callable[[], None]


class SlideWindows:
    """Windows of a slide: only the tiles that are asked for are decoded. Smaller copies of it that lie beside it in
    files of their own are its coarse levels."""

    def __init__(self, info: ImageInfo, levels: dict[int, SlideLevel]) -> None:
        self.info, self._levels = info, levels
        self.factors = tuple(sorted(levels))
        self.block = levels[1].tiling.tile

    def read(self, z: int, level: int, box: Box) -> Pixels:
        found = self._levels[self.factors[level]]
        return filled(found.tiling, self.info, z, box, found.frame)

    def close(self) -> None:
        for level in self._levels.values():
            level.close()


def level_of(path: Path, tiling: Tiling, shown: Callable[[Callable[[], Pixels]], Pixels]) -> SlideLevel:
    """A file, opened; `shown` makes pixels as they are shown from what decodes those of a frame as stored."""
    from highdicom.io import ImageFileReader

    reader = ImageFileReader(path)
    reader.open()
    size = int(np.prod(tiling.tile)) * 4

    @lru_cache(max(1, KEPT // size))
    def frame(number: int) -> Pixels:
        return shown(lambda: np.asarray(reader.read_frame(number, correct_color=False)))

    return SlideLevel(tiling, frame, reader.close)
