"""Open an image file, whatever it turns out to be. Runs in the disposable reader process."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.image import ALPHA, ImageInfo
from segstudio.errors import UserError
from segstudio.io.formats import refusal, sniff
from segstudio.io.quiet import quiet

BUDGET = 1500 * 2**20
"""Bytes of pixels a file may need."""

INDEX = ("index",)
"""The channel of a picture whose numbers are those of a palette."""

SAMPLES = 1_000_000
"""Pixels of a channel looked at to find its range, about."""

Pixels = NDArray[np.generic]
Decoded = tuple[ImageInfo, Pixels | None]
"""What a format's reader returns: the info without ranges, and pixels unless only the header was wanted."""

DAMAGE = (
    OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, SyntaxError,
    EOFError, AssertionError, struct.error, zlib.error,
)  # fmt: skip
"""What image libraries raise on damaged files (imagecodecs' errors are RuntimeErrors, tifffile's ValueErrors)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An image: what is known of it and its pixels (slices, rows, columns, channels), native dtype."""

    info: ImageInfo
    pixels: Pixels


def open_image(path: Path, budget_bytes: int = BUDGET) -> Reading:
    """Decode a file. `budget_bytes` bounds what its pixels may need, known from the header before decoding.

    Raises UserError, with one clear sentence, for everything that is not a readable image: missing, empty,
    foreign, truncated, damaged, too large.
    """
    info, pixels = _guarded(path, budget_bytes, pixels=True)
    assert pixels is not None
    alpha = info.alpha
    if alpha is not None and (pixels[..., alpha] == pixels[0, 0, 0, alpha]).all():
        pixels = np.ascontiguousarray(np.delete(pixels, alpha, axis=3))
        names = tuple(name for name in info.channel_names if name != ALPHA)
        note = "The alpha channel is the same everywhere and left out."
        info = replace(info, channels=len(names), channel_names=names, notes=(*info.notes, note))
    elif alpha is not None:
        note = "The alpha channel is kept as a channel; where it is 0 nothing was measured."
        info = replace(info, notes=(*info.notes, note))
    return Reading(replace(info, ranges=robust_ranges(pixels, info.nodata, info.alpha)), pixels)


def open_stored(path: Path, budget_bytes: int = BUDGET) -> Reading:
    """A file with its numbers as stored: palette indices (the channel is then `INDEX`), samples of few bits and
    white-is-zero stay what they are. Without ranges. Raises as `open_image`."""
    info, pixels = _guarded(path, budget_bytes, pixels=True, indices=True)
    assert pixels is not None
    return Reading(info, pixels)


def probe(path: Path, budget_bytes: int = BUDGET) -> ImageInfo:
    """What a file holds, from its header; pixels are not decoded, so `ranges` is empty. Raises as `open_image`.

    A constant alpha channel, which `open_image` leaves out, still counts here.
    """
    return _guarded(path, budget_bytes, pixels=False)[0]


def check_size(path: Path, shape: Sequence[int], itemsize: int, budget: int) -> None:
    """Raise UserError when pixels of this shape need more than the budget, before anything is decoded."""
    if min(shape, default=0) < 1:
        raise refusal(path, "Its header gives an image without pixels.", "It is damaged; copy it again.")
    needed = itemsize
    for side in shape:
        needed *= int(side)  # Python's integers: numpy's would overflow
    if needed > budget:
        size = " × ".join(f"{side:,}" for side in shape if side != 1)
        raise UserError(
            f"“{path.name}” is too large to open.",
            why=f"Its header says {size}: {needed:,} bytes of pixels, the limit is {budget:,} bytes.",
            hint="Raise the limit in the settings if the file is genuine, or cut it into parts.",
        )


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Pixels (slices, rows, columns, channels) turned and flipped by the EXIF or TIFF orientation 1 to 8."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(0, 2, 1, 3)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[:, ::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, :, ::-1]
    return np.ascontiguousarray(pixels)


def robust_ranges(
    pixels: Pixels, nodata: float | None = None, alpha: int | None = None
) -> tuple[tuple[float, float], ...]:
    """For each channel the 0.5 % and 99.5 % percentiles of the finite pixels that are not `nodata`, low < high; where
    the channel `alpha` is 0 the others are not looked at.

    At most about a million pixels are looked at, spread evenly. Where the percentiles are equal the extremes
    count; a channel of one value v gives (v, v + 1), one without any finite value (0, 1).
    """
    slices, rows, columns, channels = pixels.shape
    step = int(np.ceil(np.sqrt(max(1.0, min(slices, 64) * rows * columns / SAMPLES))))
    step_z = int(np.ceil(slices / 64))
    ranges = []
    sample = pixels[::step_z, :: min(step, rows), :: min(step, columns)].reshape(-1, channels)[: 4 * SAMPLES]
    solid = None if alpha is None else sample[:, alpha] != 0
    for channel in range(channels):
        values = np.asarray(sample[:, channel], np.float64)
        if solid is not None and channel != alpha and solid.any():
            values = values[solid]
        values = values[np.isfinite(values)]
        known = values if nodata is None else values[values != nodata]
        values = known if known.size else values
        low, high = (float(v) for v in np.percentile(values, (0.5, 99.5))) if values.size else (0.0, 1.0)
        if not low < high and values.size:
            low, high = float(values.min()), float(values.max())
        if not low < high:
            high = max(low + 1.0, float(np.nextafter(low, np.inf)))
        ranges.append((low, high))
    return tuple(ranges)


def _guarded(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """Run the format's reader."""
    row = sniff(path)
    with guard(path):
        decoded: Decoded = row.load()(path, budget, pixels=pixels, indices=indices)
        return decoded


@contextmanager
def guard(path: Path, doing: Literal["read", "written"] = "read") -> Iterator[None]:
    """Whatever an image library throws becomes one sentence, about reading it or writing it. The only such place."""
    try:
        with quiet(), np.errstate(all="ignore"):
            yield
    except UserError:
        raise
    except Exception as error:
        said = _unwritten(path, error) if doing == "written" else _unread(path, error)
        if said is None:
            raise
        raise said from error


def _unread(path: Path, error: Exception) -> UserError | None:
    """What is said of a file that could not be read; None for an error that damage does not explain."""
    if isinstance(error, MemoryError | RecursionError):
        hint = "Close other images, or copy the file again if it should be small."
        return refusal(path, "Reading it takes more memory than a file may use; it may be damaged.", hint)
    if isinstance(error, DAMAGE):
        return refusal(path, _reason(error, path), "Copy, download or export it again from where it came.")
    return None


def _unwritten(path: Path, error: Exception) -> UserError:
    """What is said of a file, or the files of a folder, that could not be written, whatever the writer raised."""
    hint = "Choose another folder, or another format."
    if isinstance(error, OSError) and error.strerror:
        where = f" (“{error.filename}”)" if error.filename else ""
        why, hint = f"{error.strerror}{where}.", "Choose a folder that can be written to and has room."
    elif isinstance(error, MemoryError):
        why, hint = "There is not enough memory.", "Close other images or programs."
    else:
        words = " ".join(str(error).split())[:200].rstrip(".")
        why = f"The writer of this format says: {words or type(error).__name__}."
    return UserError(f"“{path.name}” could not be written.", why=why, hint=hint)


def _reason(error: BaseException, path: Path) -> str:
    """The library's words where they say something, else that the file is damaged."""
    text = " ".join(str(error).replace(str(path), path.name).split())
    low = text.lower()
    if "text_chunk" in low or "text_memory" in low or "too large for png" in low:
        return "Its text notes unpack to far more than a picture carries; it may be made to do harm."
    if any(
        word in low
        for word in (
            "truncat",
            "eof",
            "unexpected end",
            "not enough image data",
            "premature",
            "ended before",
            "less than expected",
        )
    ):
        return f"The file ends too early, after {path.stat().st_size:,} bytes: part of the image is missing."
    if "cannot identify" in low:
        return "Its header is damaged."
    if (
        not text
        or "invalid literal" in low
        or isinstance(error, (TypeError, AttributeError, LookupError, AssertionError))
    ):
        return "The file is damaged."  # the words are about the library's code, not about the file
    return f"The file is damaged ({text[:160].rstrip('.')})."
