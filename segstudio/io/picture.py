"""PNG, JPEG, BMP, WebP and GIF, through Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from segstudio.core.image import ALPHA, ImageInfo
from segstudio.io import world_file
from segstudio.io.formats import refusal
from segstudio.io.reading import DAMAGE, INDEX, Decoded, Pixels, check_size, upright

GREY, RGB = ("grey",), ("red", "green", "blue")
BAND = 1024
"""Rows converted at a time, so that no second copy of the whole image is needed."""
ORIENTATION = 0x0112


class Target(NamedTuple):
    """What pixels of a Pillow mode become: the mode to convert to, dtype, channel names and a note."""

    mode: str
    dtype: str
    names: tuple[str, ...]
    note: str = ""


MODES = {
    "1": Target("L", "uint8", GREY, "1-bit pixels are shown as 0 and 255."),
    "L": Target("L", "uint8", GREY),
    "LA": Target("LA", "uint8", (*GREY, "alpha")),
    "P": Target("RGB", "uint8", RGB, "Palette colours are shown as RGB."),
    "PA": Target("RGBA", "uint8", (*RGB, "alpha"), "Palette colours are shown as RGB."),
    "RGB": Target("RGB", "uint8", RGB),
    "RGBX": Target("RGB", "uint8", RGB),
    "RGBA": Target("RGBA", "uint8", (*RGB, "alpha")),
    "CMYK": Target("RGB", "uint8", RGB, "CMYK colours are converted to RGB."),
    "YCbCr": Target("RGB", "uint8", RGB, "YCbCr colours are converted to RGB."),
    "I;16": Target("I;16", "uint16", GREY),
    "I;16B": Target("I;16B", "uint16", GREY),
    "I": Target("I", "int32", GREY),
    "F": Target("F", "float32", GREY),
}
INDICES = Target("P", "uint8", INDEX)
DEEP = {2: RGB, 4: (*GREY, "alpha"), 6: (*RGB, "alpha")}
"""PNG colour types whose 16-bit samples Pillow would cut to 8: their channels."""


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """An image file Pillow knows: EXIF orientation applied, palettes expanded, animation frames as slices.

    With `indices`, numbers are those of the file: indices of a palette, and of grey PNG with 1, 2 or 4 bits the samples
    instead of the shades they stand for.

    Raises UserError when the pixels need more than `budget` bytes, and what Pillow raises on damaged files.
    """
    with _opened(path) as image:
        frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
        target = INDICES if indices and image.mode == "P" and frames == 1 else _target(path, image, frames)
        columns, rows = image.size
        check_size(path, (frames, rows, columns, len(target.names)), np.dtype(target.dtype).itemsize, budget)
        if pixels:
            image.load()  # before the EXIF data, where damaged pixels would pass as damaged EXIF
        turn, notes = _orientation(image, whole=pixels)
        if target.note:
            notes = (target.note, *notes)
        clear = image.info.get("transparency")
        nodata = float(clear) if isinstance(clear, int) and target.names == GREY and _whole_bytes(path, image) else None
        if clear is not None and nodata is None and target.names[-1] not in (ALPHA, "index"):
            notes = (*notes, "The transparent colour is shown as any other.")
        found = None
        if pixels:
            found = upright(_read(path, image, frames, target, budget), turn)
            if indices and (step := _step_of_shades(path, image)) > 1:
                found = np.asarray(found.astype(np.uint8) // np.uint8(step))
        shape = (frames, columns, rows) if turn >= 5 else (frames, rows, columns)
        title = "JPEG" if image.format == "MPO" else image.format or ""
    names = target.names
    info = ImageInfo(title, shape, len(names), names, target.dtype, notes=notes, nodata=nodata)
    return world_file.located(path, info), found


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Pillow's own size limit gives way to `check_size`, which counts bytes and knows the user's limit."""
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    try:
        with Image.open(path, formats=("PNG", "JPEG", "BMP", "WEBP", "GIF")) as image:
            yield image
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def _target(path: Path, image: Image.Image, frames: int) -> Target:
    if image.mode not in MODES:
        raise refusal(path, f"Its colour mode “{image.mode}” is not supported.", "Export it as RGB or grey.")
    if (deep := _deep_channels(path, image)) and frames == 1:
        return Target("deep", "uint16", deep)
    if frames > 1:  # Pillow gives the frames of one file in different modes
        return Target("RGBA", "uint8", (*RGB, "alpha"), "The frames of the animation are slices.")
    if "transparency" in image.info and image.mode in ("P", "RGB"):
        return MODES["PA" if image.mode == "P" else "RGBA"]
    return MODES[image.mode]


def _whole_bytes(path: Path, image: Image.Image) -> bool:
    """Whether the shades of a grey PNG are stored as they are shown, so that its transparent one is a pixel value."""
    if image.format != "PNG":
        return False
    with path.open("rb") as file:
        return file.read(25)[24] >= 8


def _deep_channels(path: Path, image: Image.Image) -> tuple[str, ...]:
    """Channel names of a PNG with 16 bits in more than one channel, else nothing."""
    if image.format != "PNG":
        return ()
    with path.open("rb") as file:
        head = file.read(26)
    return DEEP.get(head[25], ()) if head[24] == 16 else ()


def _step_of_shades(path: Path, image: Image.Image) -> int:
    """By how much the shades of a grey picture of few bits differ: Pillow spreads them out to white."""
    if image.mode == "1":
        return 255
    if image.mode != "L" or image.format != "PNG":
        return 1
    with path.open("rb") as file:
        bits = file.read(25)[24]
    return 255 // (2**bits - 1) if bits < 8 else 1


def _orientation(image: Image.Image, *, whole: bool) -> tuple[int, tuple[str, ...]]:
    """Orientation 1 to 8 and notes; `whole` is False where pixels must not be decoded for it."""
    if (
        not whole
        and image.format == "PNG"
        and not any("exif" in k or "xmp" in k for k in image.info if isinstance(k, str))
    ):
        return 1, ()
    try:
        turn = image.getexif().get(ORIENTATION, 1)
    except DAMAGE:  # the picture itself may be whole
        return 1, ("The damaged EXIF data is ignored.",)
    if not isinstance(turn, int) or turn not in range(2, 9):
        return 1, ()
    return turn, ("The orientation stored in the file is applied.",)


def _read(path: Path, image: Image.Image, frames: int, target: Target, budget: int) -> Pixels:
    if target.mode == "deep":
        import imagecodecs

        return np.asarray(imagecodecs.png_decode(path.read_bytes()))[None]
    columns, rows = image.size
    out = np.empty((frames, rows, columns, len(target.names)), target.dtype)
    for z in range(frames):
        if frames > 1:
            image.seek(z)
        check_size(path, (image.height, image.width, len(target.names)), out.itemsize, budget)
        image.load()
        if image.size != (columns, rows):  # GIF frames may claim to be larger than the image
            raise refusal(path, f"Frame {z + 1} is of another size than the first.", "Export the frames one by one.")
        for top in range(0, rows, BAND):
            band = image.crop((0, top, columns, min(top + BAND, rows)))
            values = np.asarray(band if band.mode == target.mode else band.convert(target.mode))
            out[z, top : top + BAND] = values[..., None] if values.ndim == 2 else values
    return out
