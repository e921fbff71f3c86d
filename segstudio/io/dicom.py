"""DICOM: a file, or the whole series it belongs to, through pydicom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.image import ImageInfo, NamedWindow
from segstudio.io.burned_in import NOTE, burned_in
from segstudio.io.dicom_place import Place, place_of
from segstudio.io.dicom_series import series_of
from segstudio.io.dicom_window import groups, windows_of
from segstudio.io.formats import refusal
from segstudio.io.reading import Decoded, check_size

COLOR = ("red", "green", "blue")


def decode(path: Path, budget: int, *, pixels: bool, indices: bool = False) -> Decoded:
    """The series that a file belongs to, as far as it lies in the same folder; slices in their order in the patient.

    Values are rescaled (Rescale Slope and Intercept, or the Modality LUT): Hounsfield units in a CT. MONOCHROME1, where
    high means dark, is turned over so that it looks as meant; palettes and YBR become RGB. The file's first window
    becomes the display window, Pixel Padding Value the value without meaning. Raises UserError for what holds no
    pixels, and names a transfer syntax that cannot be decoded.
    """
    first = _read(path)
    if "PixelData" not in first and "FloatPixelData" not in first and "DoubleFloatPixelData" not in first:
        kind = getattr(getattr(first.file_meta, "MediaStorageSOPClassUID", None), "name", "DICOM object")
        raise refusal(path, f"It holds no pixels: it is a {kind}.", "Open the images it belongs to.")
    files = [path] if int(first.get("NumberOfFrames", 1) or 1) > 1 else series_of(path, first)
    info, place = _describe(path, first, files)
    check_size(path, (*info.shape, info.channels), np.dtype(info.dtype).itemsize, budget)
    if not pixels:
        return info, None
    values = np.empty((*info.shape, info.channels), info.dtype)
    if len(files) == 1:
        frames = _pixels(path, first).reshape(*info.shape, info.channels)
        values[...] = frames[list(place.order)] if len(place.order) == len(frames) else frames
    else:
        for z, file in enumerate(files):
            values[z] = _pixels(file, first if file == path else _read(file)).reshape(values.shape[1:])
    return info, values


def _read(path: Path) -> Any:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        found = pydicom.dcmread(path, force=True)
    except InvalidDicomError as error:
        raise refusal(path, "Its DICOM header is damaged.", "Copy or export it again.") from error
    return found


def _describe(path: Path, first: Any, files: Sequence[Path]) -> tuple[ImageInfo, Place]:
    rows, columns = int(first.get("Rows", 0) or 0), int(first.get("Columns", 0) or 0)
    frames = int(first.get("NumberOfFrames", 1) or 1)
    samples = int(first.get("SamplesPerPixel", 1) or 1)
    color = samples == 3 or first.get("PhotometricInterpretation") == "PALETTE COLOR"
    place = place_of(first, files, frames)
    channels = 3 if color else samples
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
        f"DICOM {first.get('Modality', '')}".strip(), (max(len(files), frames), rows, columns), channels,
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
    from pydicom.pixels.processing import apply_color_lut, apply_rescale

    try:
        values = header.pixel_array
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
