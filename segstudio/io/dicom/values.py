"""What the stored numbers of DICOM frames mean (PS3.3 C.7.6.16.2.9, C.11.1 and C.7.5.1.1.2), by pydicom.pixels."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.io.dicom.groups import group

TYPES = ("int16", "uint16", "int32")
"""Types of rescaled whole numbers; what fits into none becomes float64."""

PADDING = ("PixelPaddingValue", "FloatPixelPaddingValue", "DoubleFloatPixelPaddingValue")
LIMIT = ("PixelPaddingRangeLimit", "FloatPixelPaddingRangeLimit", "DoubleFloatPixelPaddingRangeLimit")

TAGS = [
    "RescaleSlope", "RescaleIntercept", "RescaleType", "ModalityLUTSequence", "DoseGridScaling", "DoseUnits", "Units",
    "BitsStored", "BitsAllocated", "PixelRepresentation", "PhotometricInterpretation", "SamplesPerPixel", *PADDING,
    *LIMIT,
]  # fmt: skip
"""What says how the numbers of a file become values."""


UNITS = {
    "US": "", "NONE": "", "BQML": "Bq/mL", "CNTS": "counts", "PROPCNTS": "", "PROPCPS": "", "1CM": "1/cm",
    "GML": "g/mL", "CM2ML": "cm²/mL", "MLMING": "mL/min/g", "MLG": "mL/g", "GY": "Gy", "RELATIVE": "",
    "UMOLML": "µmol/mL",
}  # fmt: skip
"""Units as DICOM names them (Rescale Type, Units of PET, Dose Units) and as they are written; others stay."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """How the stored numbers of a frame, `stored` from the lowest to the highest, become values.

    `rule` is what pydicom.pixels takes: a dataset with Rescale Slope and Intercept or a Modality LUT, None where the
    numbers are the values. `ends` are the lowest and the highest value, `whole` whether all are whole numbers,
    `padding` the first and the last stored number that mean "not measured".
    """

    stored: tuple[float, float]
    ends: tuple[float, float]
    rule: Any = None
    whole: bool = True
    padding: tuple[float, float] | None = None

    @property
    def table(self) -> bool:
        """Whether several numbers may become one value."""
        return self.rule is not None and (bool(self.rule.get("ModalityLUTSequence")) or not self.rule.RescaleSlope)

    @property
    def key(self) -> tuple[object, ...]:
        """The same for frames whose numbers mean the same."""
        rule = self.rule
        said = () if rule is None else (id(rule),) if self.table else (rule.RescaleSlope, rule.RescaleIntercept)
        return (self.stored, said, self.padding)

    def values(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """The values of stored numbers."""
        from pydicom.pixels.processing import apply_rescale

        if self.rule is None:
            return numbers
        wide = numbers.astype(np.int32) if self.table and numbers.dtype.itemsize < 4 else numbers  # it subtracts
        return np.asarray(apply_rescale(wide, self.rule))


def scale_of(header: Any, frame: int = 0) -> Scale:
    """The scale of a frame of a file: of its functional groups, else of the file."""
    if "PixelData" not in header and ("FloatPixelData" in header or "DoubleFloatPixelData" in header):
        return Scale((0, 0), (0, 0), None, False, _padding(header, None))
    bits = int(header.get("BitsAllocated", 8) or 8)
    kept = min(int(header.get("BitsStored", bits) or bits), bits)
    signed = bool(int(header.get("PixelRepresentation", 0) or 0))
    stored = (-(2 ** (kept - 1)), 2 ** (kept - 1) - 1) if signed else (0, 2**kept - 1)
    padding = _padding(header, (bits, kept, signed))
    rule = _rule(header, frame)
    if rule is None:
        return Scale(stored, stored, None, True, padding)
    if rule.get("ModalityLUTSequence"):
        return Scale(stored, (0, 2 ** _depth(rule) - 1), rule, True, padding)
    slope, intercept = float(rule.RescaleSlope), float(rule.RescaleIntercept)
    low, high = sorted(end * slope + intercept for end in stored)
    return Scale(stored, (low, high), rule, slope.is_integer() and intercept.is_integer(), padding)


def _rule(header: Any, frame: int) -> Any | None:
    """What rescales a frame; None where nothing does."""
    if header.get("ModalityLUTSequence"):
        return _readable(header)
    for found in (group(header, "PixelValueTransformationSequence", frame), header):
        if found is not None and found.get("RescaleSlope") is not None:
            return _complete(found, found.RescaleSlope)
        if found is not None and found.get("RescaleIntercept") is not None:
            return _complete(found, 1)
    return _complete(header, header.DoseGridScaling) if header.get("DoseGridScaling") else None


def _complete(found: Any, slope: Any) -> Any | None:
    from pydicom.dataset import Dataset

    intercept = found.get("RescaleIntercept") or 0
    if (float(slope), float(intercept)) == (1.0, 0.0) or not np.isfinite((float(slope), float(intercept))).all():
        return None
    rule = Dataset()
    rule.add_new("RescaleSlope", "FD", float(slope))
    rule.add_new("RescaleIntercept", "FD", float(intercept))
    return rule


def _depth(rule: Any) -> int:
    return 8 if int(rule.ModalityLUTSequence[0].LUTDescriptor[2]) <= 8 else 16


def _readable(header: Any) -> Any:
    """The header with a depth of 8 or 16 bits in its table, as the standard has it, where it says 12."""
    if int(header.ModalityLUTSequence[0].LUTDescriptor[2]) in (8, 16):
        return header
    rule = copy.copy(header)
    rule.ModalityLUTSequence = copy.deepcopy(header.ModalityLUTSequence)
    rule.ModalityLUTSequence[0].LUTDescriptor = [*header.ModalityLUTSequence[0].LUTDescriptor[:2], _depth(header)]
    return rule


def _padding(header: Any, kind: tuple[int, int, bool] | None) -> tuple[float, float] | None:
    """The first and the last stored number that mean padding; `kind` is (bits, bits stored, signed) of integers."""
    first = next((header.get(name) for name in PADDING if header.get(name) is not None), None)
    if first is None:
        return None
    last = next((header.get(name) for name in LIMIT if header.get(name) is not None), first)
    ends = [float(end) if kind is None else _as_stored(int(end), *kind) for end in (first, last)]
    return min(ends), max(ends)


def _as_stored(number: int, bits: int, kept: int, signed: bool) -> int:
    """A number as pixels hold it: some files write -2000 as 63536."""
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    number = number if low <= number <= high else (number - low) % 2**bits + low
    low, high = (-(2 ** (kept - 1)), 2 ** (kept - 1) - 1) if signed else (0, 2**kept - 1)
    return number if low <= number <= high else (number - low) % 2**kept + low


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """The values of an image, all its frames together.

    `dtype` holds those of every frame. `turned` is the sum of a value and what it becomes in an image whose high values
    mean dark (MONOCHROME1), None where they mean bright. `nodata` is the value of what was not measured, and of
    nothing else; None where the file names no padding.
    """

    scales: tuple[Scale, ...]
    dtype: str
    turned: float | None
    nodata: float | None

    def of(self, frame: int, numbers: NDArray[Any]) -> NDArray[np.generic]:
        """The values of the stored numbers of a frame."""
        scale = self.scales[min(frame, len(self.scales) - 1)]
        found = scale.values(numbers)
        if self.turned is not None:
            found = self.turned - found.astype(np.float64)
        found = found.astype(self.dtype, copy=False)
        if scale.padding is not None and self.nodata is not None:
            found = np.where((numbers >= scale.padding[0]) & (numbers <= scale.padding[1]), self.nodata, found)
        return np.asarray(found, self.dtype)


def unit_of(header: Any) -> str:
    """The unit of the values, as people write it; "" where the file says none (US is "unspecified")."""
    found = group(header, "PixelValueTransformationSequence") or header
    said = str(found.get("RescaleType") or header.get("Units") or header.get("DoseUnits") or "").strip()
    if not said and header.get("Modality") == "CT" and found.get("RescaleSlope") is not None:
        said = "HU"  # the standard's default for a CT (PS3.3 C.11.1.1.2)
    return UNITS.get(said, said)


def values_of(headers: Sequence[Any], frames: int = 1) -> Values:
    """The values of one file with `frames` frames, or of a series of files."""
    if len(headers) > 1:
        scales = tuple(scale_of(one) for one in headers)
    else:
        apart = frames > 1 and group(headers[0], "PixelValueTransformationSequence") is not None
        scales = tuple(scale_of(headers[0], frame) for frame in range(frames if apart else 1))
    low, high = min(one.ends[0] for one in scales), max(one.ends[1] for one in scales)
    turned = low + high if headers[0].get("PhotometricInterpretation") == "MONOCHROME1" else None
    padded = any(one.padding is not None for one in scales)
    alike = len({one.key for one in scales}) == 1 and not scales[0].table
    if not padded:
        return Values(scales, _dtype(headers, scales, low, high), turned, None)
    if alike:
        assert scales[0].padding is not None
        number = _named(headers[0], scales[0].padding)
        value = float(scales[0].values(np.array([number]))[0])
        nodata = value if turned is None else turned - value
    else:  # a value that no pixel has
        nodata = float(np.floor(low) - 1 - (abs(low) // 1000 if not all(one.whole for one in scales) else 0))
    dtype = _dtype(headers, scales, min(low, nodata), max(high, nodata))
    return Values(scales, dtype, turned, float(np.asarray(nodata).astype(dtype)))


def _named(header: Any, padding: tuple[float, float]) -> float:
    """Of a range of padding the number that Pixel Padding Value names."""
    named = next(float(header.get(name)) for name in PADDING if header.get(name) is not None)
    return named if named in padding else padding[0]


def _dtype(headers: Sequence[Any], scales: Sequence[Scale], low: float, high: float) -> str:
    if "PixelData" not in headers[0] and ("FloatPixelData" in headers[0] or "DoubleFloatPixelData" in headers[0]):
        return "float32" if "FloatPixelData" in headers[0] else "float64"
    if all(one.rule is None for one in scales):
        stored = {_stored(one) for one in headers}
        if len(stored) == 1 and np.iinfo(next(iter(stored))).min <= low and high <= np.iinfo(next(iter(stored))).max:
            return stored.pop()
    bits = max(int(one.get("BitsAllocated", 8) or 8) for one in headers)
    if not all(one.whole for one in scales):
        return "float32" if bits <= 16 else "float64"
    fits = (name for name in TYPES if np.iinfo(name).min <= low and high <= np.iinfo(name).max)
    return next(fits, "float64")


def _stored(header: Any) -> str:
    bits, signed = int(header.get("BitsAllocated", 8) or 8), bool(int(header.get("PixelRepresentation", 0) or 0))
    return f"{'int' if signed else 'uint'}{8 if bits <= 8 else 16 if bits <= 16 else 32}"
