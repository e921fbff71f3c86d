"""What the masks measure, as a table: CSV with a row for each object."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from segstudio.core.ground import pixel_areas
from segstudio.io.atomic import replacing
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.objects import numbered

FILE = "measurements.csv"
HEADER = (
    "image", "slice", "class_id", "class", "object", "pixels", "area", "unit", "centroid_row", "centroid_column",
    "top", "left", "bottom", "right",
)  # fmt: skip


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet runs (OWASP, CSV injection)."""


def plain(text: str) -> str:
    """A text that no spreadsheet runs as a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else str(text)


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`measurements.csv`: a row for each connected object of each slice and class but the background.

    `area` is in square units of the image's spacing (on maps in square metres, of geographic ones on the ellipsoid),
    else empty; rows, columns and slices count from 0, `bottom` and
    `right` are the first beyond. Objects are those of io.masks.objects. Names that a spreadsheet would take for a
    formula begin with an apostrophe.
    """
    from skimage.measure import regionprops

    path = folder / FILE
    with replacing(path) as scratch, scratch.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        for subject in subjects:
            unit = f"{subject.info.unit}2" if subject.info.spacing else ""
            for z in range(subject.info.shape[0]):
                mask = subject.slice(z)
                for number, region in enumerate(regionprops(numbered(mask)), 1):  # type: ignore[no-untyped-call]
                    class_id = int(mask[tuple(region.coords[0])])
                    areas = pixel_areas(subject.info, *region.coords.T)
                    area = "" if areas is None else f"{areas.sum():.9g}"
                    row, column = region.centroid
                    table.writerow((
                        plain(subject.name), z, class_id, plain(subject.classes.name(class_id)), number,
                        int(region.area), area, unit, f"{row:.2f}", f"{column:.2f}", *region.bbox,
                    ))  # fmt: skip
    return [path]
