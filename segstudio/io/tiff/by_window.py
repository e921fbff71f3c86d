"""TIFF and BigTIFF by window: only the strips and tiles that are asked for are decoded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.io.reading import Pixels
from segstudio.io.tiff.measured import MASK, Told
from segstudio.io.tiff.reader import TiffPlan, plan_of, shown
from segstudio.io.windowed.image import sides
from segstudio.io.windowed.npy import RawWindows

KEPT = 96 * 2**20
"""Bytes of decoded strips and tiles that are kept: neighbouring windows share them."""
ANY = 2**62
MASKS = -1_000_000
"""From where on masks are numbered among the pages."""


def opened(path: Path, budget: int) -> TiffWindows | RawWindows | None:
    """The file, to be read by window; None for layouts that need the whole of it.

    Those are: turned images, 3-D tiles, strips or tiles of more than `budget` bytes, and pages that tifffile
    derives from one another. Uncompressed values in one piece are read without tifffile.
    """
    file: tifffile.TiffFile | None = tifffile.TiffFile(path, _multifile=False)
    assert file is not None
    try:
        plan = plan_of(path, file, ANY, indices=False)
        page: Any = plan.series.keyframe
        if plan.turn == 1:
            if plan.series.dataoffset is not None and _plain(plan, page):
                return _raw(path, file, plan)
            leading = plan.series.shape[: len(plan.series.shape) - len(page.shape)]
            pages = len(plan.series.pages)
            block = prod(int(n) for n in page.chunks) * np.dtype(plan.series.dtype).itemsize
            if pages == prod(leading) and page.shaped[1] == 1 and block <= budget:
                found, file = TiffWindows(path, file, plan), None
                return found
        return None
    finally:
        if file is not None:
            file.close()


def _plain(plan: TiffPlan, page: Any) -> bool:
    """Whether the values lie in the file as they are shown, in the order (slices, rows, columns, channels)."""
    bits = np.dtype(plan.series.dtype).itemsize * 8
    return (
        not plan.color
        and plan.told == Told(None, alpha=plan.told.alpha)
        and int(page.bitspersample) == bits
        and plan.order == "".join(sorted(plan.order, key="zyxc".index))
    )


def _raw(path: Path, file: tifffile.TiffFile, plan: TiffPlan) -> RawWindows | None:
    shape = (*plan.info.shape, plan.info.channels)
    stored = np.dtype(plan.series.dtype).newbyteorder(file.byteorder)
    offset = int(plan.series.dataoffset or 0)
    if offset + prod(shape) * stored.itemsize > path.stat().st_size:
        return None  # reading the whole says what is missing
    return RawWindows(path, plan.info, stored, offset)


class Beside:
    """The overviews that GDAL keeps in a file beside an image (.ovr), as levels; none where there is no such file."""

    def __init__(self, path: Path, plan: TiffPlan) -> None:
        self._file: tifffile.TiffFile | None = None
        self.levels: list[Any] = []
        beside = path.with_name(path.name + ".ovr")
        if len(plan.series.pages) > 1 or not beside.is_file():
            return
        try:
            self._file = tifffile.TiffFile(beside, _multifile=False)
            found: list[Any] = list(self._file.pages)
        except (OSError, ValueError, tifffile.TiffFileError):
            return  # the image itself is whole
        self.levels = [TiffLevel(page, (page,)) for page in found if not int(page.subfiletype or 0) & MASK]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


@dataclass(frozen=True, slots=True)
class TiffLevel:
    """A reduced image, as tifffile's series have them."""

    keyframe: Any
    pages: tuple[Any, ...]


class TiffWindows:
    """Windows of a tiled or striped file; overviews inside it (SubIFDs, COG) or beside it are its coarse levels."""

    def __init__(self, path: Path, file: tifffile.TiffFile, plan: TiffPlan) -> None:
        self._path, self._file, self._plan = path, file, plan
        self.info = plan.info
        self._beside = Beside(path, plan)
        self._levels = dict(sorted((_levels(plan, self._beside.levels) | _levels(plan, plan.series.levels)).items()))
        self.factors = tuple(self._levels)
        page: Any = plan.series.keyframe
        self.block = _block(page)
        self._kept: OrderedDict[tuple[int, int, int], NDArray[np.generic]] = OrderedDict()
        self._bytes = 0
        lead = plan.series.shape[: len(plan.series.shape) - len(page.shape)]
        order = plan.order[: len(lead)]
        numbers = np.arange(prod(lead)).reshape(lead)
        axes = [i for kind in "zc" for i, found in enumerate(order) if found == kind]
        self._pages = numbers.transpose(axes).reshape(plan.sizes["z"], -1)  # (slices, channels in pages of their own)

    def read(self, z: int, level: int, box: Box) -> Pixels:
        pages = self._levels[self.factors[level]].pages
        parts = [self._page(level, int(number), pages[int(number)], box) for number in self._pages[z]]
        return np.asarray(shown(np.concatenate(parts, axis=2)[None], self._plan, self._measured(level, box))[0])

    def close(self) -> None:
        self._plan.told.close()
        self._beside.close()
        self._file.close()

    def _measured(self, level: int, box: Box) -> NDArray[np.bool_] | None:
        """What the mask says of a box of a level (rows, columns): the mask of that size, else the nearest pixels of the
        whole one."""
        masks = self._plan.told.masks
        if not masks:
            return None
        factor, (rows, columns) = self.factors[level], sides(self.info, self.factors[level])
        own = next((number for number, one in enumerate(masks) if one.shape[:2] == (rows, columns)), 0)
        if masks[own].shape[:2] == (rows, columns):
            return np.asarray(self._page(level, MASKS + own, masks[own], box)[..., 0] != 0)
        _, height, width = self.info.shape
        whole = Box(0, box.top * factor, box.left * factor, min(box.bottom * factor, height),
                    min(box.right * factor, width))  # fmt: skip
        return np.asarray(self._page(0, MASKS, masks[0], whole)[::factor, ::factor, 0] != 0)

    def _page(self, level: int, number: int, page: Any, box: Box) -> Pixels:
        """Values (rows, columns, samples) of a page as stored, whatever its planar configuration."""
        keyframe = page.keyframe
        planes, _, rows, columns, samples = keyframe.shaped
        tall, wide = _block(keyframe)
        across, down = -(-columns // wide), -(-rows // tall)
        out = np.zeros((box.height, box.width, planes * samples), keyframe.dtype)
        bottom, right = min(box.bottom, rows), min(box.right, columns)  # an overview may be cut where it is halved
        for plane in range(planes):
            for row in range(box.top // tall, -(-bottom // tall)):
                for column in range(box.left // wide, -(-right // wide)):
                    index = (plane * down + row) * across + column
                    found = self._segment(level, number, page, index)
                    area = Box(
                        0, row * tall, column * wide, row * tall + found.shape[0], column * wide + found.shape[1]
                    )
                    part = area.intersect(box)
                    if not part.empty:
                        out[
                            part.top - box.top : part.bottom - box.top,
                            part.left - box.left : part.right - box.left,
                            plane * samples : (plane + 1) * samples,
                        ] = found[
                            part.top - area.top : part.bottom - area.top, part.left - area.left : part.right - area.left
                        ]
        if bottom < box.bottom and bottom > box.top:
            out[bottom - box.top :] = out[bottom - box.top - 1]
        if right < box.right and right > box.left:
            out[:, right - box.left :] = out[:, right - box.left - 1][:, None]
        return out

    def _segment(self, level: int, number: int, page: Any, index: int) -> NDArray[np.generic]:
        """A strip or tile, (rows, columns, samples), kept for the next window."""
        key = level, number, index
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        found = self._decoded(page, index)
        self._kept[key] = found
        self._bytes += found.nbytes
        while self._bytes > KEPT and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return found

    def _decoded(self, page: Any, index: int) -> NDArray[np.generic]:
        keyframe = page.keyframe
        offset, count = page.dataoffsets[index], page.databytecounts[index]
        handle = page.parent.filehandle  # masks and levels may lie in a file beside
        if offset + count > handle.size:
            raise EOFError("unexpected end of file")
        data = None
        if count:  # a count of 0 is a tile left out on purpose
            handle.seek(offset)
            data = handle.read(count)
        tables = {}
        if int(keyframe.compression) in (6, 7, 34892, 33007):
            tables = {"jpegtables": page.jpegtables, "jpegheader": keyframe.jpegheader}
        segment, _, shape = keyframe.decode(data, index, **tables)
        if segment is None:
            return np.full(shape[1:], keyframe.nodata, keyframe.dtype)
        return np.asarray(segment[0, : shape[1], : shape[2]])


def _levels(plan: TiffPlan, levels: Sequence[Any]) -> dict[int, Any]:
    """Levels by their reduction: those of equal meaning that are 1/2, 1/4, ... as wide and as tall."""
    page: Any = plan.series.keyframe
    found: dict[int, Any] = {}
    for level in levels:
        other: Any = level.keyframe
        factor = round(page.shaped[2] / max(1, other.shaped[2]))
        rows, columns = sides(plan.info, factor) if factor else (0, 0)
        fits = abs(other.shaped[2] - rows) <= 1 and abs(other.shaped[3] - columns) <= 1
        same = (page.dtype, page.photometric, page.shaped[0], page.shaped[4]) == (
            other.dtype, other.photometric, other.shaped[0], other.shaped[4]
        )  # fmt: skip
        if fits and same and factor & (factor - 1) == 0 and len(level.pages) == len(plan.series.pages):
            found.setdefault(factor, level)
    return dict(sorted(found.items()))


def _block(page: Any) -> tuple[int, int]:
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    return min(int(page.rowsperstrip), int(page.imagelength)), int(page.imagewidth)
