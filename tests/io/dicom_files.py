"""DICOM files made for tests, of a person who does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

STORAGE = "1.2.840.10008.5.1.4.1.1."
CT, MR, PET, DX, US = (STORAGE + end for end in ("2", "4", "128", "1.1.1", "6.1"))
ENHANCED = {"CT": STORAGE + "2.1", "MR": STORAGE + "4.1", "PT": STORAGE + "130"}
TYPE_2 = ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "AccessionNumber", "StudyID",
          "ReferringPhysicianName", "PositionReferenceIndicator")  # fmt: skip


def item(**values: Any) -> Dataset:
    """A dataset with these elements."""
    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def noise(*shape: int, low: int = 0, high: int = 1000, dtype: Any = np.uint16, seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def dataset(pixels: NDArray[Any], *, series: str = "1.2.3.4", number: int = 1, kind: str = CT, modality: str = "CT",
            stored: int = 0, **more: Any) -> Dataset:  # fmt: skip
    """An object whose pixels (…, rows, columns) have the type of the array; `more` are elements, None leaves one out."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = UID(kind)
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = UID(f"{series}.{number}")
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = "1.2.3", series, "1.2.3.99"
    made.PatientName, made.PatientID = "Nobody^None", "0"
    for name in TYPE_2:
        setattr(made, name, "")
    made.Modality, made.SeriesNumber, made.InstanceNumber, made.Manufacturer = modality, 1, number, "None"
    made.Rows, made.Columns = pixels.shape[-2:]
    bits = pixels.dtype.itemsize * 8
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, stored or bits, (stored or bits) - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    raw = pixels.tobytes()
    made.PixelData = raw + b"\0" * (len(raw) % 2)
    made["PixelData"].VR = "OW" if bits > 8 else "OB"
    for name, value in more.items():
        if value is not None:
            setattr(made, name, value)
        elif name in made:
            delattr(made, name)
    return made


def write(path: Path, made: Dataset) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def placed(height: float, **more: Any) -> dict[str, Any]:
    """Elements of an axial slice at a height in mm."""
    return {"ImagePositionPatient": [-9, -8, height], "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [0.8, 0.8], "SliceThickness": 3, **more}  # fmt: skip


def series(folder: Path, values: NDArray[Any], heights: Sequence[float] = (), each: Any = None, **more: Any) -> Path:
    """A series of slices (slices, rows, columns); `each(z)` gives elements of one slice. The first file."""
    for z, slice_ in enumerate(values):
        height = heights[z] if len(heights) else 3.0 * z
        elements = placed(height) | more | (each(z) if each else {})
        write(folder / f"s{z:03}.dcm", dataset(slice_, number=z + 1, **elements))
    return folder / "s000.dcm"


def enhanced(path: Path, values: NDArray[Any], heights: Sequence[float], *, modality: str = "CT", each: Any = None,
             shared: dict[str, Any] | None = None, measures_each: bool = False, **more: Any) -> Path:  # fmt: skip
    """One object of many frames; `each(frame)` gives groups of one frame, `shared` those of all."""
    measures = {"PixelMeasuresSequence": [item(PixelSpacing=[0.7, 0.9], SliceThickness=3)]}
    common = {"PlaneOrientationSequence": [item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])], **(shared or {})}
    frames = [
        item(PlanePositionSequence=[item(ImagePositionPatient=[-20, -16, height])],
             **(measures if measures_each else {}), **(each(number) if each else {}))
        for number, height in enumerate(heights)
    ]  # fmt: skip
    made = dataset(values, kind=ENHANCED[modality], modality=modality, NumberOfFrames=len(values), **more)
    made.PerFrameFunctionalGroupsSequence = frames
    made.SharedFunctionalGroupsSequence = [item(**common, **({} if measures_each else measures))]
    return write(path, made)


def rescale(slope: float, intercept: float = 0) -> dict[str, Any]:
    """A Pixel Value Transformation group."""
    return {"PixelValueTransformationSequence": [
        item(RescaleSlope=f"{slope:g}", RescaleIntercept=f"{intercept:g}", RescaleType="US")]}  # fmt: skip
