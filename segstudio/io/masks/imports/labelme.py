"""labelme's JSON, X-AnyLabeling's kinds of shape among it, and ISAT's: shapes painted one over the other."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.exports.labelme import BACKGROUND
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.imports.left_out import LeftOut
from segstudio.io.masks.imports.text import read_json
from segstudio.io.masks.names import files_of

Row = dict[str, Any]
POLYGONS = ("polygon", "rotation", "oriented_rectangle", "quadrilateral")
"""Shapes whose points are the corners of an area."""
FLAT = ("point", "points", "line", "linestrip", "lines")
"""Shapes without an area."""

ISAT_BACKGROUND = "__background__"

LARGEST = 2**28
"""Pixels of a picture within a file."""


@dataclass(frozen=True, slots=True)
class LabelmeImage:
    """Pixels (rows, columns) whose first one lies at a place of the image; parts of it may lie outside."""

    top: int
    left: int
    pixels: NDArray[np.bool_]

    def paint(self, mask: NDArray[np.uint8], class_id: int) -> None:
        """Give its pixels the class."""
        rows, columns = mask.shape
        own = self.pixels[max(0, -self.top) : max(0, rows - self.top), max(0, -self.left) : max(0, columns - self.left)]
        if own.size:
            mask[max(0, self.top) :, max(0, self.left) :][: own.shape[0], : own.shape[1]][own] = class_id


Area = dict[str, Any] | LabelmeImage
"""What a shape covers: a GeoJSON polygon in pixels, or single pixels."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of a file, in the order of painting."""

    label: str
    area: Area


def read(path: Path, name: str, info: ImageInfo) -> Labels | None:
    """The shapes of a file, or of `STEM.json` in a folder; a pixel belongs to the last shape its centre lies in.

    What no shape covers is background. Shapes without an area (points, lines) and damaged ones are left out and named.
    None where the folder has no file for the image. Raises UserError for files that are neither labelme's nor ISAT's,
    and for images of another size.
    """
    slices = info.shape[0]
    files = [path] if path.is_file() else files_of(path, name, slices, (".json",))
    if path.is_file() and slices > 1:
        files = files_of(path.parent, path.stem.rpartition("_z")[0] or path.stem, slices, (".json",))
    if len(files) != slices:
        return None
    names: dict[str, int] = {}
    left_out = LeftOut()
    mask = np.stack([_paint(file, name, info, names, left_out) for file in files])
    return Labels(mask, tuple(LabelClass(number, title) for title, number in names.items()), left_out.notes())


def _paint(path: Path, name: str, info: ImageInfo, names: dict[str, int], left_out: LeftOut) -> NDArray[np.uint8]:
    found = read_json(path, "file of labelme or ISAT")
    if isinstance(found.get("shapes"), list):
        size, shapes = (found.get("imageHeight"), found.get("imageWidth")), _of_labelme(found["shapes"], left_out)
    elif isinstance(found.get("objects"), list) and isinstance(found.get("info"), dict):
        size, shapes = (found["info"].get("height"), found["info"].get("width")), _of_isat(found["objects"], left_out)
    else:
        raise UserError(f"“{path.name}” is no file of labelme or ISAT.", why="It has no list of shapes or objects.")
    _, rows, columns = info.shape
    known = [own if isinstance(own, int) and own > 0 else side for own, side in zip(size, (rows, columns), strict=True)]
    if known != [rows, columns]:
        raise UserError(f"“{path.name}” does not fit “{name}”.", why=f"It was drawn on {known[1]} x {known[0]} pixels.")
    mask = np.zeros((rows, columns), np.uint8)
    waiting: list[tuple[dict[str, Any], int]] = []
    for shape in shapes:
        if shape.label not in names and shape.label != BACKGROUND:
            if len(names) + 2 > NOTHING:
                raise UserError("There are too many labels.", why="A project holds at most 254 classes.")
            names[shape.label] = len(names) + 1
        if isinstance(shape.area, LabelmeImage):
            _rasterize(waiting, mask)
            shape.area.paint(mask, names.get(shape.label, 0))
        else:
            waiting.append((shape.area, names.get(shape.label, 0)))
    _rasterize(waiting, mask)
    return mask


def _rasterize(shapes: list[tuple[dict[str, Any], int]], mask: NDArray[np.uint8]) -> None:
    """Paint pixels whose centre lies in a polygon, in order; the list is empty afterwards."""
    from rasterio.features import rasterize

    if shapes:
        rasterize(shapes, out=mask)
        shapes.clear()


def _of_labelme(rows: list[Any], left_out: LeftOut) -> Iterator[Shape]:
    for number, row in enumerate(rows, 1):
        label = row.get("label") if isinstance(row, dict) else None
        which = f"shape {number}" + (f" “{label}”" if label else "")
        if not isinstance(label, (str, int, float)) or label == "":
            left_out.add(which, "it has no label")
            continue
        try:
            yield Shape(str(label), _area(row, which, left_out))
        except (ValueError, TypeError, KeyError, OSError) as error:
            left_out.add(which, f"{error}".rstrip(".")[:80])


def _of_isat(rows: list[Any], left_out: LeftOut) -> Iterator[Shape]:
    """Objects of ISAT, the layer that lies lowest first."""
    numbered = [(number, row) for number, row in enumerate(rows, 1) if isinstance(row, dict)]
    for number, row in sorted(numbered, key=lambda one: _layer(one[1])):
        label = str(row.get("category") or "")
        which = f"object {number} “{label}”"
        try:
            if not label:
                raise ValueError("it has no category")
            outline = _outline(_points(row.get("segmentation")))
        except (ValueError, TypeError) as error:
            left_out.add(which, f"{error}".rstrip(".")[:80])
            continue
        yield Shape(BACKGROUND if label == ISAT_BACKGROUND else label, outline)


def _layer(row: Row) -> float:
    layer = row.get("layer")
    return float(layer) if isinstance(layer, (int, float)) else 0.0


def _area(row: Row, which: str, left_out: LeftOut) -> Area:
    """What a shape of labelme covers; ValueError where it has no area."""
    points, kind = _points(row.get("points")), str(row.get("shape_type") or "polygon")
    if kind in FLAT:
        raise ValueError(f"a {kind} has no area")
    if kind == "mask" or (row.get("mask") and kind not in (*POLYGONS, "rectangle", "circle")):
        return _picture(row, points)
    if kind == "rectangle" and len(points) == 2:
        (a, b), (c, d) = points
        return _outline([(a, b), (c, b), (c, d), (a, d)])
    if kind == "circle":
        if len(points) != 2:
            raise ValueError("a circle has a centre and a point on it")
        (a, b), (c, d) = points
        radius, turns = np.hypot(c - a, d - b), np.linspace(0, 2 * np.pi, 128, endpoint=False)
        return _outline([(a + radius * np.cos(t), b + radius * np.sin(t)) for t in turns])
    if kind not in (*POLYGONS, "rectangle"):
        if len(points) < 3:
            raise ValueError(f"nothing is known of shapes of type “{kind}”")
        left_out.changed(which, f"its type “{kind}” is not known, its points are the corners of a polygon")
    return _outline(points)


def _points(values: Any) -> list[tuple[float, float]]:
    points = [(float(x), float(y)) for x, y in values or ()]
    if not np.isfinite(points).all():
        raise ValueError("its points are no numbers")
    return points


def _outline(points: list[tuple[float, float]]) -> dict[str, Any]:
    if len(points) < 3:
        raise ValueError("it has fewer than three corners")
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


def _picture(row: Row, points: list[tuple[float, float]]) -> LabelmeImage:
    """The pixels that are set in a PNG, whose upper left corner is the first point."""
    from PIL import Image

    if not points or not isinstance(row.get("mask"), str):
        raise ValueError("it has no picture, or no place")
    try:
        raw = base64.b64decode(row["mask"], validate=True)
    except binascii.Error as error:
        raise ValueError("its picture is damaged") from error
    with Image.open(io.BytesIO(raw), formats=("PNG",)) as picture:
        if picture.width * picture.height > LARGEST:
            raise ValueError("its picture is too large")
        pixels = np.asarray(picture.convert("L") if picture.mode not in ("1", "L") else picture) > 0
    return LabelmeImage(round(points[0][1]), round(points[0][0]), pixels)
