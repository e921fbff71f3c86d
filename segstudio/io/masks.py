"""Mask files: class ids in, class ids out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor

from segstudio.core.classes import ClassTable
from segstudio.core.codes import NOTHING
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.formats import sniff
from segstudio.io.reading import BUDGET, check_size, open_image

NOTHING_COLOR = (64, 0, 64)
"""Palette colour of 255 (nothing known) in written masks."""

Rgb = tuple[int, int, int]
ClassMap = NDArray[np.uint8]


def read_mask(
    path: Path, *, classes: int = 2, invert: bool = False, colors: Mapping[Rgb, int] | None = None
) -> ClassMap:
    """The class ids in a mask file, uint8 (rows, columns).

    - `colors` given: pixels are mapped by their colour, never by palette index; other colours are 255.
    - Palette files hold class ids as indices. Grey files whose values are all below `classes` (or 255, which
      means nothing known) hold class ids.
    - Otherwise, with two classes: values from the middle between the smallest and the largest up are class 1
      (0/255 masks, anti-aliased or JPEG-compressed edges).
    - `invert` swaps classes 0 and 1.

    Raises UserError when the values fit none of these.
    """
    values = _by_color(path, colors) if colors is not None else _by_value(path, classes)
    if invert:
        values = np.where(values == 0, np.uint8(1), np.where(values == 1, np.uint8(0), values))
    return values


def _by_value(path: Path, classes: int) -> ClassMap:
    values = _values(path)
    found = np.unique(values)
    if ((found < classes) | (found == NOTHING)).all() and (classes > 2 or found[-1] != NOTHING):
        return values.astype(np.uint8)
    if classes == 2:
        low, high = float(found[0]), float(found[-1])
        return np.asarray(values > (low + high) / 2, np.uint8)
    wrong = ", ".join(str(v) for v in found[(found >= classes) & (found != NOTHING)][:5])
    raise UserError(
        f"“{path.name}” is not a mask of {classes} classes.",
        why=f"It holds the values {wrong}.",
        hint="Give the number of classes, or a table of colours.",
    )


def _values(path: Path) -> NDArray[np.generic]:
    """Numbers (rows, columns): palette indices, or the grey value; colour files must be grey in colour."""
    if sniff(path).id in ("png", "gif", "bmp"):
        with Image.open(path) as image:
            check_size(path.name, (image.height, image.width), 1, BUDGET)
            if image.mode == "P":
                return np.asarray(image)
    pixels = open_image(path).pixels[0]
    if pixels.shape[2] >= 3 and (pixels[..., :1] != pixels[..., 1:3]).any():
        spread = np.ptp(pixels[..., :3].astype(np.int32), axis=2)
        if spread.max() > 40:  # JPEG leaves a little colour in grey masks
            raise UserError(
                f"“{path.name}” is a colour picture, not class ids.", hint="Give a table of colours and classes."
            )
    return np.asarray(pixels[..., 0])


def _by_color(path: Path, colors: Mapping[Rgb, int]) -> ClassMap:
    pixels = open_image(path).pixels[0]
    if pixels.shape[2] < 3 or pixels.dtype != np.uint8:
        raise UserError(f"“{path.name}” has no 8-bit colours.")
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
