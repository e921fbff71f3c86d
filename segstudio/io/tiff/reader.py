"""TIFF and BigTIFF, through tifffile."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape

import numpy as np
import tifffile
from numpy.typing import DTypeLike, NDArray

from segstudio.core.image import ALPHA, ImageInfo
from segstudio.io import geo, world_file
from segstudio.io.formats import refusal
from segstudio.io.reading import INDEX, Decoded, Pixels, check_size, upright
from segstudio.io.tiff.measured import GDAL_METADATA, MASK, Told, alpha_of, names_with_alpha, told_by
from segstudio.io.tiff.sizes import sizes_of

PAGES = 100_000
"""Pages a file may have."""
RGB = ("red", "green", "blue")
AGAIN = "Copy it again from where it came."
COLOR_CODECS = (6, 7, 34892, 33003, 33004, 33005, 34712, 50001)
"""Compressions (JPEG, JPEG 2000, WebP) whose decoders give RGB for YCbCr."""

D50 = np.array([0.96422, 1.0, 0.82521], np.float32)
XYZ_TO_RGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ],
    np.float32,
)
"""XYZ relative to D50 to linear sRGB, Bradford adaptation included (Lindbloom, RGB/XYZ matrices)."""


AS_STORED = ("palette", "1-bit", "white is zero", "white is zero, 1-bit")
"""Conversions for the eye that class ids do without."""


@dataclass(frozen=True, slots=True)
class TiffPlan:
    """What will be read: the first series, the meaning of its axes (of "z", "y", "x", "c"), and the result."""

    series: tifffile.TiffPageSeries
    order: str
    sizes: dict[str, int]
    color: str
    turn: int
    info: ImageInfo
    told: Told


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The first series of a file: pages, z and time as slices; samples, planes and channels as channels.

    With `indices`, numbers are those of the file: indices of a palette, white-is-zero and 1-bit pixels as stored.

    Files that a TIFF names in its metadata are never opened. Raises UserError when more than `budget` bytes
    are needed or data lie beyond the end of the file, and what tifffile raises on damaged files.
    """
    with tifffile.TiffFile(path, _multifile=False) as file:
        plan = plan_of(path, file, budget, indices=indices)
        with closing(plan.told):
            if not pixels:
                return plan.info, None
            _check_segments(path, plan.series)
            raw = np.asarray(plan.series.asarray(maxworkers=1)).reshape(plan.series.shape)
            measured = plan.told.measured()
    axes = [i for kind in "zyxc" for i, found in enumerate(plan.order) if found == kind]
    found = raw.transpose(axes).reshape([plan.sizes[kind] for kind in "zyxc"])
    return plan.info, upright(shown(found, plan, measured), plan.turn)


DESCRIPTION = re.compile(r'<Item name="DESCRIPTION" sample="(\d{1,5})" role="description">([^<]*)</Item>')


def plan_of(path: Path, file: tifffile.TiffFile, budget: int, *, indices: bool) -> TiffPlan:
    """What the first series of an open file is; UserError when it is no image or needs more than `budget` bytes."""
    if len(file.pages) > PAGES:
        raise refusal(path, f"It has more than {PAGES:,} pages.", "Cut it into parts.")
    if not file.series:
        raise refusal(path, "It holds no image.", AGAIN)
    series = file.series[0]
    dtype = None if series.dtype is None else np.dtype(series.dtype)
    if dtype is None or dtype.kind not in "buif" or dtype.itemsize > 8:
        why = f"Pixels of type {'unknown' if dtype is None else dtype} cannot be shown as an image."
        raise refusal(path, why, "Export it as integers or real numbers (for complex data: the magnitude).")
    shape = tuple(int(n) for n in series.shape)
    order = "".join({"Y": "y", "X": "x", "S": "c", "C": "c"}.get(axis, "z") for axis in series.axes.upper())
    if order.count("y") != 1 or order.count("x") != 1 or len(order) != len(shape):
        raise refusal(path, f"Its axes “{series.axes}” are not those of an image.", "Export it as plain TIFF.")
    sizes = {kind: prod(n for n, k in zip(shape, order, strict=True) if k == kind) for kind in "zyxc"}
    page: Any = series.keyframe
    color = _color(page, sizes["c"], dtype)
    told = told_by(path, file, page, sizes, color, masks=not indices)
    names = told.names(_names(page, sizes["c"], color))
    if indices and color in AS_STORED:
        names = INDEX if color == "palette" else names
        color = "1-bit as stored" if dtype.kind == "b" else ""
    result = _result_type(dtype, color) if told.scaling is None else np.dtype(told.scaling.dtype(dtype))
    check_size(path, (sizes["z"], sizes["y"], sizes["x"], max(sizes["c"], len(names))), result.itemsize, budget)
    block = prod(int(n) for n in page.chunks)
    if block * dtype.itemsize > budget:
        why = f"One block of it needs {block * dtype.itemsize:,} bytes, the limit is {budget:,} bytes."
        raise refusal(path, why, "It may be damaged; export it again in smaller strips or tiles.")
    turn = int(page.tags.valueof(274, default=1))
    turn = turn if turn in range(2, 9) else 1
    sides = (sizes["x"], sizes["y"]) if turn >= 5 else (sizes["y"], sizes["x"])
    known = sizes_of(file, page, series.axes, sizes["z"])
    spacing = known.spacing
    if spacing and turn >= 5:
        spacing = (spacing[0], spacing[2], spacing[1])
    info = ImageInfo(
        "TIFF", (sizes["z"], *sides), len(names), names, str(result), spacing, known.unit if spacing else "",
        notes=(*_notes(file, color, turn), *known.notes),
    )  # fmt: skip
    if len(known.channels) == len(names) and not {*RGB, ALPHA, *INDEX} & set(names):
        info = replace(info, channel_names=tuple(map(_or, known.channels, names)))
    if turn == 1 and any(tag in page.tags for tag in (*geo.LOCATED, geo.NODATA)):
        info = geo.located(path, info)
    info = world_file.located(path, info)
    if color == "white is zero" and info.nodata is not None:  # it is a stored number, and those are inverted
        info = replace(info, nodata=_white(page) - info.nodata)
    if color == "palette" or told.scaling is not None:  # the number that means nothing is an index, or is NaN now
        info = replace(info, nodata=None)
    return TiffPlan(series, order, sizes, color, turn, info, told)


def _color(page: Any, channels: int, dtype: np.dtype[np.generic]) -> str:
    """What has to be done to the values to show them: "" nothing, else the name of a conversion in `shown`."""
    kind = int(page.photometric)
    if dtype.kind == "b":
        return "white is zero, 1-bit" if kind == 0 else "1-bit"
    if kind == 3 and page.colormap is not None and channels == 1 and dtype.kind == "u":
        return "palette"
    if kind == 0 and dtype.kind == "u":
        return "white is zero"
    if dtype == np.uint8 and kind == 5 and channels == 4:
        return "CMYK"
    if dtype == np.uint8 and kind == 6 and channels == 3 and int(page.compression) not in COLOR_CODECS:
        return "YCbCr"
    return "Lab" if dtype == np.uint8 and kind == 8 and channels == 3 else ""


def _result_type(dtype: np.dtype[np.generic], color: str) -> np.dtype[np.generic]:
    wanted: DTypeLike = dtype.newbyteorder("=")
    if color in ("palette", "1-bit", "white is zero, 1-bit", "1-bit as stored"):
        wanted = np.uint8
    elif dtype == np.float16:  # half floats are slow everywhere and unknown to most tools
        wanted = np.float32
    return np.dtype(wanted)


def _names(page: Any, channels: int, color: str) -> tuple[str, ...]:
    if color in ("palette", "CMYK", "YCbCr", "Lab"):
        return RGB
    if int(page.photometric) in (2, 6) and channels == int(page.samplesperpixel) and channels in (3, 4):
        return names_with_alpha((*RGB, "channel 4")[:channels], alpha_of(page, channels))
    if channels == 1:
        return ("grey",)
    if channels == 2 and alpha_of(page, channels) == 1:
        return ("grey", ALPHA)
    described = {int(i): name for i, name in DESCRIPTION.findall(str(page.tags.valueof(GDAL_METADATA, default="")))}
    names = tuple(_plain(described.get(i, "")) or f"channel {i + 1}" for i in range(channels))
    return names_with_alpha(names, alpha_of(page, channels))


def _or(name: str, other: str) -> str:
    return name or other


def _plain(text: str) -> str:
    """Text of an XML element, which GDAL escapes twice, cut where it would not fit into a list."""
    return unescape(unescape(text)).strip()[:80]


def _notes(file: tifffile.TiffFile, color: str, turn: int) -> tuple[str, ...]:
    images = [series for series in file.series if not int(series.keyframe.subfiletype or 0) & MASK]
    notes = [] if len(images) <= 1 else [f"Only the first of {len(images)} images in the file is shown."]
    if color.endswith("1-bit"):
        notes.append("1-bit pixels are shown as 0 and 255.")
    if color.startswith("white is zero"):
        notes.append("The file stores white as 0; the values are inverted.")
    if color == "palette":
        notes.append("Palette colours are shown as RGB.")
    if color in ("CMYK", "YCbCr", "Lab"):
        notes.append(f"{color} colours are converted to RGB.")
    if turn > 1:
        notes.append("The orientation stored in the file is applied.")
    return tuple(notes)


def _check_segments(path: Path, series: tifffile.TiffPageSeries) -> None:
    """Every strip and tile must lie inside the file; tifffile would read zeros for what is missing."""
    size = path.stat().st_size
    why = f"The file ends too early, after {size:,} bytes: part of the image is missing."
    keyframe: Any = series.keyframe
    plain = int(keyframe.compression) == 1 and int(keyframe.photometric) != 6  # YCbCr may be subsampled
    needed = int(keyframe.nbytes) // keyframe.dtype.itemsize * int(keyframe.bitspersample) // 8
    if series.dataoffset is not None and series.dataoffset + needed * len(series.pages) > size:
        raise refusal(path, why, AGAIN)
    for page in series.pages:
        if page is None:
            continue
        offsets, counts = page.dataoffsets, page.databytecounts
        if any(offset + count > size for offset, count in zip(offsets, counts, strict=False)):
            raise refusal(path, why, AGAIN)
        if not offsets or len(offsets) != len(counts):
            raise refusal(path, "Its list of strips or tiles is damaged.", AGAIN)
        whole = series.dataoffset is not None or all(counts)  # a count of 0 is a tile left out on purpose
        if whole and plain and sum(counts) < needed:
            raise refusal(path, f"It holds {sum(counts):,} bytes of the {needed:,} of its pixels.", AGAIN)


def shown(pixels: Pixels, plan: TiffPlan, measured: NDArray[np.bool_] | None = None) -> Pixels:
    """Values (slices, rows, columns, channels) as they are shown, in the info's dtype; `measured` (rows, columns) is
    what a mask says of them."""
    page: Any = plan.series.keyframe
    color = plan.color
    if plan.told.hidden is not None:
        measured = (pixels[..., 0] != plan.told.hidden) & (True if measured is None else measured)
    if plan.told.scaling is not None:
        pixels = plan.told.scaling.apply(pixels)
    if color == "palette":
        table = np.asarray(page.colormap).T
        pixels = (table >> 8 if table.max() > 255 else table).astype(np.uint8)[pixels[..., 0]]
    elif color.endswith("1-bit"):
        pixels = (pixels != color.startswith("white")).astype(np.uint8) * np.uint8(255)
    elif color == "white is zero":
        pixels = (_white(page) - pixels.astype(np.uint64)).astype(pixels.dtype)
    elif color and color != "1-bit as stored":
        pixels = _to_rgb(pixels, color)
    return plan.told.marked(pixels.astype(plan.info.dtype, copy=False), measured)


def _white(page: Any) -> int:
    """The highest number of a page's samples."""
    return int(2 ** int(page.bitspersample) - 1)


def _to_rgb(pixels: Pixels, color: str) -> Pixels:
    """CMYK, YCbCr or CIE L*a*b* in 8 bits as RGB, slice by slice."""
    from PIL import Image

    out = np.empty((*pixels.shape[:3], 3), np.uint8)
    for z, values in enumerate(pixels):
        if color == "Lab":
            out[z] = _lab_to_rgb(values)
        else:
            side = values.shape[1], values.shape[0]
            out[z] = np.asarray(Image.frombytes(color, side, np.ascontiguousarray(values).tobytes()).convert("RGB"))
    return out


def _lab_to_rgb(values: Pixels) -> NDArray[np.uint8]:
    """8-bit TIFF L*a*b* (a, b signed; white D50, as TIFF 6.0 section 23 has it) to sRGB (rows, columns, 3)."""
    signed = np.ascontiguousarray(values).view(np.int8).astype(np.float32)
    y = (values[..., 0].astype(np.float32) * (100 / 255) + 16) / 116
    roots = np.stack([y + signed[..., 1] / 500, y, y - signed[..., 2] / 200], axis=-1)
    xyz = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29)) * D50
    linear = np.clip(xyz @ XYZ_TO_RGB.T, 0, 1)
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(shown * 255), np.uint8)
