"""What the masks measure, as a table: CSV with a row for each object."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.ground import pixel_areas
from segstudio.io.atomic import replacing
from segstudio.io.masks.exports.subject import Subject

FILE = "measurements.csv"
HEADER = (
    "image", "slice", "class_id", "class", "object", "pixels", "area", "unit", "centroid_row", "centroid_column",
    "top", "left", "bottom", "right",
)  # fmt: skip


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`measurements.csv`: a row for each connected object of each slice and class but the background.

    `area` is in square units of the image's spacing (on maps in square metres, of geographic ones on the ellipsoid),
    else empty; rows, columns and slices count from 0, `bottom` and
    `right` are the first beyond. Objects that touch by a corner are one.
    """
    from skimage.measure import label, regionprops

    path = folder / FILE
    with replacing(path) as scratch, scratch.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        for subject in subjects:
            unit = f"{subject.info.unit}2" if subject.info.spacing else ""
            for z in range(subject.info.shape[0]):
                mask = subject.slice(z)
                objects = label(np.where(mask == NOTHING, 0, mask), background=0, connectivity=2)  # type: ignore[no-untyped-call]
                for number, region in enumerate(regionprops(objects), 1):  # type: ignore[no-untyped-call]
                    class_id = int(mask[tuple(region.coords[0])])
                    areas = pixel_areas(subject.info, *region.coords.T)
                    area = "" if areas is None else f"{areas.sum():.9g}"
                    row, column = region.centroid
                    table.writerow((
                        subject.name, z, class_id, subject.classes.name(class_id), number, int(region.area), area,
                        unit, f"{row:.2f}", f"{column:.2f}", *region.bbox,
                    ))  # fmt: skip
    return [path]
