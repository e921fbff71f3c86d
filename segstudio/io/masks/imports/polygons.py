"""Polygons with a class: GeoJSON and GeoPackage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.geo import CENTRE
from segstudio.io.masks.exports.polygons import WGS84
from segstudio.io.masks.exports.subject import LARGEST
from segstudio.io.masks.imports.labels import LabelClass, Labels

CLASS = ("class", "label", "name", "category", "type")
"""Attributes that may name the class, the first that is there."""


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """A pixel has the class of the last polygon that its centre lies in; holes stay what is around them.

    Coordinates are brought to the image's coordinate system. Pixels outside all polygons are "nothing known". Classes
    come from the attributes class_id and class (or label, name, category, type); polygons without any are class 1.
    Raises UserError where the image is not on a map, and where no polygon lies on it.
    """
    import pyogrio
    import rasterio
    import shapely
    from rasterio.features import rasterize
    from rasterio.warp import transform_geom

    if info.grid is None or info.grid.frame != "map":
        raise UserError(f"“{name}” is on no map.", why="Its file does not say where it lies.", hint="Use COCO instead.")
    _, rows, columns = info.shape
    if rows * columns > LARGEST:
        raise UserError(f"“{name}” is too large to be painted from polygons at once.")
    meta, _, geometry, data = pyogrio.raw.read(path)
    fields = {str(field): values for field, values in zip(meta["fields"], data, strict=True)}
    source = meta["crs"] or (WGS84 if path.suffix.lower() in (".geojson", ".json") else "")
    shapes: list[tuple[dict[str, Any], int]] = []
    classes: dict[str, LabelClass] = {}
    for number, wkb in enumerate(geometry):
        outline = shapely.from_wkb(wkb) if wkb is not None else None
        if outline is None or outline.is_empty or outline.geom_type not in ("Polygon", "MultiPolygon"):
            continue
        one = _class_of(fields, number, classes)
        placed = shapely.geometry.mapping(outline)
        if source and info.grid.crs:
            placed = transform_geom(source, info.grid.crs, placed)
        shapes.append((placed, one.id))
    matrix = info.grid.matrix @ np.linalg.inv(CENTRE)
    transform = rasterio.Affine(*(float(matrix[i, j]) for i in (0, 1) for j in (0, 1, 3)))
    mask = np.full((rows, columns), NOTHING, np.uint8)
    if shapes:
        rasterize(shapes, out=mask, transform=transform)
    if (mask == NOTHING).all():
        raise UserError(f"No polygon of “{path.name}” lies on “{name}”.", hint="Check the coordinate system of both.")
    return Labels(mask[None], tuple(sorted(classes.values(), key=lambda one: one.id)))


def _class_of(fields: dict[str, Any], number: int, classes: dict[str, LabelClass]) -> LabelClass:
    """The class of a row, made the first time it is met."""
    lower = {key.lower(): values for key, values in fields.items()}
    title = next((str(lower[key][number]) for key in CLASS if key in lower and lower[key][number] is not None), "")
    given = lower["class_id"][number] if "class_id" in lower else None
    key = title or str(given or 1)
    if key not in classes:
        taken = {one.id for one in classes.values()}
        wanted = int(given) if given is not None and 0 < int(given) < NOTHING else 1
        free = wanted if wanted not in taken else next(i for i in range(1, NOTHING) if i not in taken)
        color = str(lower["color"][number] or "") if "color" in lower else ""
        classes[key] = LabelClass(free, title, color)
    return classes[key]
