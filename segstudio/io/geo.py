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
from segstudio.core.ground import spacing_of
from segstudio.core.image import ALPHA, ImageInfo
from segstudio.io import world_file
from segstudio.io.crs import metres
from segstudio.io.reading import Decoded, Pixels, check_size
from segstudio.io.windowed.image import sides

GEOTIFF, JPEG2000 = "GTiff", "JP2OpenJPEG"
"""Readers of GDAL that are used: neither follows a name in the file to another file or to the network."""

CENTRE = np.array([[1, 0, 0, 0.5], [0, 1, 0, 0.5], [0, 0, 1, 0], [0, 0, 0, 1.0]])
"""From centres of pixels to GDAL's corners: its transform has whole numbers at the upper left corner."""

LOCATED = (33550, 33922, 34264, 34735, 50844)
"""TIFF tags of a place on a map: ModelPixelScale, ModelTiepoint, ModelTransformation, GeoKeyDirectory, RPCs."""

RGB = ("red", "green", "blue")

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
            return world_file.located(Path(found.name), place(found, info))
    except (rasterio.errors.RasterioError, ValueError, OSError):
        return replace(info, notes=(*info.notes, "Its place on a map could not be read and is left out."))


def place(found: Any, info: ImageInfo) -> ImageInfo:
    """The info with what an open dataset says of its place on a map."""
    nodata = None if found.nodata is None or np.isnan(found.nodata) else float(found.nodata)
    transform, system = found.transform, found.crs
    if transform.is_identity and found.gcps[0]:
        transform, system = _of_control_points(*found.gcps)
        if transform is None:
            note = f"Its {len(found.gcps[0])} ground control points are on no plane grid; its place is left out."
            return replace(info, nodata=nodata, notes=(*info.notes, note))
    if transform.is_identity:
        told = ("Its place is given by rational polynomials (RPC), which are not used.",) if found.rpcs else ()
        return replace(info, nodata=nodata, notes=(*info.notes, *told))
    a, b, c, d, e, f = (float(v) for v in tuple(transform)[:6])
    matrix = np.array([[a, b, 0, c], [d, e, 0, f], [0, 0, 1, 0], [0, 0, 0, 1.0]]) @ CENTRE
    crs = system.to_wkt() if system is not None else ""
    try:
        grid = Grid.of("map", matrix, crs=crs)
    except ValueError:
        return replace(info, nodata=nodata, notes=(*info.notes, "Its transform is not valid and is left out."))
    spacing, unit = info.spacing, info.unit
    if system is not None:
        spacing = spacing_of(grid, (found.height / 2 - 0.5, found.width / 2 - 0.5), metres(system))
        unit = "m" if spacing else ""
    return replace(info, grid=grid, nodata=nodata, spacing=spacing, unit=unit)


def _of_control_points(points: Any, crs: Any) -> tuple[Any, Any]:
    """The transform through ground control points and their system; (None, None) where they miss it by more than half
    a pixel."""
    from rasterio.errors import RasterioError
    from rasterio.transform import from_gcps

    try:
        transform = from_gcps(points)
        a, b, c, d, e, f = tuple(~transform)[:6]
        missed = max(
            abs(np.array([[a * p.x + b * p.y + c - p.col, d * p.x + e * p.y + f - p.row] for p in points])).flat
        )
    except (RasterioError, ValueError, ArithmeticError):
        return None, None
    return (transform, crs) if missed <= 0.5 else (None, None)


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
    names = tuple(ALPHA if kind.name == "alpha" else kind.name if kind.name in RGB else f"band {i + 1}"
                  for i, kind in enumerate(found.colorinterp))  # fmt: skip
    if channels == 1 or (channels == 2 and names[1] == ALPHA):
        names = ("grey", *names[1:])
    info = ImageInfo("JPEG 2000", (1, int(found.height), int(found.width)), channels, names, str(found.dtypes[0]))
    return place(found, info)
