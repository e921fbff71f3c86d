"""DICOM: a file, the whole series it belongs to, or a slide of tiles, through pydicom and highdicom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo, NamedWindow
from segstudio.errors import UserError
from segstudio.io.dicom.burned_in import NOTE, burned_in
from segstudio.io.dicom.calibration import calibration_of
from segstudio.io.dicom.codecs import RETIRED, use_codecs
from segstudio.io.dicom.file import read_file
from segstudio.io.dicom.phases import Slice
from segstudio.io.dicom.place import SlicePlace, place_of
from segstudio.io.dicom.series import coarser, series_of
from segstudio.io.dicom.slide import HINT, SlideWindows, Tiling, filled, level_of, tiling_of
from segstudio.io.dicom.values import Scale, Values, unit_of, values_of
from segstudio.io.dicom.window import windows_of
from segstudio.io.formats import refusal
from segstudio.io.reading import Decoded, check_size

COLOR = ("red", "green", "blue")
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The series that a file belongs to, as far as it lies in the same folder; slices in their order in the patient.

    Values are rescaled, each slice as it says itself (Rescale Slope and Intercept, or the Modality LUT): Hounsfield
    units in a CT. MONOCHROME1, where high means dark, is turned over so that it looks as meant; palettes and YBR become
    RGB. The first window of the slice that is shown first becomes the display window, padding the value without
    meaning (io.dicom.values). The tiles of a whole slide become one picture, its optical paths channels, its focal
    planes slices. Raises UserError for what holds no pixels, and names a transfer syntax that cannot be decoded.
    """
    first = read_file(path, pixels=pixels)
    if not any(name in first for name in PIXELS):
        raise _no_pixels(path, first)
    tiling = tiling_of(path, first)
    several = int(first.get("NumberOfFrames", 1) or 1) > 1
    files = [Slice(path, first)] if several else series_of(path, first)
    info, place, values = _describe([one.header for one in files], tiling)
    check_size(path, (*info.shape, info.channels), np.dtype(info.dtype).itemsize, budget)
    if not pixels:
        return info, None
    out = np.empty((*info.shape, info.channels), info.dtype)
    if tiling is not None:
        tiles = _decoded(path, first).reshape(len(tiling.where), *tiling.tile, -1)
        for z in range(info.shape[0]):
            out[z] = filled(tiling, info, z, Box(z, 0, 0, *info.shape[1:]), lambda n: values.of(0, tiles[n]))
    elif len(files) == 1:
        frames = _decoded(path, first).reshape(out.shape)
        for z, frame in enumerate(place.order or range(len(frames))):
            out[z] = values.of(frame, frames[frame])
    else:
        for z, file in enumerate(files):
            header = first if file.path == path else read_file(file.path)
            out[z] = values.of(z, _decoded(file.path, header).reshape(out.shape[1:]))
    return info, out


def _no_pixels(path: Path, header: Any) -> UserError:
    """Why a file without pixels is not opened: another kind of DICOM object, or one that ends before its pixels."""
    uid = header.get("SOPClassUID") or header.file_meta.get("MediaStorageSOPClassUID")
    kind = getattr(uid, "name", "")
    if "Rows" in header or "Image Storage" in kind:
        return refusal(path, "It ends before its pixels: part of the file is missing.", HINT)
    if not kind:
        return refusal(path, "Its DICOM header is damaged.", HINT)
    return refusal(path, f"It holds no pixels: it is a {kind}.", "Open the images it belongs to.")


def opened(path: Path, budget: int) -> SlideWindows | None:
    """A slide of tiles, to be read by window, with what lies beside it as its coarse levels; None for other files."""
    header = read_file(path, pixels=False)
    tiling = tiling_of(path, header)
    if tiling is None or header.file_meta.get("TransferSyntaxUID") == "1.2.840.10008.1.2.1.99":
        return None  # what is deflated is deflated as a whole
    info, _, values = _describe([header], tiling)
    levels = {1: level_of(path, tiling, partial(_tile, path, header, values))}
    for factor, file in coarser(path, header).items():
        other = read_file(file, pixels=False)
        found = tiling_of(file, other)
        if found is not None and (found.paths, found.shape[0]) == (tiling.paths, tiling.shape[0]):
            levels[factor] = level_of(file, found, partial(_tile, file, other, values_of([other])))
    return SlideWindows(info, levels)


def _tile(path: Path, header: Any, values: Values, stored: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
    return values.of(0, _shown(path, header, stored))


def _describe(headers: Sequence[Any], tiling: Tiling | None) -> tuple[ImageInfo, SlicePlace, Values]:
    """What is known of a file, or of the files of a series in their order, from their headers."""
    first = headers[0]
    frames, samples = int(first.get("NumberOfFrames", 1) or 1), int(first.get("SamplesPerPixel", 1) or 1)
    color = samples == 3 or first.get("PhotometricInterpretation") == "PALETTE COLOR"
    shape = (max(len(headers), frames), int(first.get("Rows", 0) or 0), int(first.get("Columns", 0) or 0))
    if tiling is None:
        place, paths = place_of(headers, frames), 1
    else:
        found = calibration_of(first)
        place, paths, shape = SlicePlace(found.spacing, notes=found.notes), tiling.paths, tiling.shape
    channels = (3 if color else samples) * paths
    values = _of_colors(first) if color or samples > 1 else values_of(headers, frames if tiling is None else 1)
    windows = () if color else _windows(first, place.order[0] if place.order else 0, values)
    notes = (*_notes(headers, values), *place.notes)
    info = ImageInfo(
        f"DICOM {first.get('Modality', '')}".strip(), shape, channels,
        COLOR if channels == 3 else ("grey",) if channels == 1 else tuple(f"channel {i + 1}" for i in range(channels)),
        values.dtype, spacing=place.spacing, unit="mm" if place.spacing else "", notes=notes,
        window=windows[0][1:] if windows else None, nodata=values.nodata, grid=place.grid, windows=windows,
        value_unit="" if color else unit_of(first),
    )  # fmt: skip
    return info, place, values


def _of_colors(header: Any) -> Values:
    """Colours are as they are stored; those of a palette have 8 bits."""
    palette = "RedPaletteColorLookupTableData" in header or "SegmentedRedPaletteColorLookupTableData" in header
    bits = 8 if palette else int(header.get("BitsAllocated", 8) or 8)
    return Values((Scale((0, 0), (0, 0)),), f"uint{8 if bits <= 8 else 16 if bits <= 16 else 32}", None, None)


def _windows(first: Any, frame: int, values: Values) -> tuple[NamedWindow, ...]:
    """The windows of the frame that is shown first, turned over as its values are."""
    windows = windows_of(first, frame)
    if values.turned is None:
        return windows
    return tuple((name, values.turned - high, values.turned - low) for name, low, high in windows)


def _notes(headers: Sequence[Any], values: Values) -> tuple[str, ...]:
    """What was done to the values, and what is to be known of the file."""
    rules = {one.key for one in values.scales}
    rescaled = any(one.rule is not None for one in values.scales)
    each = " of each slice" if len(rules) > 1 else ""
    said = (
        (rescaled, f"Values are rescaled as the file asks (Rescale Slope and Intercept{each})."),
        (values.turned is not None, "High values mean dark in this file (MONOCHROME1); it is turned over."),
        (len(headers) > 1, f"A series of {len(headers)} files of this folder."),
        (burned_in(headers[0]), NOTE),
    )
    return tuple(note for holds, note in said if holds)


def _decoded(path: Path, header: Any) -> NDArray[np.generic]:
    """The stored numbers of a file, or its colours, (frames, rows, columns, channels) or fewer axes."""
    syntax = header.file_meta.get("TransferSyntaxUID")
    if syntax in RETIRED:
        header.file_meta.TransferSyntaxUID = RETIRED[syntax]
    return _shown(path, header, lambda: header.pixel_array)


def _shown(path: Path, header: Any, decoded: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
    """Stored numbers as they are decoded; of a palette its colours."""
    from pydicom.pixels.processing import apply_color_lut

    use_codecs()
    try:
        values = decoded()
    except NotImplementedError as error:
        why = f"Its pixels are packed as “{_packed(header)}”, which cannot be decoded here."
        raise refusal(path, why, "Save it uncompressed, as JPEG-LS or as JPEG 2000.") from error
    except RuntimeError as error:
        raise refusal(path, f"Its pixels, packed as “{_packed(header)}”, are damaged.", HINT) from error
    if header.get("PhotometricInterpretation") == "PALETTE COLOR":
        found = apply_color_lut(values, header)
        return np.asarray(found if found.dtype == np.uint8 else found >> 8, np.uint8)
    return np.asarray(values)


def _packed(header: Any) -> str:
    """The name of a file's transfer syntax."""
    return str(getattr(header.file_meta.get("TransferSyntaxUID"), "name", "unknown"))
