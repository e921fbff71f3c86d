"""Write masks as indexed PNG files."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.document import Document, ImageEntry
from segstudio.core.geometry import Box
from segstudio.errors import UserError

LARGEST = 2**29
"""Pixels of a slice written as one PNG: its mask is put together in memory."""


def export_masks(
    document: Document, folder: Path, *, layer: int = 1, entries: list[ImageEntry] | None = None
) -> list[Path]:
    """Write the mask of each image (annotation over prediction) into `folder`; returns the files.

    One file for each image, `NAME.png`, and for volumes one for each slice, `NAME_z0001.png`. Pixel value =
    class id, palette = class colours, 255 = nothing known. Images without any mask are left out. Raises
    UserError when nothing can be written.
    """
    from segstudio.io.masks import write_indexed_png

    written: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for entry in document.images.values() if entries is None else entries:
        found = next((one for one in entry.layers if one.id == layer), None)
        if found is None or (found.annotation.is_empty() and found.prediction.is_empty()):
            continue
        _, rows, columns = entry.info.shape
        if rows * columns > LARGEST:
            raise UserError(
                f"“{entry.name}” is too large for one PNG file.",
                why=f"Its slices are {rows:,} × {columns:,} pixels, the limit is {LARGEST:,} pixels.",
                hint="Its mask is in the project file, tile by tile (docs/project-format.md).",
            )
        stem = _free_stem(Path(entry.name).stem, taken)
        for z in range(entry.info.shape[0]):
            name = stem if entry.info.shape[0] == 1 else f"{stem}_z{z + 1:04d}"
            path = folder / f"{name}.png"
            write_indexed_png(path, found.mask(Box.whole(entry.info.shape, z)), document.classes)
            written.append(path)
    if not written:
        raise UserError("There is no mask to export yet.", hint="Predict an image or paint on it first.")
    return written


def _free_stem(stem: str, taken: set[str]) -> str:
    """Two images of different folders may share a name; the later ones get a number."""
    name, number = stem, 2
    while name.lower() in taken:
        name, number = f"{stem}-{number}", number + 1
    taken.add(name.lower())
    return name
