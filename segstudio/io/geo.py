"""Where a picture lies on a map, and JPEG 2000: rasterio (GDAL) with everything shut that could lead elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.geometry import Box
from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo
from segstudio.io.reading import Decoded, Pixels, check_size
from segstudio.io.windowed.image import sides

GEOTIFF, JPEG2000 = "GTiff", "JP2OpenJPEG"
"""Readers of GDAL that are used: neither follows a name in the file to another file or to the network."""

CENTRE = np.array([[1, 0, 0, 0.5], [0, 1, 0, 0.5], [0, 0, 1, 0], [0, 0, 0, 1.0]])
"""From centres of pixels to GDAL's corners: its transform has whole numbers at the upper left corner."""

LOCATED = (33550, 33922, 34264, 34735)
"""TIFF tags of a place on a map: ModelPixelScale, ModelTiepoint, ModelTransformation, GeoKeyDirectory."""

NODATA = 42113
"""GDAL's TIFF tag of the value that means nothing."""


@contextmanager
def dataset(path: Path, driver: str) -> Iterator[Any]:
    """A file, opened by one of the drivers; its neighbours in the folder are not looked at."""
    import rasterio

    with (
        warnings.catch_warnings(),
        rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_PAM_ENABLED="NO", VRT_SHARED_SOURCE="0"),
        _opened(rasterio, path, driver) as found,
    ):
        yield found


def _opened(rasterio: Any, path: Path, driver: str) -> Any:
    warnings.simplefilter("ignore")  # of files without a place on a map
    return rasterio.open(path, driver=driver)


def located(path: Path, info: ImageInfo) -> ImageInfo:
    """The info with the grid, the spacing and the nodata value that GDAL finds in the file."""
    import rasterio.errors

    try:
        with dataset(path, GEOTIFF) as found:
            return place(found, info)
    except (rasterio.errors.RasterioError, ValueError, OSError):
        return replace(info, notes=(*info.notes, "Its place on a map could not be read and is left out."))


def place(found: Any, info: ImageInfo) -> ImageInfo:
    """The info with what an open dataset says of its place on a map."""
    nodata = None if found.nodata is None or np.isnan(found.nodata) else float(found.nodata)
    transform = found.transform
    if transform.is_identity and found.crs is None:
        return replace(info, nodata=nodata)
    a, b, c, d, e, f = (float(v) for v in tuple(transform)[:6])
    matrix = np.array([[a, b, 0, c], [d, e, 0, f], [0, 0, 1, 0], [0, 0, 0, 1.0]]) @ CENTRE
    crs = found.crs.to_wkt() if found.crs is not None else ""
    try:
        grid = Grid.of("map", matrix, crs=crs)
    except ValueError:
        return replace(info, nodata=nodata, notes=(*info.notes, "Its transform is not valid and is left out."))
    spacing, unit = info.spacing, info.unit
    if found.crs is not None and found.crs.is_projected:
        metres = float(found.crs.linear_units_factor[1])
        spacing, unit = (1.0, grid.spacing[1] * metres, grid.spacing[2] * metres), "m"
    elif found.crs is not None:
        spacing, unit = None, ""  # degrees are no lengths
    return replace(info, grid=grid, nodata=nodata, spacing=spacing, unit=unit)


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """A JPEG 2000 picture, bands as channels."""
    with dataset(path, JPEG2000) as found:
        info = _info(found)
        check_size(path, (*info.shape, info.channels), np.dtype(info.dtype).itemsize, budget)
        if not pixels:
            return info, None
        return info, np.ascontiguousarray(found.read().transpose(1, 2, 0)[None])


def opened(path: Path, budget: int) -> GdalWindows | None:
    """A JPEG 2000 picture, to be read by window."""
    return GdalWindows(path)


class GdalWindows:
    """Windows of a file that GDAL reads; its resolutions are the coarse levels."""

    def __init__(self, path: Path) -> None:
        self._context = dataset(path, JPEG2000)
        self._file = self._context.__enter__()
        self.info = _info(self._file)
        powers = [f for f in self._file.overviews(1) if f > 1 and f & (f - 1) == 0]
        self.factors = (1, *powers)
        rows, columns = self._file.block_shapes[0]
        self.block = (int(rows), int(columns))

    def read(self, z: int, level: int, box: Box) -> Pixels:
        from rasterio.windows import Window

        factor = self.factors[level]
        rows, columns = sides(self.info, factor)
        bottom, right = min(box.bottom, rows), min(box.right, columns)
        full = self.info.shape
        window = Window(
            box.left * factor, box.top * factor, min(right * factor, full[2]) - box.left * factor,
            min(bottom * factor, full[1]) - box.top * factor,
        )  # fmt: skip
        shape = (self.info.channels, bottom - box.top, right - box.left)
        return np.ascontiguousarray(self._file.read(window=window, out_shape=shape).transpose(1, 2, 0))

    def close(self) -> None:
        self._context.__exit__(None, None, None)


def _info(found: Any) -> ImageInfo:
    channels = int(found.count)
    names = {1: ("grey",), 3: ("red", "green", "blue")}.get(channels, tuple(f"band {i + 1}" for i in range(channels)))
    info = ImageInfo("JPEG 2000", (1, int(found.height), int(found.width)), channels, names, str(found.dtypes[0]))
    return place(found, info)
