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
from segstudio.io.dicom.burned_in import NOTE, burned_in
from segstudio.io.dicom.place import Place, place_of, spacing_of
from segstudio.io.dicom.series import coarser, series_of
from segstudio.io.dicom.slide import SlideWindows, Tiling, filled, level_of, tiling_of
from segstudio.io.dicom.window import groups, windows_of
from segstudio.io.formats import refusal
from segstudio.io.reading import Decoded, check_size

COLOR = ("red", "green", "blue")
DEFERRED = 2**16
"""Bytes of a value above which it is not read where only the header is wanted."""


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The series that a file belongs to, as far as it lies in the same folder; slices in their order in the patient.

    Values are rescaled (Rescale Slope and Intercept, or the Modality LUT): Hounsfield units in a CT. MONOCHROME1, where
    high means dark, is turned over so that it looks as meant; palettes and YBR become RGB. The file's first window
    becomes the display window, Pixel Padding Value the value without meaning. The tiles of a whole slide become one
    picture, its optical paths channels, its focal planes slices. Raises UserError for what holds no pixels, and names a
    transfer syntax that cannot be decoded.
    """
    first = _read(path, pixels=pixels)
    if "PixelData" not in first and "FloatPixelData" not in first and "DoubleFloatPixelData" not in first:
        kind = getattr(getattr(first.file_meta, "MediaStorageSOPClassUID", None), "name", "DICOM object")
        raise refusal(path, f"It holds no pixels: it is a {kind}.", "Open the images it belongs to.")
    tiling = tiling_of(path, first)
    files = [path] if int(first.get("NumberOfFrames", 1) or 1) > 1 else series_of(path, first)
    info, place = _describe(first, files, tiling)
    check_size(path, (*info.shape, info.channels), np.dtype(info.dtype).itemsize, budget)
    if not pixels:
        return info, None
    values = np.empty((*info.shape, info.channels), info.dtype)
    if tiling is not None:
        tiles = _pixels(path, first).reshape(len(tiling.where), *tiling.tile, -1)
        for z in range(info.shape[0]):
            values[z] = filled(tiling, info, z, Box(z, 0, 0, *info.shape[1:]), tiles.__getitem__)
    elif len(files) == 1:
        frames = _pixels(path, first).reshape(*info.shape, info.channels)
        values[...] = frames[list(place.order)] if len(place.order) == len(frames) else frames
    else:
        for z, file in enumerate(files):
            values[z] = _pixels(file, first if file == path else _read(file)).reshape(values.shape[1:])
    return info, values


def opened(path: Path, budget: int) -> SlideWindows | None:
    """A slide of tiles, to be read by window, with what lies beside it as its coarse levels; None for other files."""
    header = _read(path, pixels=False)
    tiling = tiling_of(path, header)
    if tiling is None or header.file_meta.get("TransferSyntaxUID") == "1.2.840.10008.1.2.1.99":
        return None  # what is deflated is deflated as a whole
    levels = {1: level_of(path, tiling, partial(_shown, path, header))}
    for factor, file in coarser(path, header).items():
        other = _read(file, pixels=False)
        found = tiling_of(file, other)
        if found is not None and (found.paths, found.shape[0]) == (tiling.paths, tiling.shape[0]):
            levels[factor] = level_of(file, found, partial(_shown, file, other))
    return SlideWindows(_describe(header, [path], tiling)[0], levels)


def _read(path: Path, *, pixels: bool = True) -> Any:
    """A file's header, and its pixels where they are wanted."""
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        found = pydicom.dcmread(path, force=True, defer_size=None if pixels else DEFERRED)
    except InvalidDicomError as error:
        raise refusal(path, "Its DICOM header is damaged.", "Copy or export it again.") from error
    return found


def _describe(first: Any, files: Sequence[Path], tiling: Tiling | None) -> tuple[ImageInfo, Place]:
    rows, columns = int(first.get("Rows", 0) or 0), int(first.get("Columns", 0) or 0)
    frames = int(first.get("NumberOfFrames", 1) or 1)
    samples = int(first.get("SamplesPerPixel", 1) or 1)
    color = samples == 3 or first.get("PhotometricInterpretation") == "PALETTE COLOR"
    place = place_of(first, files, frames) if tiling is None else Place(spacing_of(first))
    shape = (max(len(files), frames), rows, columns) if tiling is None else tiling.shape
    channels = (3 if color else samples) * (1 if tiling is None else tiling.paths)
    dtype, windows, notes = _values(first, color)
    if len(files) > 1:
        notes = (*notes, f"A series of {len(files)} files of this folder.")
    if burned_in(first):
        notes = (*notes, NOTE)
    padding = first.get("PixelPaddingValue")
    nodata = None
    if padding is not None and not color:
        slope, intercept = _rescale(first)
        nodata = float(padding) * slope + intercept
    info = ImageInfo(
        f"DICOM {first.get('Modality', '')}".strip(), shape, channels,
        COLOR if channels == 3 else ("grey",) if channels == 1 else tuple(f"channel {i + 1}" for i in range(channels)),
        dtype, spacing=place.spacing, unit="mm" if place.spacing else "", notes=(*notes, *place.notes),
        window=windows[0][1:] if windows else None, nodata=nodata, grid=place.grid, windows=windows,
    )  # fmt: skip
    return info, place


def _rescale(header: Any) -> tuple[float, float]:
    """Slope and intercept, of the shared functional groups where the file has several frames."""
    for found in (header, *groups(header, "PixelValueTransformationSequence")):
        if "RescaleSlope" in found:
            return float(found.RescaleSlope), float(found.get("RescaleIntercept", 0) or 0)
    return 1.0, 0.0


def _values(header: Any, color: bool) -> tuple[str, tuple[NamedWindow, ...], tuple[str, ...]]:
    """dtype of the pixels as shown, the windows the file asks for, and what was done to them."""
    bits, signed = int(header.get("BitsAllocated", 8) or 8), bool(int(header.get("PixelRepresentation", 0) or 0))
    if color:
        return ("uint8" if bits <= 8 or "RedPaletteColorLookupTableData" in header else "uint16"), (), ()
    if "FloatPixelData" in header or "DoubleFloatPixelData" in header:
        return ("float32" if "FloatPixelData" in header else "float64"), windows_of(header), ()
    slope, intercept = _rescale(header)
    notes: tuple[str, ...] = ()
    if (slope, intercept) == (1.0, 0.0):
        dtype = f"{'int' if signed else 'uint'}{8 if bits <= 8 else 16 if bits <= 16 else 32}"
    elif slope.is_integer() and intercept.is_integer():
        stored = int(header.get("BitsStored", bits) or bits)
        low, high = (-(2 ** (stored - 1)), 2 ** (stored - 1) - 1) if signed else (0, 2**stored - 1)
        ends = sorted((low * slope + intercept, high * slope + intercept))
        dtype = "int16" if ends[0] >= -(2**15) and ends[1] < 2**15 else "int32" if bits <= 16 else "float64"
        notes = ("Values are rescaled as the file asks (Rescale Slope and Intercept).",)
    else:
        dtype, notes = "float32", ("Values are rescaled as the file asks (Rescale Slope and Intercept).",)
    windows = windows_of(header)
    if header.get("PhotometricInterpretation") == "MONOCHROME1":
        notes = (*notes, "High values mean dark in this file (MONOCHROME1); it is turned over.")
        total = _turned(header) if windows else 0.0
        windows = tuple((name, total - high, total - low) for name, low, high in windows)
    return dtype, windows, notes


def _turned(header: Any) -> float:
    """The sum of a value and what it becomes when MONOCHROME1 is turned over."""
    stored = int(header.get("BitsStored", 8) or 8)
    signed = bool(int(header.get("PixelRepresentation", 0) or 0))
    slope, intercept = _rescale(header)
    return (-1 if signed else 2**stored - 1) * slope + 2 * intercept


def _pixels(path: Path, header: Any) -> NDArray[np.generic]:
    """Values of a file as shown, (frames, rows, columns, channels) or fewer axes."""
    return _shown(path, header, lambda: header.pixel_array)


def _shown(path: Path, header: Any, decoded: Callable[[], NDArray[np.generic]]) -> NDArray[np.generic]:
    """Values as shown of values as stored."""
    from pydicom.pixels.processing import apply_color_lut, apply_rescale

    try:
        values = decoded()
    except (RuntimeError, NotImplementedError) as error:
        name = getattr(header.file_meta.TransferSyntaxUID, "name", "unknown")
        raise refusal(
            path, f"Its pixels are packed as “{name}”, which cannot be decoded here, or they are damaged.",
            "Save it uncompressed, as JPEG-LS or as JPEG 2000.",
        ) from error  # fmt: skip
    kind = header.get("PhotometricInterpretation")
    if kind == "PALETTE COLOR":
        found = apply_color_lut(values, header)
        return np.asarray(found if found.dtype == np.uint8 else found >> 8, np.uint8)
    if int(header.get("SamplesPerPixel", 1) or 1) > 1:
        return np.asarray(values)
    slope, intercept = _rescale(header)
    if "ModalityLUTSequence" in header:
        values = apply_rescale(values, header)
    elif (slope, intercept) != (1.0, 0.0):
        values = values.astype(np.float64) * slope + intercept
    if kind == "MONOCHROME1":
        values = _turned(header) - values.astype(np.float64)
    return np.asarray(values)
