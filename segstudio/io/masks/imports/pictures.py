"""Class ids from pictures: indexed PNG, TIFF and GeoTIFF, one for each image or slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.names import files_of
from segstudio.io.orientation import same_grid
from segstudio.io.reading import open_image, open_values


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The masks of an image from a file, or from the file of the same stem in a folder.

    Values are class ids, 255 is "nothing known"; the palette gives the colours. A volume has `STEM_z0001.png`,
    `STEM_z0002.png` ..., or one TIFF with a page for each slice. A GeoTIFF must lie where the image lies.
    """
    files = _files(path, name, info)
    if not files:
        return None
    parts: list[NDArray[np.uint8]] = []
    classes: dict[int, LabelClass] = {}
    for file in files:
        values = open_values(file)
        if values.shape[3] != 1 or values.dtype.kind not in "bui":
            raise UserError(
                f"“{file.name}” holds no class ids.", why="It is a colour picture.", hint="Use indexed PNG."
            )
        if int(values.max()) > NOTHING or int(values.min()) < 0:
            raise UserError(f"“{file.name}” holds no class ids.", why="It has values above 255.")
        parts.append(values[..., 0].astype(np.uint8))
        classes |= _classes(file, parts[-1])
    mask = np.concatenate(parts)
    if mask.shape != info.shape:
        raise UserError(
            f"“{files[0].name}” does not fit “{name}”.",
            why=f"It has {' × '.join(map(str, mask.shape))} pixels, the image {' × '.join(map(str, info.shape))}.",
        )
    _check_place(files[0], name, info)
    return Labels(mask, tuple(classes[key] for key in sorted(classes)))


def _files(path: Path, name: str, info: ImageInfo) -> list[Path]:
    return [path] if path.is_file() else files_of(path, name, info.shape[0], (".png", ".tif", ".tiff"))


def _classes(path: Path, mask: NDArray[np.uint8]) -> dict[int, LabelClass]:
    colors: list[int] = []
    if path.suffix.lower() == ".png":
        with Image.open(path) as picture:
            colors = picture.getpalette() or []
    found = {}
    for value in (int(v) for v in np.unique(mask) if v != NOTHING):
        rgb = colors[3 * value : 3 * value + 3]
        found[value] = LabelClass(value, "", "#{:02x}{:02x}{:02x}".format(*rgb) if len(rgb) == 3 else "")
    return found


def _check_place(path: Path, name: str, info: ImageInfo) -> None:
    if path.suffix.lower() not in (".tif", ".tiff") or info.grid is None:
        return
    grid = open_image(path).info.grid
    slices, rows, columns = info.shape
    if grid is not None and not same_grid(grid.matrix, info.grid.matrix, (columns, rows, slices)):
        raise UserError(
            f"“{path.name}” does not fit “{name}”.", why="It lies elsewhere on the map.",
            hint="Bring it to the grid of the image first.",
        )  # fmt: skip
