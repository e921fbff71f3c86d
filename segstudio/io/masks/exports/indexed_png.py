"""Masks as indexed PNG: pixel value = class id, palette = class colours, 255 = nothing known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from segstudio.errors import UserError
from segstudio.io.masks.exports.subject import LARGEST, Subject
from segstudio.io.masks.mask_file import write_indexed_png


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """One file for each image, `STEM.png`, and for volumes one for each slice, `STEM_z0001.png`.

    Raises UserError for slices too large for a PNG.
    """
    written: list[Path] = []
    for subject in subjects:
        slices, rows, columns = subject.info.shape
        if rows * columns > LARGEST:
            raise UserError(
                f"“{subject.name}” is too large for one PNG file.",
                why=f"Its slices are {rows:,} × {columns:,} pixels, the limit is {LARGEST:,} pixels.",
                hint="Export it as GeoTIFF or TIFF, which are written piece by piece.",
            )
        for z in range(slices):
            path = folder / (f"{subject.stem}.png" if slices == 1 else f"{subject.stem}_z{z + 1:04d}.png")
            write_indexed_png(path, subject.slice(z), subject.classes)
            written.append(path)
    return written
