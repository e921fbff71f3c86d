"""Several co-registered images as one with their channels: T1 + T2 + FLAIR, colour + infrared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np

from segstudio.core.grid import Grid
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.crs import same
from segstudio.io.orientation import same_grid
from segstudio.io.reading import Reading, open_image

CHANNELS = "segstudio channels"
"""The field of an NRRD file that holds the names of its components, as a JSON list."""

UNPLACED = "segstudio unplaced"
"""The field of an NRRD file whose images did not say where they lie; the library writes a place all the same."""

LONGEST_NAME = 80


def combine(paths: Sequence[Path], folder: Path, budget: int) -> Path:
    """Write the images of all files as one into `folder`, channel after channel, and return the file.

    They must have the same slices, rows and columns, and lie at the same place where more than one says where: nothing
    is resampled. Volumes and images in a patient become NRRD, others (Geo)TIFF; values keep their type if all have the
    same, else one that holds all of them. `budget` bounds the bytes of all pixels. Raises UserError for what does not
    fit together.
    """
    if len(paths) < 2:
        raise UserError("Two images or more are needed to make channels of.")
    readings: list[Reading] = []
    for path in paths:
        readings.append(open_image(path, budget))
        budget -= readings[-1].info.nbytes
    _check(paths, readings)
    dtype = np.result_type(*(reading.pixels.dtype for reading in readings))
    pixels = np.concatenate([reading.pixels.astype(dtype, copy=False) for reading in readings], axis=3)
    names = [name for path, reading in zip(paths, readings, strict=True) for name in _names(path, reading)]
    grid = next((reading.info.grid for reading in readings if reading.info.grid is not None), None)
    spacing = next((reading.info.spacing for reading in readings if reading.info.spacing is not None), None)
    title = "+".join(_stem(path) for path in paths)[:LONGEST_NAME]
    folder.mkdir(parents=True, exist_ok=True)
    patient = grid is not None and grid.frame == "patient"
    target = folder / f"{title}.{'nrrd' if patient or len(pixels) > 1 else 'tif'}"
    with replacing(target) as scratch:
        if target.suffix == ".nrrd":
            _write_nrrd(scratch, pixels, names, grid if patient else None, spacing)
        else:
            _write_tiff(scratch, pixels, names, grid)
    return target


def _check(paths: Sequence[Path], readings: Sequence[Reading]) -> None:
    first = readings[0].info
    for path, reading in zip(paths, readings, strict=True):
        if reading.info.shape != first.shape:
            mine, yours = (" × ".join(map(str, shape)) for shape in (reading.info.shape, first.shape))
            raise UserError(
                f"“{path.name}” does not fit “{paths[0].name}”.", why=f"It has {mine} pixels, the other {yours}.",
                hint="Bring it to the grid of the other first, for instance with 3D Slicer or gdalwarp.",
            )  # fmt: skip
    slices, rows, columns = first.shape
    placed = [(path, reading.info.grid) for path, reading in zip(paths, readings, strict=True) if reading.info.grid]
    for path, grid in placed[1:]:
        other = placed[0][1]
        apart = not same_grid(grid.matrix, other.matrix, (columns, rows, slices))
        if grid.frame != other.frame or apart or not same(grid.crs, other.crs):
            raise UserError(
                f"“{path.name}” does not fit “{placed[0][0].name}”.", why="It lies at another place.",
                hint="Bring it to the grid of the other first, for instance with 3D Slicer or gdalwarp.",
            )  # fmt: skip


def _names(path: Path, reading: Reading) -> list[str]:
    stem = _stem(path)
    return [stem] if reading.info.channels == 1 else [f"{stem} {name}" for name in reading.info.channel_names]


def _stem(path: Path) -> str:
    return path.name.split(".")[0] or path.name


def _write_nrrd(
    path: Path, pixels: np.ndarray, names: Sequence[str], grid: Grid | None, spacing: tuple[float, float, float] | None
) -> None:
    sitk = import_module("SimpleITK")
    image = sitk.GetImageFromArray(pixels, isVector=True)
    if grid is not None:
        steps = np.linalg.norm(grid.matrix[:3, :3], axis=0)
        image.SetSpacing([float(step) for step in steps])
        image.SetOrigin([float(value) for value in grid.matrix[:3, 3]])
        image.SetDirection([float(value) for value in (grid.matrix[:3, :3] / steps).ravel()])
    else:
        image.SetMetaData(UNPLACED, "1")
        image.SetSpacing([float(step) for step in reversed(spacing or (1.0, 1.0, 1.0))])
    image.SetMetaData(CHANNELS, json.dumps(list(names)))
    sitk.WriteImage(image, str(path), useCompression=True)


def _write_tiff(path: Path, pixels: np.ndarray, names: Sequence[str], grid: Grid | None) -> None:
    import warnings

    import rasterio

    from segstudio.io.geo import CENTRE

    _, rows, columns, channels = pixels.shape
    placed = {}
    if grid is not None:
        matrix = grid.matrix @ np.linalg.inv(CENTRE)
        transform = rasterio.Affine(*(float(matrix[i, j]) for i in (0, 1) for j in (0, 1, 3)))
        placed = {"crs": grid.crs or None, "transform": transform}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pictures without a place on a map
        with rasterio.open(
            path, "w", driver="GTiff", width=columns, height=rows, count=channels, dtype=str(pixels.dtype), tiled=True,
            compress="deflate", BIGTIFF="IF_SAFER", photometric="MINISBLACK", interleave="pixel", **placed,
        ) as file:  # fmt: skip
            for number, name in enumerate(names, 1):
                file.write(pixels[0, :, :, number - 1], number)
                file.set_band_description(number, name)
