"""One rule of what an object is, in every count and outline; and tables that no spreadsheet runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.classes import ClassTable
from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.tally import objects_in, report

UTM = (
    'PROJCS["WGS 84 / UTM zone 33N",GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",15],PARAMETER["scale_factor",0.9996],'
    'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1],AUTHORITY["EPSG","32633"]]'
)


def subject(mask: np.ndarray, names: tuple[str, ...] = ("cat", "dog"), image: str = "a.tif") -> Subject:
    grid = Grid.of("map", np.array([[2, 0, 0, 5e5], [0, -2, 0, 5e6], [0, 0, 1, 0]]), crs=UTM)
    info = ImageInfo("TIFF", mask.shape, 1, ("grey",), "uint8", (1.0, 2.0, 2.0), "m", grid=grid)
    table = ClassTable()
    for name in names:
        table.add(name)
    return Subject(image, "a", Path("a.tif"), info, table, lambda box: mask[box.z, box.rows, box.columns])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def corners() -> np.ndarray:
    """Two pixels of class 1 that touch by a corner, one of class 2 beside, a ring with a hole, and unknown pixels."""
    mask = np.zeros((1, 20, 20), np.uint8)
    mask[0, 1, 1] = mask[0, 2, 2] = 1
    mask[0, 1, 2] = 2
    mask[0, 8:13, 8:13] = 1
    mask[0, 10, 10] = 0
    mask[0, 15:, 15:] = 255
    return mask


@pytest.mark.parametrize("form", ["coco", "csv", "yolo", "geojson", "gpkg", "cityscapes"])
def test_pixels_that_touch_by_a_corner_are_two_objects_everywhere(form: str, tmp_path: Path) -> None:
    written = export_format(form).load()([subject(corners())], tmp_path)
    if form == "coco":
        found = len(json.loads(written[0].read_text())["annotations"])
    elif form == "csv":
        found = len(rows_of(written[0]))
    elif form == "yolo":
        found = len((tmp_path / "labels" / "a.txt").read_text().splitlines())
    elif form == "geojson":
        found = len(json.loads(written[0].read_text())["features"])
    elif form == "gpkg":
        import pyogrio

        found = pyogrio.read_info(written[0])["features"]
    else:
        from PIL import Image

        with Image.open(tmp_path / "gtFine" / "a_gtFine_instanceIds.png") as picture:
            found = len(set(np.unique(np.asarray(picture)).tolist()) - {0})
    assert found == 4 == objects_in(corners())


def test_an_import_is_told_in_objects_and_pixels_by_class() -> None:
    labels = Labels(corners(), (LabelClass(1, "cat"), LabelClass(2, "")), ("Left out: object 3 (why).",), 4)
    assert report(labels) == (
        "4 objects; pixels: cat 26, class 2 1, background 348, nothing known 25. Left out: object 3 (why)."
    )


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", '=HYPERLINK("x")'])
def test_no_cell_of_a_table_is_a_formula(name: str, tmp_path: Path) -> None:
    mask = np.zeros((1, 4, 4), np.uint8)
    mask[0, 0, 0] = 1
    (path,) = export_format("csv").load()([subject(mask, (name,), f"{name}.tif")], tmp_path)
    (row,) = rows_of(path)
    assert row["class"] == f"'{name}" and row["image"] == f"'{name}.tif"
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row.values())
    (path,) = export_format("csv").load()([subject(mask, ("a-b=c",))], tmp_path)
    assert rows_of(path)[0]["class"] == "a-b=c"
