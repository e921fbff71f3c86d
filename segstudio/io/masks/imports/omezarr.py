"""OME-Zarr labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.reading import BUDGET
from segstudio.io.windowed.ngff import attributes
from segstudio.io.windowed.omezarr import labels_below, values_of


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The label images of a group, one over the other; what none covers is background.

    Where a label image names its values, these are the classes. Where it does not, or has more than 254 values, its
    objects are one class, of the label image's name. Raises UserError where there are none, and for another size.
    """
    found = labels_below(path)
    if not found:
        raise UserError(f"“{path.name}” holds no labels.", hint="Choose an OME-Zarr folder with labels in it.")
    mask = np.zeros(info.shape, np.uint8)
    classes: dict[str, LabelClass] = {}
    for title, group in found:
        values = values_of(group, BUDGET)
        if values.shape != info.shape:
            sizes = [" × ".join(map(str, shape)) for shape in (values.shape, info.shape)]
            why = f"“{title}” has {sizes[0]} pixels, the image {sizes[1]}."
            raise UserError(f"“{path.name}” does not fit “{name}”.", why=why)
        said = attributes(group).get("image-label", {})
        names, colors = _named(said)
        if not names or int(values.max()) >= NOTHING:
            one = _class(classes, title, "")
            mask[values != 0] = one.id
            continue
        for value in np.unique(values):
            if value:
                one = _class(classes, names.get(int(value), f"{title} {value}"), colors.get(int(value), ""))
                mask[values == value] = one.id
    return Labels(mask, tuple(classes.values()))


def _class(classes: dict[str, LabelClass], title: str, color: str) -> LabelClass:
    if title not in classes:
        if len(classes) + 2 > NOTHING:
            raise UserError("There are too many labels.", why="A project holds at most 254 classes.")
        classes[title] = LabelClass(len(classes) + 1, title, color)
    return classes[title]


def _named(said: Any) -> tuple[dict[int, str], dict[int, str]]:
    """Names and colours by value, as far as they are said."""
    names: dict[int, str] = {}
    colors: dict[int, str] = {}
    for row in said.get("properties") or [] if isinstance(said, dict) else []:
        title = next((str(row[key]) for key in ("name", "class", "label") if row.get(key)), "")
        if title:
            names[int(row["label-value"])] = title
    for row in said.get("colors") or [] if isinstance(said, dict) else []:
        rgba = row.get("rgba")
        if isinstance(rgba, list) and len(rgba) >= 3:
            colors[int(row["label-value"])] = "#{:02x}{:02x}{:02x}".format(*(int(v) & 255 for v in rgba[:3]))
    return names, colors
