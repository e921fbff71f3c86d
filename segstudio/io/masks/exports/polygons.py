"""Masks of maps as polygons: GeoJSON (RFC 7946) and GeoPackage."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.codes import NOTHING
from segstudio.core.grid import Grid
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.crs import changed, on_earth
from segstudio.io.geo import CENTRE
from segstudio.io.masks.exports.lonlat import Transform, placed
from segstudio.io.masks.exports.subject import LARGEST, Subject

WGS84 = "OGC:CRS84"
"""What RFC 7946 asks for: longitude and latitude of WGS 84, in this order."""

CURVE, SHORTEST, LONGEST = 1e5, 8, 1000
"""A side of n pixels of p metres is off by about (n p)² / 8 R from a straight line in degrees: n² = CURVE / p, between
SHORTEST and LONGEST."""


def write_geojson(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.geojson` for each image: outlines of connected pixels of a class, in longitude and latitude, rings by the
    right-hand rule, holes as inner rings, cut in two at the 180th meridian. The background is left out. Raises
    UserError without a CRS, and for one that is not of the Earth."""
    import shapely

    written = []
    for subject in subjects:
        grid = subject.info.grid
        assert grid is not None
        if not grid.crs or not on_earth(grid.crs):
            raise UserError(
                f"“{subject.name}” cannot be exported as GeoJSON.",
                why=f"Its coordinate system “{grid.system}” is not one of the Earth, and GeoJSON holds longitudes and "
                "latitudes of the Earth." if grid.crs else "Its file names no coordinate system.",
                hint="GeoPackage or GeoTIFF keep its coordinates as they are.",
            )  # fmt: skip
        features = []
        for class_id, outline in outlines(subject):
            try:
                shape = placed(outline["coordinates"], step(grid), _lonlat(grid.crs))
            except ValueError as error:
                raise UserError(
                    f"“{subject.name}” cannot be exported as GeoJSON.",
                    why="A part of its mask has no longitude and latitude: the map's edge is the Earth's.",
                    hint="GeoPackage or GeoTIFF keep its coordinates as they are.",
                ) from error
            features.append({
                "type": "Feature", "geometry": shapely.geometry.mapping(shape),
                "properties": _properties(subject, class_id),
            })  # fmt: skip
        path = folder / f"{subject.stem}.geojson"
        with replacing(path) as scratch:
            scratch.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        written.append(path)
    return written


def step(grid: Grid) -> float:
    """How long a side may be, in units of the map, so that it is straight in degrees within a tenth of a pixel."""
    pixel = min(grid.spacing[1:])
    return pixel * float(np.clip(np.sqrt(CURVE / pixel), SHORTEST, LONGEST))


def _lonlat(crs: str) -> Transform:
    """From coordinates of a system to longitude and latitude."""
    return lambda points: changed(crs, WGS84, points)


def write_gpkg(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.gpkg` for each image: the same outlines in the coordinate system of the image, layer “masks”."""
    import pyogrio
    import shapely

    written = []
    for subject in subjects:
        assert subject.info.grid is not None
        rows = list(outlines(subject))
        known = [_properties(subject, class_id) for class_id, _ in rows]
        geometry = shapely.to_wkb(np.array([shapely.geometry.shape(outline) for _, outline in rows], object))
        path = folder / f"{subject.stem}.gpkg"
        with replacing(path) as scratch, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of maps whose system has no name
            scratch.unlink()  # GDAL makes the file itself
            pyogrio.raw.write(
                scratch, np.asarray(geometry, object), [
                    np.array([row["class_id"] for row in known], np.int32),
                    np.array([row["class"] for row in known], object),
                    np.array([row["color"] for row in known], object),
                ],
                ["class_id", "class", "color"], layer="masks", driver="GPKG", geometry_type="Polygon",
                crs=subject.info.grid.crs or None,
            )  # fmt: skip
        written.append(path)
    return written


def outlines(subject: Subject) -> Iterator[tuple[int, dict[str, Any]]]:
    """Class id and outline (GeoJSON geometry in map coordinates) of all pixels of a class that touch by their sides."""
    import rasterio
    from rasterio.features import shapes

    grid, (_, rows, columns) = subject.info.grid, subject.info.shape
    assert grid is not None
    if rows * columns > LARGEST:
        raise UserError(
            f"“{subject.name}” is too large to be outlined at once.",
            why=f"It has {rows:,} × {columns:,} pixels, the limit is {LARGEST:,} pixels.",
            hint="Export it as GeoTIFF, which is written piece by piece.",
        )
    matrix = grid.matrix @ np.linalg.inv(CENTRE)
    transform = rasterio.Affine(*(float(matrix[i, j]) for i in (0, 1) for j in (0, 1, 3)))
    mask = subject.slice(0)
    for outline, value in shapes(mask, mask=(mask != 0) & (mask != NOTHING), connectivity=4, transform=transform):
        yield int(value), outline


def _properties(subject: Subject, class_id: int) -> dict[str, Any]:
    entry = subject.classes.get(class_id)
    return {"class_id": class_id, "class": subject.classes.name(class_id), "color": entry.color if entry else ""}
