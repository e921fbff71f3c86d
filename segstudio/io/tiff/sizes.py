"""Sizes: how large the pixels of a TIFF are, from whatever its writer says of it.

Microscopes, slide scanners and ImageJ each have a place of their own. What none of them says is not made up: pages of
a stack have no distance by themselves, and "pixel" is no length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import tifffile

MICROMETRES = {
    "pm": 1e-6, "å": 1e-4, "angstrom": 1e-4, "nm": 1e-3, "nanometer": 1e-3, "nanometre": 1e-3, "µm": 1.0, "um": 1.0,
    "micron": 1.0, "microns": 1.0, "micrometer": 1.0, "micrometre": 1.0, "\\u00b5m": 1.0, "mm": 1e3,
    "millimeter": 1e3, "millimetre": 1e3, "cm": 1e4, "centimeter": 1e4, "dm": 1e5, "m": 1e6, "meter": 1e6,
    "metre": 1e6, "km": 1e9, "in": 25_400.0, "inch": 25_400.0, "inches": 25_400.0, "ft": 304_800.0,
    "mil": 25.4, "thou": 25.4,
}  # fmt: skip
"""Lengths by their names in OME-XML and ImageJ, in lower case; the Greek mu counts as the micro sign."""

KEPT = {"nm", "µm", "mm", "cm", "m"}
"""Units in which sizes are shown as the file gives them; those of others, and mixed ones, are in micrometres."""

LONGEST_XML = 2**24

Spacing = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Sizes:
    """`spacing` is (slices, rows, columns) in `unit`, or None where that is not known. `channels` are the names of the
    channels where the file has them, `notes` what it does not say."""

    spacing: Spacing | None = None
    unit: str = ""
    channels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Length = tuple[float, str]
"""A number and its unit as the file has them."""

Found = tuple[Length | None, Length | None, Length | None]
"""Along z, y and x."""


def sizes_of(file: tifffile.TiffFile, page: Any, axes: str, slices: int) -> Sizes:
    """What the file says of its first series, with the axes of tifffile; the first source that knows x and y counts."""
    names: tuple[str, ...] = ()
    for source in SOURCES:
        found = source(file, page)
        if found is None:
            continue
        (z, y, x), channels = found
        names = names or channels
        if x is not None and y is not None:
            made = _together(z, y, x, slices if "Z" in axes or "T" not in axes else 1)
            if made is not None:
                return Sizes(*made, names)
            why = "Pixels have a size in the file, but slices have no distance: no lengths are shown."
            return Sizes(channels=names, notes=(why,))
    return Sizes(channels=names)


def _together(z: Length | None, y: Length, x: Length, slices: int) -> tuple[Spacing, str] | None:
    """Lengths in one unit; one slice, and slices that are times, need no distance. None where one is missing."""
    if z is None:
        if slices > 1:
            return None
        z = (1.0, y[1])
    unit = _plain(x[1])
    same = unit in KEPT and all(_plain(one[1]) == unit for one in (z, y))
    sizes = [abs(number) * (1.0 if same else MICROMETRES[_plain(name)]) for number, name in (z, y, x)]
    return (sizes[0], sizes[1], sizes[2]), unit if same else "µm"


def _plain(unit: str) -> str:
    low = unit.strip().replace("μ", "µ").replace("\u212b", "å").lower()
    return "µm" if low in ("um", "micron", "microns", "\\u00b5m", "micrometer", "micrometre") else low


def _length(number: object, unit: str) -> Length | None:
    """None for what is no length: no number, zero, pixels."""
    try:
        value = float(str(number))
    except ValueError:
        return None
    known = math.isfinite(value) and 0 < abs(value) < 1e12 and _plain(unit) in MICROMETRES
    return (value, unit) if known else None


# --- sources ----------------------------------------------------------------------------------------------------------

Source = Callable[[tifffile.TiffFile, Any], "tuple[Found, tuple[str, ...]] | None"]


def _ome(file: tifffile.TiffFile, page: Any) -> tuple[Found, tuple[str, ...]] | None:
    """OME-XML: each size with a unit of its own, micrometres where there is none."""
    text = file.ome_metadata
    if not isinstance(text, str) or len(text) > LONGEST_XML or "<!ENTITY" in text or "<!DOCTYPE" in text:
        return None
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return None
    pixels = next((one for one in root.iter() if _tag(one) == "Pixels"), None)
    if pixels is None:
        return None
    names = tuple(_channel_names(pixels))
    z, y, x = (
        _length(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "µm")) for axis in "ZYX"
    )
    return (z, y, x), names if any(names) else ()


def _channel_names(pixels: ElementTree.Element) -> Iterator[str]:
    for one in pixels:
        if _tag(one) == "Channel":
            samples = int(one.get("SamplesPerPixel", "1")) if one.get("SamplesPerPixel", "1").isdigit() else 1
            yield from [one.get("Name", "")[:80]] * min(samples, 4)


def _tag(one: ElementTree.Element) -> str:
    return str(one.tag).rpartition("}")[2]


def _imagej(file: tifffile.TiffFile, page: Any) -> tuple[Found, tuple[str, ...]] | None:
    """ImageJ: pixels per unit in the resolution tags, and the distance of slices, which is 1 where it is not given
    (ij.io.FileOpener)."""
    said = file.imagej_metadata
    if not said:
        return None
    unit = str(said.get("unit", ""))
    y, x = _by_resolution(page, str(said.get("yunit", unit)), unit)
    z = _length(said.get("spacing", 1.0), str(said.get("zunit", unit)))
    return (z, y, x), ()


def _by_resolution(page: Any, rows: str, columns: str) -> tuple[Length | None, Length | None]:
    across, down = page.resolution
    sane = 0 < across < 1e12 and 0 < down < 1e12
    return (_length(1 / down, rows), _length(1 / across, columns)) if sane else (None, None)


MPP = re.compile(r"(?:^|[|\s])MPP\s*=\s*([0-9.eE+-]+)")
SCAN_RES = re.compile(r'ScanRes="([0-9.eE+-]+)"')
PHILIPS = re.compile(r'DICOM_PIXEL_SPACING"[^>]*>(?:"|&quot;)([0-9.eE+-]+)(?:"|&quot;) (?:"|&quot;)([0-9.eE+-]+)')


def _slide(file: tifffile.TiffFile, page: Any) -> tuple[Found, tuple[str, ...]] | None:
    """Slides: Aperio's MPP and Ventana's ScanRes in micrometres, Philips' DICOM_PIXEL_SPACING in millimetres."""
    texts = [str(page.description)[:100_000]]
    if (xmp := page.tags.valueof(700)) is not None:
        texts.append(xmp.decode("utf-8", "replace")[:1_000_000] if isinstance(xmp, bytes) else str(xmp))
    for text in texts:
        if found := MPP.search(text) or SCAN_RES.search(text):
            one = _length(found[1], "µm")
            return (None, one, one), ()
        if (found := PHILIPS.search(text)) is not None:
            return (None, _length(found[1], "mm"), _length(found[2], "mm")), ()
    return None


def _microscope(file: tifffile.TiffFile, page: Any) -> tuple[Found, tuple[str, ...]] | None:
    """Zeiss LSM (metres) and Micro-Manager (micrometres)."""
    if file.is_lsm and (lsm := file.lsm_metadata):
        z, y, x = (_length(lsm.get(f"VoxelSize{axis}"), "m") for axis in "ZYX")
        return (z, y, x), ()
    if file.is_micromanager and (said := file.micromanager_metadata):
        summary: Mapping[str, Any] = said.get("Summary") or {}
        one = _length(summary.get("PixelSize_um"), "µm")
        return (_length(summary.get("z-step_um"), "µm"), one, one), ()
    return None


def _resolution(file: tifffile.TiffFile, page: Any) -> tuple[Found, tuple[str, ...]] | None:
    """Resolution tags in pixels per centimetre, which know nothing of z.

    Pixels per inch are left out: nearly always they are a screen's or a printer's, not the object's.
    """
    if int(page.resolutionunit) != 3 or file.imagej_metadata:
        return None
    y, x = _by_resolution(page, "cm", "cm")
    millimetres = tuple(None if one is None else (one[0] * 10, "mm") for one in (y, x))
    return (None, millimetres[0], millimetres[1]), ()


SOURCES: tuple[Source, ...] = (_ome, _imagej, _microscope, _slide, _resolution)
