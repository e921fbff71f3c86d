"""Masks of maps and pictures made at random: other programs find every pixel where it was painted, and the same bits
come back. GDAL, shapely, pycocotools and the rules of labelme and Ultralytics read what is written, not our readers."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.features import rasterize
from rasterio.transform import Affine
from rasterio.warp import transform as change

from segstudio.core.classes import ClassTable
from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo
from segstudio.io.geo import CENTRE
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.masks.imports.table import import_format

TRIES = settings(max_examples=25, deadline=None)
SYSTEMS = {
    "EPSG:32633": (5e5, 5e6), "EPSG:32601": (166_000, 1.2e6), "EPSG:2056": (2.68e6, 1.25e6),
    "EPSG:3031": (0.0, -1e6), "EPSG:3857": (2.0037e7, 5e6), "EPSG:4326": (179.9, -17.0),
}  # fmt: skip
"""Coordinate systems and a place in them; four of the places lie on the 180th meridian."""


@st.composite
def masks(draw: st.DrawFn) -> NDArray[np.uint8]:
    """(1, rows, columns) with ids up to 3, holes, single pixels, corners that touch."""
    rows, columns = draw(st.integers(5, 24)), draw(st.integers(5, 24))
    out = np.zeros((1, rows, columns), np.uint8)
    for number in draw(st.lists(st.integers(0, 3), min_size=2, max_size=7)):
        top, left = draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))
        out[0, top : top + draw(st.integers(1, 12)), left : left + draw(st.integers(1, 12))] = number
    if draw(st.booleans()):
        random = np.random.default_rng(draw(st.integers(0, 99)))
        out[0][random.random((rows, columns)) < 0.2] = 2
    out[0, draw(st.integers(0, rows - 1)), draw(st.integers(0, columns - 1))] = 1
    return out


@st.composite
def places(draw: st.DrawFn) -> tuple[str, Affine]:
    """A system and a transform: turned, mirrored, sheared, with pixels of some centimetres or kilometres."""
    crs = draw(st.sampled_from(sorted(SYSTEMS)))
    size = draw(st.sampled_from([1e-4, 1e-2])) if crs == "EPSG:4326" else draw(st.sampled_from([0.05, 10.0, 2000.0]))
    x, y = SYSTEMS[crs]
    turn = np.radians(draw(st.sampled_from([0, 0, 30, 135])))
    shear, tall = draw(st.sampled_from([0.0, 0.0, 0.3])), draw(st.sampled_from([1.0, 1.5]))
    cos, sin = size * np.cos(turn), size * np.sin(turn)
    return crs, Affine(cos, sin * tall + shear * cos, x - 9 * size, sin, -cos * tall + shear * sin, y + 9 * size)


def subject_of(mask: NDArray[np.uint8], crs: str = "", transform: Affine | None = None) -> Subject:
    grid = None
    if transform is not None:
        a, b, c, d, e, f = tuple(transform)[:6]
        matrix = np.array([[a, b, 0, c], [d, e, 0, f], [0, 0, 1, 0], [0, 0, 0, 1.0]]) @ CENTRE
        grid = Grid.of("map", matrix, crs=CRS.from_user_input(crs).to_wkt())
    table = ClassTable()
    for name in ("roof", "tree", "road"):
        table.add(name)
    info = ImageInfo("TIFF", mask.shape, 1, ("grey",), "uint8", grid=grid)
    return Subject("a.tif", "a", Path("a.tif"), info, table, lambda box: mask[box.z, box.rows, box.columns])


def taken_back(form: str, path: Path, subject: Subject) -> NDArray[np.uint8]:
    """The mask as it comes in again, by the names of the classes; what is unknown is background."""
    found = import_format(form).load()(path, "a.tif", subject.info)
    assert found is not None and not found.notes
    out = np.zeros(subject.info.shape, np.uint8)
    for one in found.classes:
        if one.id:
            number = next((entry.id for entry in subject.classes if entry.name == one.name), one.id)
            out[found.mask == one.id] = number
    return out


@TRIES
@given(masks(), places())
def test_masks_of_maps_lie_for_gdal_where_they_were_painted(mask: NDArray[np.uint8], place: tuple[str, Affine]) -> None:
    crs, transform = place
    subject = subject_of(mask, crs, transform)
    with TemporaryDirectory() as folder:
        (path,) = export_format("geotiff").load()([subject], Path(folder))
        with rasterio.open(path) as file:
            assert np.array_equal(file.read(1), mask[0]) and file.crs == CRS.from_user_input(crs)
            assert np.allclose(tuple(file.transform), tuple(transform), rtol=0, atol=abs(transform.a) * 1e-6)
        assert np.array_equal(taken_back("geotiff", path, subject), mask)
        (path,) = export_format("gpkg").load()([subject], Path(folder))
        import pyogrio

        meta, _, geometry, (ids, *_) = pyogrio.raw.read(path)
        assert CRS.from_user_input(meta["crs"]) == CRS.from_user_input(crs)
        shapes = [(shapely.from_wkb(one), int(number)) for one, number in zip(geometry, ids, strict=True)]
        assert all(shape.is_valid for shape, _ in shapes)
        painted = rasterize(shapes, out_shape=mask.shape[1:], transform=transform, fill=0)
        assert np.array_equal(painted, mask[0])
        assert np.array_equal(taken_back("gpkg", path, subject), mask)


@TRIES
@given(masks(), places())
def test_geojson_holds_exactly_the_painted_pixels_in_longitude_and_latitude(
    mask: NDArray[np.uint8], place: tuple[str, Affine]
) -> None:
    crs, transform = place
    subject = subject_of(mask, crs, transform)
    with TemporaryDirectory() as folder:
        (path,) = export_format("geojson").load()([subject], Path(folder))
        features = json.loads(path.read_text())["features"]
        found = taken_back("geojson", path, subject)
    assert np.array_equal(found, mask)
    shapes = [(shapely.geometry.shape(one["geometry"]), one["properties"]["class_id"]) for one in features]
    for shape, _ in shapes:
        west, south, east, north = shape.bounds
        assert shape.is_valid and -180 <= west <= east <= 180 and -90 <= south <= north <= 90
        for part in getattr(shape, "geoms", [shape]):
            assert part.exterior.is_ccw and not any(hole.is_ccw for hole in part.interiors)
    rows, columns = np.indices(mask.shape[1:])
    a, b, c, d, e, f = tuple(transform)[:6]
    xs, ys = a * (columns + 0.5) + b * (rows + 0.5) + c, d * (columns + 0.5) + e * (rows + 0.5) + f
    longitude, latitude = (np.array(v) for v in change(crs, "OGC:CRS84", xs.ravel(), ys.ravel()))
    longitude = (longitude + 180) % 360 - 180
    seen = np.zeros(mask[0].size, np.uint8)
    for shape, number in shapes:
        seen[shapely.intersects_xy(shape, longitude, latitude)] = number
    apart = seen.reshape(mask.shape[1:]) != mask[0]
    on_the_seam = (np.abs(np.abs(longitude) - 180) < 1e-9).reshape(apart.shape)
    assert not (apart & ~on_the_seam).any()


@TRIES
@given(masks())
def test_pycocotools_finds_the_painted_pixels_in_coco(mask: NDArray[np.uint8]) -> None:
    from pycocotools import mask as coding

    subject = subject_of(mask)
    with TemporaryDirectory() as folder:
        (path,) = export_format("coco").load()([subject], Path(folder))
        said = json.loads(path.read_text())
        assert np.array_equal(taken_back("coco", path, subject), mask)
    seen = np.zeros(mask.shape[1:], np.uint8)
    for one in said["annotations"]:
        code = {**one["segmentation"], "counts": one["segmentation"]["counts"].encode()}
        own = coding.decode(code) > 0
        assert int(coding.area(code)) == one["area"] == own.sum()
        assert coding.toBbox(code).tolist() == one["bbox"]
        seen[own] = one["category_id"]
    assert np.array_equal(seen, mask[0])


@TRIES
@given(masks())
def test_polygons_of_labelme_cover_the_painted_pixels_as_gdal_paints_them(mask: NDArray[np.uint8]) -> None:
    subject = subject_of(mask)
    names = {one.name: one.id for one in subject.classes}
    with TemporaryDirectory() as folder:
        (path,) = export_format("labelme").load()([subject], Path(folder))
        said = json.loads(path.read_text())
        assert np.array_equal(taken_back("labelme", path, subject), mask)
    shapes = [
        ({"type": "Polygon", "coordinates": [[*one["points"], one["points"][0]]]}, names.get(one["label"], 0))
        for one in said["shapes"]
    ]
    painted = rasterize(shapes, out_shape=mask.shape[1:]) if shapes else np.zeros(mask.shape[1:])
    assert np.array_equal(painted, mask[0])


@TRIES
@given(masks())
def test_lines_of_yolo_cover_the_painted_pixels_by_the_even_odd_rule(mask: NDArray[np.uint8]) -> None:
    subject = subject_of(mask)
    rows, columns = mask.shape[1:]
    with TemporaryDirectory() as folder:
        export_format("yolo").load()([subject], Path(folder))
        lines = (Path(folder) / "labels" / "a.txt").read_text().splitlines()
        assert np.array_equal(taken_back("yolo", Path(folder), subject), mask)
    seen = np.zeros((rows, columns), np.uint8)
    for line in lines:
        number, *values = line.split()
        corners = np.array(values, float).reshape(-1, 2) * (columns, rows)
        inside = np.zeros((rows, columns), bool)
        y, x = np.mgrid[:rows, :columns] + 0.5
        for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, 0), strict=True):
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0 if y1 != y0 else 1) + x0)
        seen[inside] = int(number) + 1
    assert np.array_equal(seen, mask[0])


@pytest.mark.parametrize("crs", ["EPSG:3031", "EPSG:3995"])
def test_an_area_around_a_pole_is_around_the_pole(crs: str, tmp_path: Path) -> None:
    mask = np.zeros((1, 20, 20), np.uint8)
    mask[0, 4:16, 4:16] = 1
    mask[0, 9:11, 9:11] = 0
    subject = subject_of(mask, crs, Affine(1e5, 0, -1e6, 0, -1e5, 1e6))
    (path,) = export_format("geojson").load()([subject], tmp_path)
    (one,) = json.loads(path.read_text())["features"]
    shape = shapely.geometry.shape(one["geometry"])
    pole = -1 if crs == "EPSG:3031" else 1
    assert shape.is_valid and shape.bounds[0] == -180 and shape.bounds[2] == 180
    inside = [shapely.intersects_xy(shape, longitude, pole * 86.0) for longitude in (-179, -91, 1, 89, 179)]
    assert all(inside) and not shapely.intersects_xy(shape, 10, pole * 89.9), "the hole holds the pole"
    assert np.array_equal(taken_back("geojson", path, subject), mask)
