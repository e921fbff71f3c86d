"""TIFF and BigTIFF, through tifffile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.reading import Pixels, Reading, check_size

PAGES = 100_000
"""Pages a file may have."""


def probe(path: Path, budget: int) -> ImageInfo:
    """Shape, channels and dtype from the header."""
    with tifffile.TiffFile(path, _multifile=False) as file:
        return _plan(path, file, budget)[0]


def read(path: Path, budget: int) -> Reading:
    """Decode the first series. Pages of one shape are slices; samples, planes and channel axes are channels."""
    with tifffile.TiffFile(path, _multifile=False) as file:
        info, series, order = _plan(path, file, budget)
        _check_offsets(path, series)
        raw = series.asarray(maxworkers=1)
    pixels = np.asarray(raw).reshape([n for n in series.shape if n != 0])
    pixels = _arrange(pixels, order, info)
    page = series.keyframe
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None and pixels.shape[3] == 1:
        pixels = (np.asarray(page.colormap).T >> 8).astype(np.uint8)[pixels[..., 0]]
    elif page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and pixels.dtype.kind in "bu":
        pixels = ~pixels if pixels.dtype == bool else np.iinfo(pixels.dtype).max - pixels
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype == np.float16:
        pixels = pixels.astype(np.float32)
    if not pixels.dtype.isnative:
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    slices, rows, columns, channels = pixels.shape
    names = info.channel_names if len(info.channel_names) == channels else _names(channels, color=channels in (3, 4))
    shape = (slices, rows, columns)
    return Reading(
        ImageInfo(info.format, shape, channels, names, str(pixels.dtype), info.spacing, info.unit, notes=info.notes),
        np.ascontiguousarray(pixels),
    )


def _plan(path: Path, file: tifffile.TiffFile, budget: int) -> tuple[ImageInfo, tifffile.TiffPageSeries, str]:
    """What will be read: the first series, and what each of its axes means ("z", "y", "x", "c")."""
    if not file.series:
        raise UserError(f"“{path.name}” could not be opened.", why="It holds no image.")
    series = file.series[0]
    dtype = np.dtype(series.dtype) if series.dtype is not None else None
    if dtype is None or dtype.kind not in "buif" or dtype.itemsize > 8:
        raise UserError(
            f"“{path.name}” could not be opened.",
            why=f"Pixels of type {dtype or 'unknown'} cannot be shown as an image.",
            hint="Export it as integers or real numbers (for complex data: the magnitude).",
        )
    shape, axes = tuple(int(n) for n in series.shape), series.axes.upper()
    order = "".join("y" if a == "Y" else "x" if a == "X" else "c" if a in "SC" else "z" for a in axes)
    if "y" not in order or "x" not in order:
        raise UserError(f"“{path.name}” could not be opened.", why=f"Its axes “{series.axes}” are not an image's.")
    check_size(path.name, shape, dtype.itemsize, budget)
    page = series.keyframe
    block = int(np.prod([int(n) for n in page.chunks])) * dtype.itemsize if page.chunks else 0
    check_size(path.name, (max(block, 1),), 1, budget)
    sizes = {kind: int(np.prod([n for n, k in zip(shape, order, strict=True) if k == kind])) for kind in "zyxc"}
    notes = [] if len(file.series) == 1 else [f"Only the first of {len(file.series)} images in the file is shown."]
    channels = sizes["c"]
    color = page.photometric in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR) and channels in (3, 4)
    spacing, unit = _spacing(page)
    info = ImageInfo(
        "TIFF", (sizes["z"], sizes["y"], sizes["x"]), channels, _names(channels, color=color),
        str(dtype.newbyteorder("=")), spacing, unit, notes=tuple(notes),
    )  # fmt: skip
    return info, series, order


def _check_offsets(path: Path, series: tifffile.TiffPageSeries) -> None:
    """Every strip and tile must lie inside the file; tifffile would read zeros for what is missing."""
    size = path.stat().st_size
    for index, page in enumerate(series.pages):
        if index >= PAGES:
            raise UserError(f"“{path.name}” could not be opened.", why=f"It has more than {PAGES:,} pages.")
        if page is None:
            continue
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False):
            if offset + count > size:
                raise UserError(
                    f"“{path.name}” could not be opened.",
                    why="The file ends too early: part of the image is missing.",
                    hint="Copy it again from where it came.",
                )


def _arrange(pixels: Pixels, order: str, info: ImageInfo) -> Pixels:
    """To (slices, rows, columns, channels)."""
    axes = [i for kind in "zyxc" for i, found in enumerate(order) if found == kind]
    return pixels.transpose(axes).reshape((*info.shape, info.channels))


def _names(channels: int, *, color: bool) -> tuple[str, ...]:
    if color:
        return ("red", "green", "blue", "alpha")[:channels]
    return ("grey",) if channels == 1 else tuple(f"channel {i + 1}" for i in range(channels))


def _spacing(page: tifffile.TiffPage) -> tuple[tuple[float, float, float] | None, str]:
    """Pixel size in millimetres from the resolution tags, where they name a real unit and are not a screen's."""
    per_unit = {2: 25.4, 3: 10.0}.get(int(getattr(page, "resolutionunit", 1) or 1))
    columns, rows = getattr(page, "resolution", (0, 0)) or (0, 0)
    if per_unit is None or not 100 < columns < 1e7 or not 100 < rows < 1e7 or columns in (300, 600):
        return None, ""
    return (1.0, per_unit / rows, per_unit / columns), "mm"
