"""Polygons with a class: GeoJSON and GeoPackage."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.crs import on_earth, turn_of
from segstudio.io.geo import CENTRE
from segstudio.io.masks.exports.polygons import WGS84
from segstudio.io.masks.exports.subject import LARGEST
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.imports.left_out import LeftOut

CLASS = ("class", "label", "name", "category", "type")
"""Attributes that may name the class, the first that says something."""

UNNAMED = "unnamed"
"""The class of polygons that say none, among others that do."""

GEOJSON = (".geojson", ".json")


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """A pixel has the class of the last polygon that its centre lies in; holes stay what is around them.

    Coordinates are brought to the image's coordinate system. Pixels outside all polygons are "nothing known". Classes
    come from the attributes class_id and class (or label, name, category, type), else from the names of the layers
    where several have polygons; polygons without any are class 1. Points, lines and empty outlines are left out and
    named. Raises UserError where the image is not on a map, and where no polygon lies on it.
    """
    import rasterio
    from rasterio.features import rasterize

    if info.grid is None or info.grid.frame != "map":
        raise UserError(f"“{name}” is on no map.", why="Its file does not say where it lies.", hint="Use COCO instead.")
    _, rows, columns = info.shape
    if rows * columns > LARGEST:
        raise UserError(f"“{name}” is too large to be painted from polygons at once.")
    left_out, classes = LeftOut(), Classes()
    shapes = [(outline, classes.of(words)) for outline, words in _outlines(path, name, info, left_out)]
    matrix = info.grid.matrix @ np.linalg.inv(CENTRE)
    transform = rasterio.Affine(*(float(matrix[i, j]) for i in (0, 1) for j in (0, 1, 3)))
    mask = np.full((rows, columns), NOTHING, np.uint8)
    if shapes:
        ids = classes.ids()
        rasterize([(outline, ids[key]) for outline, key in shapes], out=mask, transform=transform)
    if (mask == NOTHING).all():
        why = " ".join(left_out.notes())
        raise UserError(f"No polygon of “{path.name}” lies on “{name}”.", why=why, hint="Compare where both lie.")
    return Labels(mask[None], classes.all(), left_out.notes())


def _outlines(
    path: Path, name: str, info: ImageInfo, left_out: LeftOut
) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Each polygon in coordinates of the image, with what its attributes say (lower case names)."""
    import pyogrio
    import shapely
    from rasterio.warp import transform_geom

    assert info.grid is not None
    layers = [str(layer) for layer, kind in pyogrio.list_layers(path) if kind is not None]
    several = len([1 for _, kind in pyogrio.list_layers(path) if kind and "Polygon" in kind]) > 1
    for layer in layers:
        meta, _, geometry, data = pyogrio.raw.read(path, layer=layer, force_2d=True)
        fields = {str(field).lower(): values for field, values in zip(meta["fields"], data, strict=True)}
        source = meta["crs"] or (WGS84 if path.suffix.lower() in GEOJSON else "")
        if source and info.grid.crs and on_earth(info.grid.crs) != on_earth(source):
            raise UserError(
                f"“{path.name}” does not fit “{name}”.",
                why=f"Its coordinate system and the image's, {info.grid.system}, have no place in common.",
            )
        for number, wkb in enumerate(geometry):
            which = f"feature {number + 1}" + (f" of layer “{layer}”" if len(layers) > 1 else "")
            outline = shapely.from_wkb(wkb, on_invalid="ignore") if wkb is not None else None
            if outline is None or outline.is_empty:
                left_out.add(which, "it has no outline")
                continue
            words = {key: word for key, values in fields.items() if (word := _word(values[number]))}
            if several:
                words.setdefault("layer", layer)
            for part in _polygons(outline, which, left_out):
                placed = shapely.geometry.mapping(part)
                if source and info.grid.crs:
                    placed = transform_geom(source, info.grid.crs, placed)
                yield from ((one, words) for one in _turns(placed, info.grid, info))


def _polygons(outline: Any, which: str, left_out: LeftOut) -> list[Any]:
    """The parts of a geometry that have an area; that there are others is said."""
    if outline.geom_type in ("Polygon", "MultiPolygon"):
        return [outline]
    parts = [part for part in getattr(outline, "geoms", ()) if part.geom_type in ("Polygon", "MultiPolygon")]
    if len(parts) < len(getattr(outline, "geoms", (outline,))):
        left_out.add(which, f"a {outline.geom_type} has no area" if not parts else "a part of it has no area")
    return parts


def _turns(outline: dict[str, Any], grid: Grid, info: ImageInfo) -> list[dict[str, Any]]:
    """The outline; on a map whose longitudes run on beyond 180, also a turn around the Earth further."""
    import shapely

    if not (turn := turn_of(grid.crs)):
        return [outline]
    _, rows, columns = info.shape
    xs = [grid.world(0, row, column)[0] for row in (0, rows) for column in (0, columns)]
    shape = shapely.geometry.shape(outline)
    west, _, east, _ = shape.bounds
    return [
        shapely.geometry.mapping(shapely.transform(shape, lambda points, by=by: points + np.array([by, 0])))
        for by in (-turn, 0.0, turn)
        if by == 0 or (west + by <= max(xs) and east + by >= min(xs))
    ]


def _word(value: Any) -> str:
    """An attribute as text, "" where it is null: 1 for the number 1.0 that a column with gaps makes of it."""
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


class Classes:
    """The classes of polygons, by name and by id as their attributes have them."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, int, str]] = {}
        """By key: name, the id it wishes for (0: none) and colour."""

    def of(self, words: dict[str, str]) -> str:
        """The key of the class of a polygon with these attributes."""
        title = next((words[key] for key in CLASS if key in words), "")
        given = words.get("class_id", "")
        title = title or ("" if given else words.get("layer", ""))
        wish = int(given) if given.isdecimal() else 0
        if not title and wish:
            title = next((name for name, own, _ in self._found.values() if own == wish and name), "")
        key = f"name {title}" if title else f"id {given}"
        if key not in self._found:
            self._found[key] = title, wish if 0 < wish < NOTHING else 0, words.get("color", "")
        return key

    def ids(self) -> dict[str, int]:
        """A class id for each key: its wish, where nobody had it before, else a free one."""
        found: dict[str, int] = {}
        for key, (_, wish, _) in self._found.items():
            if wish and wish not in found.values():
                found[key] = wish
        for key in self._found:
            if key not in found:
                free = set(range(1, NOTHING)) - set(found.values())
                if not free:
                    raise UserError("There are too many classes.", why="A project holds at most 254 classes.")
                found[key] = min(free)
        return found

    def all(self) -> tuple[LabelClass, ...]:
        """The classes in order of their ids."""
        ids = self.ids()
        return tuple(sorted(
            (LabelClass(ids[key], self._title(key, ids[key]), color) for key, (_, _, color) in self._found.items()),
            key=lambda one: one.id,
        ))  # fmt: skip

    def _title(self, key: str, own: int) -> str:
        """The name; polygons that say nothing are class 1 where none says anything, else of a class of their own."""
        title, wish, _ = self._found[key]
        if title or wish == own:
            return title
        given = key.removeprefix("id ")
        return given or ("" if len(self._found) == 1 else UNNAMED)
