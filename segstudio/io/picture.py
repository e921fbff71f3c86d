"""PNG, JPEG, BMP, WebP and GIF, through Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, ImageSequence

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.reading import Pixels, Reading, check_size

Image.MAX_IMAGE_PIXELS = None  # replaced by our own gate, which counts bytes and knows the user's limit

GREY, RGB, RGBA = ("grey",), ("red", "green", "blue"), ("red", "green", "blue", "alpha")

MODES = {
    "1": ("L", "uint8", GREY), "L": ("L", "uint8", GREY), "LA": ("LA", "uint8", ("grey", "alpha")),
    "P": ("RGB", "uint8", RGB), "PA": ("RGBA", "uint8", RGBA), "RGB": ("RGB", "uint8", RGB),
    "RGBA": ("RGBA", "uint8", RGBA), "RGBX": ("RGB", "uint8", RGB), "CMYK": ("RGB", "uint8", RGB),
    "YCbCr": ("RGB", "uint8", RGB), "LAB": ("RGB", "uint8", RGB), "HSV": ("RGB", "uint8", RGB),
    "I;16": ("I;16", "uint16", GREY), "I;16B": ("I;16B", "uint16", GREY), "I;16L": ("I;16L", "uint16", GREY),
    "I": ("I", "int32", GREY), "F": ("F", "float32", GREY),
}  # fmt: skip
"""Pillow's mode: what it is converted to, the dtype and the channel names."""


def probe(path: Path, budget: int) -> ImageInfo:
    """Shape, channels and dtype from the header."""
    with Image.open(path) as image:
        return _info(path, image, budget)


def read(path: Path, budget: int) -> Reading:
    """Decode: EXIF orientation applied, palettes expanded, constant alpha dropped; frames are slices."""
    with Image.open(path) as image:
        info = _info(path, image, budget)
        frames = [_decode(frame) for frame in ImageSequence.Iterator(image)]
    if any(frame.shape != frames[0].shape for frame in frames):
        frames = frames[:1]
    pixels = np.stack(frames)
    pixels, names, notes = _drop_constant_alpha(pixels, info.channel_names, info.notes)
    slices, rows, columns, channels = pixels.shape
    return Reading(
        ImageInfo(info.format, (slices, rows, columns), channels, names, str(pixels.dtype), notes=notes), pixels
    )


def _info(path: Path, image: Image.Image, budget: int) -> ImageInfo:
    if image.mode not in MODES:
        raise UserError(f"“{path.name}” could not be opened.", why=f"Its colour mode “{image.mode}” is not supported.")
    _, dtype, names = MODES[image.mode]
    frames = int(getattr(image, "n_frames", 1))
    columns, rows = image.size
    check_size(path.name, (frames, rows, columns, len(names)), np.dtype(dtype).itemsize, budget)
    notes = []
    if image.getexif().get(0x0112, 1) in (5, 6, 7, 8):
        rows, columns = columns, rows
    if image.getexif().get(0x0112, 1) not in (0, 1):
        notes.append("The orientation stored in the file is applied.")
    if image.mode in ("P", "PA"):
        notes.append("Palette colours are shown as RGB.")
        if "transparency" in image.info:
            names = RGBA
    if image.mode == "1":
        notes.append("1-bit pixels are shown as 0 and 255.")
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        notes.append(f"{image.mode} colours are converted to RGB.")
    return ImageInfo(image.format or "", (frames, rows, columns), len(names), names, dtype, notes=tuple(notes))


def _decode(frame: Image.Image) -> Pixels:
    """Pixels (rows, columns, channels) of one frame."""
    mode = MODES.get(frame.mode, ("RGB",))[0]
    if frame.mode == "P" and "transparency" in frame.info:
        mode = "RGBA"
    upright = ImageOps.exif_transpose(frame)
    pixels = np.asarray(upright if upright.mode == mode else upright.convert(mode))
    if pixels.dtype.byteorder == ">":
        pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _drop_constant_alpha(
    pixels: Pixels, names: tuple[str, ...], notes: tuple[str, ...]
) -> tuple[Pixels, tuple[str, ...], tuple[str, ...]]:
    if pixels.shape[3] not in (2, 4) or (pixels[..., -1] != pixels[0, 0, 0, -1]).any():
        return pixels, names[: pixels.shape[3]] or names, notes
    kept = GREY if pixels.shape[3] == 2 else RGB
    return (
        np.ascontiguousarray(pixels[..., :-1]),
        kept,
        (*notes, "The alpha channel is the same everywhere and left out."),
    )
