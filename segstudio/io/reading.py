"""Open an image file, whatever it turns out to be. Runs in the disposable reader process."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.formats import sniff

BUDGET = 1500 * 2**20
"""Bytes of pixels a file may need."""

T = TypeVar("T")
Pixels = NDArray[np.generic]

_DAMAGE = (
    OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, ZeroDivisionError, OverflowError,
    RuntimeError, SyntaxError, EOFError, ArithmeticError, AssertionError, ImportError,
    struct.error, zlib.error, Warning,
)  # fmt: skip
"""What image libraries raise on damaged files. All of it means the same to the user."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An image: what is known of it and its pixels (slices, rows, columns, channels), native dtype."""

    info: ImageInfo
    pixels: Pixels


def open_image(path: Path, budget: int = BUDGET) -> Reading:
    """Decode a file. `budget` bounds the bytes its pixels may need.

    Raises UserError, with one clear sentence, for everything that is not a readable image: missing, empty,
    foreign, truncated, damaged, too large.
    """
    row = sniff(path)
    reading: Reading = _guarded(path, lambda: row.load("read")(path, budget))
    info = replace(reading.info, ranges=robust_ranges(reading.pixels))
    return Reading(info, reading.pixels)


def probe(path: Path, budget: int = BUDGET) -> ImageInfo:
    """What a file holds, from its header; pixels are not decoded, so `ranges` is empty. Raises as `open_image`."""
    row = sniff(path)
    info: ImageInfo = _guarded(path, lambda: row.load("probe")(path, budget))
    return info


def check_size(name: str, shape: Sequence[int], itemsize: int, budget: int) -> None:
    """Raise UserError when pixels of this shape need more than the budget, before anything is decoded."""
    needed = itemsize
    for side in shape:
        needed *= int(side)
    if min(shape, default=0) < 1:
        raise UserError(f"“{name}” could not be opened.", why="Its header gives an image without pixels.")
    if needed > budget:
        size = " x ".join(f"{side:,}" for side in shape if side != 1)
        raise UserError(
            f"“{name}” is too large to open.",
            why=f"Its header says {size}: {needed / 2**20:,.0f} MB of pixels, the limit is {budget / 2**20:,.0f} MB.",
            hint="Raise the limit in the settings if the file is genuine.",
        )


def robust_ranges(pixels: Pixels) -> tuple[tuple[float, float], ...]:
    """For each channel the 0.5 % and 99.5 % percentiles of the finite pixels, low < high.

    At most about a million pixels are looked at, spread evenly. A channel of one value v gives (v, v + 1); one
    without any finite value gives (0, 1).
    """
    step = max(1, int((np.prod(pixels.shape[:3]) / 1e6) ** 0.5))
    ranges = []
    for channel in range(pixels.shape[3]):
        values = np.asarray(pixels[:, ::step, ::step, channel], np.float64)
        values = values[np.isfinite(values)]
        low, high = np.percentile(values, (0.5, 99.5)) if values.size else (0.0, 1.0)
        if not high > low and values.size:
            low, high = values.min(), values.max()
        ranges.append((float(low), float(high) if high > low else float(low) + 1.0))
    return tuple(ranges)


def _guarded(path: Path, work: Callable[[], T]) -> T:
    """Turn whatever an image library throws into one sentence."""
    what = f"“{path.name}” could not be opened."
    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return work()
    except UserError:
        raise
    except (MemoryError, RecursionError):
        raise UserError(
            what, why="It needs more memory than a file may use here.", hint="It may be damaged, or made to do harm."
        ) from None
    except _DAMAGE as error:
        raise UserError(what, why=_reason(error), hint="Copy or export it again from where it came.") from error


def _reason(error: BaseException) -> str:
    """The library's words where they say something, else that the file is damaged."""
    text = " ".join(str(error).split())
    low = text.lower()
    if "truncated" in low or "eof" in low or "unexpected end" in low or "not enough image data" in low:
        return "The file ends too early: part of the image is missing."
    return f"The file is damaged ({text[:160].rstrip('.')})." if text else "The file is damaged."
