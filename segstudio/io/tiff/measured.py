"""What a TIFF says of its values: scale and offset, and which pixels were measured at all (GDAL's tags and masks)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from segstudio.core.image import ALPHA
from segstudio.io.reading import Pixels

GDAL_METADATA, NODATA = 42112, 42113
"""TIFF tags of GDAL: XML with names, scales and offsets of bands, and the number that means nothing."""

ITEM = re.compile(r"<Item ([^>]{1,200})>([^<]{1,80})</Item>")
SAMPLE, ROLE = re.compile(r'sample="(\d{1,5})"'), re.compile(r'role="(scale|offset)"')

TRANSPARENT = (1, 2)
"""Extra samples that are alpha, associated or not (TIFF 6.0, ExtraSamples)."""

MASK = 4
"""The bit of NewSubfileType (TIFF 6.0) of transparency masks."""

PAGES = 64
"""Pages among which masks are looked for: files with masks have a few levels, not stacks."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """value = stored * slope + offset for each channel; stored numbers equal to `nodata` become NaN."""

    slopes: tuple[float, ...]
    offsets: tuple[float, ...]
    nodata: float | None
    alpha: int | None = None
    """The channel that is no measurement."""

    def dtype(self, stored: np.dtype[np.generic]) -> str:
        """A type that holds the values."""
        return "float32" if stored.itemsize <= 2 or stored == np.float32 else "float64"

    def apply(self, pixels: Pixels) -> NDArray[np.floating[Any]]:
        """Values of stored numbers (..., channels); bands beyond those that have a slope stay as they are."""
        out = pixels.astype(self.dtype(pixels.dtype))
        for band, (slope, offset) in enumerate(zip(self.slopes, self.offsets, strict=True)):
            out[..., band] = np.asarray(pixels[..., band], np.float64) * slope + offset
            if self.nodata is not None and band != self.alpha:
                out[..., band][pixels[..., band] == self.nodata] = np.nan
        return out


def scaling(page: Any, channels: int) -> Scaling | None:
    """The scale and offset tags of GDAL; None where values are what is stored."""
    found = {"scale": [1.0] * channels, "offset": [0.0] * channels}
    for attributes, text in ITEM.findall(str(page.tags.valueof(GDAL_METADATA, default=""))):
        role, sample = ROLE.search(attributes), SAMPLE.search(attributes)
        value = _number(text)
        if role and value is not None and np.isfinite(value):
            band = int(sample[1]) if sample else 0
            if band < channels:
                found[role[1]][band] = value
    slopes, offsets = tuple(found["scale"]), tuple(found["offset"])
    if set(slopes) == {1.0} and set(offsets) == {0.0}:
        return None
    return Scaling(slopes, offsets, nodata(page), alpha_of(page, channels))


def nodata(page: Any) -> float | None:
    """GDAL's number that means nothing; None where there is none, or where it is NaN, which says so by itself."""
    value = _number(str(page.tags.valueof(NODATA, default="")).strip("\0 "))
    return value if value is not None and np.isfinite(value) else None


def alpha_of(page: Any, channels: int) -> int | None:
    """The channel that is alpha, if there is one."""
    extra = [int(sample) for sample in page.extrasamples]
    if channels != int(page.samplesperpixel):
        return None
    place = next((i for i, kind in enumerate(extra) if kind in TRANSPARENT), None)
    return None if place is None else channels - len(extra) + place


@dataclass(frozen=True, slots=True)
class Told:
    """What a TIFF says of the values of its first image.

    `masks` are pages of its size and of its levels' that are 0 where nothing was measured, in the file or in one beside
    it; `hidden` is the index of a palette that means nothing. Either becomes an alpha channel, where there is none yet.
    """

    scaling: Scaling | None
    masks: tuple[Any, ...] = ()
    hidden: float | None = None
    alpha: int | None = None
    """The channel that is alpha by itself."""

    @property
    def adds_alpha(self) -> bool:
        """Whether an alpha channel is added as the last one."""
        return self.alpha is None and (bool(self.masks) or self.hidden is not None)

    def names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The channels' names with that of the added one."""
        return (*names, ALPHA) if self.adds_alpha else names

    def measured(self) -> NDArray[np.bool_] | None:
        """The whole mask (rows, columns), if there is one."""
        return np.asarray(self.masks[0].asarray()) != 0 if self.masks else None

    def marked(self, pixels: Pixels, measured: NDArray[np.bool_] | None) -> Pixels:
        """Pixels (slices, rows, columns, channels) with the alpha channel, 0 where nothing was measured."""
        if measured is None or not (self.masks or self.hidden is not None):
            return pixels
        full = 1 if pixels.dtype.kind == "f" else np.iinfo(str(pixels.dtype)).max
        alpha = np.broadcast_to(np.where(measured, full, 0).astype(pixels.dtype), pixels.shape[:3])
        if self.adds_alpha:
            return np.concatenate([pixels, alpha[..., None]], axis=-1)
        out = pixels.copy()
        out[..., self.alpha][alpha == 0] = 0
        return out

    def close(self) -> None:
        """Close the file beside, where masks come from one."""
        for page in self.masks[:1]:
            page.parent.close()


def told_by(
    path: Path, file: tifffile.TiffFile, page: Any, sizes: dict[str, int], color: str, *, masks: bool = True
) -> Told:
    """What the tags of an image's first page and, with `masks`, those in the file and beside it say; `color` is the
    conversion that its values get."""
    channels = sizes["c"]
    hidden = nodata(page) if color == "palette" and masks else None
    found = _masks(path, file, page) if sizes["z"] == 1 and masks else ()
    return Told(scaling(page, channels) if not color else None, found, hidden, alpha_of(page, channels))


def _masks(path: Path, file: tifffile.TiffFile, page: Any) -> tuple[Any, ...]:
    """Pages that are masks of the first image, the largest first; none where that one is not of the image's size."""
    found: list[Any] = _mask_pages(file) if len(file.pages) <= PAGES else []
    beside = path.with_name(path.name + ".msk")
    if not found and beside.is_file():
        try:
            pages: list[Any] = list(tifffile.TiffFile(beside, _multifile=False).pages)
            found = [one for one in pages if one.samplesperpixel == 1]
        except (OSError, ValueError, tifffile.TiffFileError):
            return ()
    found.sort(key=lambda one: -int(one.imagewidth))
    fits = found and (found[0].imagelength, found[0].imagewidth) == (page.imagelength, page.imagewidth)
    return tuple(found) if fits else ()


def _mask_pages(file: tifffile.TiffFile) -> list[Any]:
    pages: list[Any] = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]  # frames are like the first
    return [page for page in pages if int(page.subfiletype or 0) & MASK and page.samplesperpixel == 1]


def names_with_alpha(names: tuple[str, ...], place: int | None) -> tuple[str, ...]:
    """Channel names of which one is alpha, where the file says so."""
    return names if place is None else (*names[:place], ALPHA, *names[place + 1 :])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
