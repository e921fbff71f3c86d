"""Class ids from pictures: PNG, TIFF, GeoTIFF and NumPy, one for each image or slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.crs import same
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.names import ImageName, files_of
from segstudio.io.masks.numbering import Numbering, distinct, numbering
from segstudio.io.masks.stored import StoredMasks, stored
from segstudio.io.orientation import same_grid
from segstudio.io.reading import open_image

SUFFIXES = (".png", ".tif", ".tiff", ".npy")
MARKS = ("_mask", "_masks", "_label", "_labels", "_seg", "_segmentation", "_gt", "-mask", ".mask", " mask")
"""What masks are called that lie beside their images (io.masks.pairs)."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The masks of an image from a file, or from the file of the same stem in a folder.

    Numbers are those that the file stores, and become class ids by io.masks.numbering, all slices together; the
    palette gives the colours. A volume has `STEM_z0001.png`, `STEM_z0002.png` ... (in the order of their numbers, with
    or without zeros before them), or one TIFF with a page for each slice. A GeoTIFF must lie where the image lies.
    """
    files = _files(path, name, info)
    if not files:
        return None
    found = [_stored(file) for file in files]
    shape = (sum(one.numbers.shape[0] for one in found), *found[0].numbers.shape[1:])
    if shape != info.shape or any(one.numbers.shape[1:] != shape[1:] for one in found):
        raise UserError(
            f"“{files[0].name}” does not fit “{name}”.",
            why=f"It has {' × '.join(map(str, shape))} pixels, the image {' × '.join(map(str, info.shape))}.",
        )
    _check_place(files[0], name, info)
    numbers = np.unique(np.concatenate([distinct(one.numbers) for one in found]))
    silent = {number for one in found for number in one.unknown}
    ids = numbering(numbers.tolist(), unknown=silent, white=all(one.white for one in found))
    mask = np.concatenate([ids.of(one.numbers) for one in found])
    return Labels(mask, _classes(ids, found[0].palette), (ids.note,) if ids.note else ())


def _stored(path: Path) -> StoredMasks:
    """The numbers of a file. Raises UserError where they are no labels."""
    found = stored(path)
    try:
        distinct(found.numbers)
    except UserError as error:
        raise UserError(f"“{path.name}” holds no class ids.", why=error.why) from None
    return found


def _files(path: Path, name: str, info: ImageInfo) -> list[Path]:
    if path.is_file():
        return [path]
    own = Path(ImageName.of(name).path)
    marked = [f"{mark}{suffix}" for mark in MARKS for suffix in SUFFIXES] if info.shape[0] == 1 else []
    found = files_of(path, name, info.shape[0], [*marked, *SUFFIXES])
    return [] if found and found[0].resolve() == own.resolve() else found  # the image is not its own mask


def _classes(found: Numbering, palette: tuple[tuple[int, int, int], ...]) -> tuple[LabelClass, ...]:
    """The classes of the ids that occur, with the colours of the numbers that they were."""
    classes = {}
    for number, value in zip(found.numbers.tolist(), found.ids.tolist(), strict=True):
        if value != NOTHING:
            rgb = palette[number] if 0 <= number < len(palette) else ()
            color = "#{:02x}{:02x}{:02x}".format(*rgb) if rgb else ""
            classes[value] = LabelClass(value, found.names.get(value, ""), color)
    return tuple(classes[value] for value in sorted(classes))


def _check_place(path: Path, name: str, info: ImageInfo) -> None:
    if path.suffix.lower() not in (".tif", ".tiff") or info.grid is None:
        return
    grid = open_image(path).info.grid
    slices, rows, columns = info.shape
    if grid is None:
        return
    if not same(grid.crs, info.grid.crs):
        raise UserError(
            f"“{path.name}” does not fit “{name}”.",
            why=f"It lies in another coordinate system, {grid.system}; the image's is {info.grid.system}.",
            hint="Bring it to the grid of the image first, for instance with gdalwarp.",
        )
    if not same_grid(grid.matrix, info.grid.matrix, (columns, rows, slices)):
        raise UserError(
            f"“{path.name}” does not fit “{name}”.", why="It lies elsewhere on the map.",
            hint="Bring it to the grid of the image first.",
        )  # fmt: skip
