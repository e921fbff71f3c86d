"""Mask files: class ids in, class ids out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from segstudio.core.classes import ClassTable
from segstudio.core.codes import NOTHING
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.formats import sniff
from segstudio.io.masks.numbering import WHITE, numbering
from segstudio.io.masks.stored import stored
from segstudio.io.reading import open_image

NOTHING_COLOR = (64, 0, 64)
"""Palette colour of 255 (nothing known) in written masks."""

TINT = 40
"""How much the channels of a grey picture may differ: JPEG leaves a little colour in masks."""

Rgb = tuple[int, int, int]
ClassMap = NDArray[np.uint8]


def read_mask(
    path: Path,
    *,
    classes: int = 2,
    invert: bool = False,
    colors: Mapping[Rgb, int] | None = None,
    ignore: int | None = None,
    white: bool | None = None,
) -> ClassMap:
    """The class ids in a mask file, uint8 (rows, columns).

    - `colors` given: pixels are mapped by their colour, never by palette index; other colours are 255.
    - Pixels whose number in the file is `ignore` are 255, "nothing known", before anything else is looked at.
    - Numbers are those that the file stores (io.masks.stored). With `white` (default: where there are two classes)
      black and white is background and class 1 (io.masks.numbering, the rule of the import).
    - Numbers all below `classes` are class ids; with more than two classes, and beside both 0 and 1, 255 is
      "nothing known".
    - Otherwise, with two classes: of two values the higher is class 1; of more values (anti-aliased edges,
      JPEG) those from 128 up are, in other types than 8 bits those above the middle.
    - `invert` swaps classes 0 and 1.

    Raises UserError when the values fit none of these, and as `open_image`.
    """
    if colors is not None:
        values = _by_color(path, colors)
    else:
        values = _by_value(path, classes, ignore, classes == 2 if white is None else white)
    if invert:
        values = np.where(values == 0, np.uint8(1), np.where(values == 1, np.uint8(0), values))
    return values


def _by_value(path: Path, classes: int, ignore: int | None, white: bool) -> ClassMap:
    file = stored(path, tint=TINT)
    values = _single(path, file.numbers)
    if not np.isfinite(values).all():
        raise UserError(f"“{path.name}” is not a mask.", why="Some of its values are not numbers (NaN or infinite).")
    silent = np.isin(values, [one for one in (ignore, *file.unknown) if one is not None])
    known = values[~silent]
    out = np.full(values.shape, NOTHING, np.uint8)
    out[~silent] = _classes_of(path, known, classes, white and file.white) if known.size else NOTHING
    return out


def _classes_of(path: Path, values: NDArray[Any], classes: int, white: bool) -> ClassMap:
    """Class ids of numbers (pixels)."""
    found = np.unique(values)
    if white and not set(found.tolist()) - {0, *WHITE}:
        return numbering(found.tolist(), white=white).of(values)
    ids = (found >= 0) & (found < min(classes, NOTHING)) & (found == found.astype(np.int64))
    # 0, 1 and 255 in one file are two classes and "nothing known"; 0 and 255 alone are two classes.
    if (ids | (found == NOTHING)).all() and (classes > 2 or ids.all() or (ids.sum() == 2 and sniff(path).id != "jpeg")):
        return values.astype(np.uint8)
    if classes == 2:
        return _two_classes(path, values, found)
    wrong = ", ".join(f"{value:g}" for value in found[~ids & (found != NOTHING)][:5].astype(float))
    raise UserError(
        f"“{path.name}” is not a mask of {classes} classes.",
        why=f"It holds the values {wrong}.",
        hint="Give the number of classes, or a table of colours.",
    )


def _two_classes(path: Path, values: NDArray[Any], found: NDArray[Any]) -> ClassMap:
    low, high = float(found[0]), float(found[-1])
    if len(found) == 2:
        return np.asarray(values == found[-1], np.uint8)
    if values.dtype != np.uint8:
        return np.asarray(values > (low + high) / 2 if len(found) > 1 else values > 0, np.uint8)
    if len(found) > 2 and high < 128 and sniff(path).id != "jpeg":  # JPEG turns an empty mask into faint noise
        raise UserError(
            f"“{path.name}” is not a mask of 2 classes.",
            why=f"It holds {len(found)} different values up to {high:g}.",
            hint="Give the number of classes if there are more.",
        )
    return np.asarray(values.astype(np.uint8) >= 128, np.uint8)


def _single(path: Path, pixels: NDArray[Any]) -> NDArray[Any]:
    if pixels.shape[0] > 1:
        raise UserError(
            f"“{path.name}” is not a mask of one image.",
            why=f"It holds {pixels.shape[0]} slices or frames.",
            hint="Save each slice as a file of its own.",
        )
    return np.asarray(pixels[0])


def _by_color(path: Path, colors: Mapping[Rgb, int]) -> ClassMap:
    pixels = _single(path, open_image(path).pixels)
    if pixels.shape[2] < 3 or pixels.dtype != np.uint8:
        raise UserError(
            f"“{path.name}” has no 8-bit colours.",
            why=f"It holds {pixels.shape[2]} channels of {pixels.dtype}.",
            hint="Read it without a table of colours.",
        )
    packed = (pixels[..., 0].astype(np.uint32) << 16) | (pixels[..., 1].astype(np.uint32) << 8) | pixels[..., 2]
    out = np.full(packed.shape, NOTHING, np.uint8)
    for (red, green, blue), class_id in colors.items():
        out[packed == red << 16 | green << 8 | blue] = class_id
    return out


def write_indexed_png(path: Path, mask: ClassMap, classes: ClassTable) -> None:
    """Write class ids (rows, columns) as an indexed PNG: pixel value = class id, palette = class colours.

    255 is "nothing known" (dark purple). The same mask and colours give the same bytes; no text is stored.
    """
    palette = np.zeros((256, 3), np.uint8)
    palette[NOTHING] = NOTHING_COLOR
    for entry in classes:
        palette[entry.id] = ImageColor.getrgb(entry.color)[:3]
    image = Image.fromarray(np.ascontiguousarray(mask, np.uint8), "L")
    image = image.copy()
    image.putpalette(palette.tobytes())
    with replacing(path) as scratch:
        image.save(scratch, "PNG", optimize=False)
