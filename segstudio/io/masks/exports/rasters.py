"""Masks as TIFF and GeoTIFF, tile by tile, so that size does not matter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import ImageColor

from segstudio.core.classes import ClassTable
from segstudio.core.geometry import Box
from segstudio.io.atomic import replacing
from segstudio.io.geo import CENTRE
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.mask_file import NOTHING_COLOR

TILE = 512

CACHE = 64
"""Megabytes GDAL may keep of a file; by itself it takes a twentieth of the machine's memory."""


def write_tiff(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.tif` for each image, with a page for each slice: pixel value = class id, 255 = nothing known."""
    import tifffile

    written = []
    for subject in subjects:
        path = folder / f"{subject.stem}.tif"
        slices, rows, columns = subject.info.shape
        with replacing(path) as scratch, tifffile.TiffWriter(scratch, bigtiff=slices * rows * columns > 2**31) as file:
            for z in range(slices):
                file.write(
                    _tiles(subject, z), shape=(rows, columns), dtype=np.uint8, tile=(TILE, TILE), compression="zlib",
                    photometric="palette", colormap=_colormap(subject.classes), metadata=None,
                )  # fmt: skip
        written.append(path)
    return written


def write_geotiff(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.tif` for each image with the CRS and transform of the image: pixel value = class id, 255 = no data.

    A Cloud Optimized GeoTIFF (OGC 21-026): tiles and overviews, in an order that viewers can read from afar. GDAL makes
    it from a plain one, which needs as much room on the disk meanwhile.
    """
    import rasterio
    from rasterio.shutil import copy

    written = []
    for subject in subjects:
        path = folder / f"{subject.stem}.tif"
        near = TemporaryDirectory(prefix=".", dir=folder)
        with replacing(path) as scratch, near as nearby, rasterio.Env(GDAL_CACHEMAX=CACHE):
            plain = Path(nearby) / "plain.tif"
            _write_plain(subject, plain)
            copy(
                plain, scratch, driver="COG", compress="deflate", blocksize=TILE, overview_resampling="nearest",
                BIGTIFF="IF_SAFER",
            )  # fmt: skip
        written.append(path)
    return written


def _write_plain(subject: Subject, path: Path) -> None:
    import rasterio
    from rasterio.windows import Window

    grid, (_, rows, columns) = subject.info.grid, subject.info.shape
    assert grid is not None
    matrix = grid.matrix @ np.linalg.inv(CENTRE)
    transform = rasterio.Affine(*(float(matrix[i, j]) for i in (0, 1) for j in (0, 1, 3)))
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="uint8", tiled=True, blockxsize=TILE,
        blockysize=TILE, compress="deflate", zlevel=1, BIGTIFF="IF_SAFER", nodata=255, crs=grid.crs or None,
        transform=transform,
    ) as file:  # fmt: skip
        file.write_colormap(1, {i: (*color, 255) for i, color in enumerate(_palette(subject.classes))})
        for box in _boxes(rows, columns, 0):
            file.write(subject.read(box), 1, window=Window(box.left, box.top, box.width, box.height))


def _boxes(rows: int, columns: int, z: int) -> Iterator[Box]:
    for top in range(0, rows, TILE):
        for left in range(0, columns, TILE):
            yield Box(z, top, left, min(top + TILE, rows), min(left + TILE, columns))


def _tiles(subject: Subject, z: int) -> Iterator[NDArray[np.uint8]]:
    for box in _boxes(*subject.info.shape[1:], z):
        tile = np.zeros((TILE, TILE), np.uint8)
        tile[: box.height, : box.width] = subject.read(box)
        yield tile


def _palette(classes: ClassTable) -> list[tuple[int, int, int]]:
    colors = [(0, 0, 0)] * 255 + [NOTHING_COLOR]
    for entry in classes:
        colors[entry.id] = ImageColor.getrgb(entry.color)[:3]
    return colors


def _colormap(classes: ClassTable) -> NDArray[np.uint16]:
    """(3, 256), 16 bits, as TIFF has it."""
    return np.array(_palette(classes), np.uint16).T * np.uint16(257)
