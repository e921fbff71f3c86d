"""The DICOM objects that an image was read from, for objects that refer to them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING
from segstudio.errors import UserError
from segstudio.io.dicom.calibration import Spacing
from segstudio.io.dicom.file import read_file
from segstudio.io.dicom.phases import Slice
from segstudio.io.dicom.place import SlicePlace, place_of
from segstudio.io.dicom.series import series_of
from segstudio.io.dicom.slide import Tiling, tiling_of
from segstudio.io.formats import sniff
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.quiet import quiet

EMPTY = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
         "AccessionNumber", "ReferringPhysicianName")  # fmt: skip
"""What the standard lets be empty, and de-identified files lack."""

NEEDED = {
    "SOPClassUID": "SOP Class UID", "SOPInstanceUID": "SOP Instance UID", "SeriesInstanceUID": "Series Instance UID",
    "StudyInstanceUID": "Study Instance UID",
}  # fmt: skip
"""What another object names its images by."""

COMMON = {
    "StudyInstanceUID": "studies", "SeriesInstanceUID": "series", "FrameOfReferenceUID": "frames of reference",
}  # fmt: skip
"""What all slices have in common."""

GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")

UNPLACED = "Its file does not say where its slices lie in a patient."


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """`files` are pydicom datasets without pixels in the order of the stack, or a single one of `frames` frames,
    `place` where its slices lie, `tiling` that of a slide."""

    files: list[Any]
    frames: int
    place: SlicePlace
    tiling: Tiling | None = None

    def in_order_of_file(self, slices: NDArray[Any]) -> NDArray[Any]:
        """Arrays of slices as shown, put in the order of the file's frames."""
        return slices[np.argsort(self.place.order)] if self.place.order else slices


def sources_of(subject: Subject, title: str) -> Sources:
    """What the image was read from. Raises UserError for an image that is no DICOM, and for one that does not say what
    objects that refer to it have to say."""
    if not subject.source.is_file() or sniff(subject.source).id != "dicom":
        raise _refusal(subject, title, "It is no DICOM image.", "Choose NIfTI or 3D Slicer's .seg.nrrd.")
    with quiet():
        first = read_file(subject.source, pixels=False)
        tiling = tiling_of(subject.source, first)
        frames = int(first.get("NumberOfFrames", 1) or 1)
        known = [Slice(subject.source, first)] if frames > 1 else series_of(subject.source, first)
        headers = [first if one.path == subject.source else read_file(one.path, pixels=False) for one in known]
        files = [_unicode(copy.copy(one)) for one in headers]
        place = SlicePlace() if tiling is not None else place_of(headers, frames)
    slices = tiling.shape[0] if tiling is not None else max(len(files), frames)
    if slices != subject.info.shape[0]:
        why = f"Its folder holds {slices} slices of it now; it had {subject.info.shape[0]}."
        raise _refusal(subject, title, why, "Bring the files back that were there.")
    _check(subject, title, files)
    for number, one in enumerate(files):
        _complete(one)
        if tiling is None:
            _lay(one, place, number, frames)
    return Sources(files, frames, place, tiling)


def _check(subject: Subject, title: str, files: list[Any]) -> None:
    hint = "Choose NIfTI or another format that names no images."
    for name, words in NEEDED.items():
        if not all(one.get(name) for one in files):
            raise _refusal(subject, title, f"Its files lack the {words}, by which it would be named.", hint)
    for name, words in COMMON.items():
        several = len({str(one.get(name) or "") for one in files})
        if several > 1:
            raise _refusal(subject, title, f"Its slices say that they belong to {several} {words}.", hint)


def _refusal(subject: Subject, title: str, why: str, hint: str) -> UserError:
    return UserError(f"“{subject.name}” cannot be exported as {title}.", why=why, hint=hint)


def _unicode(source: Any) -> Any:
    """The dataset without pixels and with its texts in Unicode: highdicom takes none whose character set is empty or
    begins so, as it does in Japan."""
    for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"):
        if name in source:
            del source[name]
    source.decode()
    source.SpecificCharacterSet = "ISO_IR 192"
    return source


def _complete(source: Any) -> None:
    """Add what may be empty, and a frame of reference of its own to a series without one."""
    from pydicom.uid import generate_uid

    for name in EMPTY:
        if name not in source:
            setattr(source, name, "")
    for name, marks in (("StudyDate", "."), ("PatientBirthDate", "."), ("StudyTime", ":")):
        text = str(source.get(name) or "")
        setattr(source, name, "".join(sign for sign in text if sign not in marks))  # 1995.06.26 and 14:04:38, of old
    if not source.get("FrameOfReferenceUID"):
        source.FrameOfReferenceUID = generate_uid(entropy_srcs=[str(source.SeriesInstanceUID)])


def _lay(source: Any, place: SlicePlace, number: int, frames: int) -> None:
    """Say where a file lies in one way, whatever the way of its kind: its frames in the order of the file."""
    from pydicom.dataset import Dataset

    orientation, shared = Dataset(), Dataset()
    for name in ("ImagePositionPatient", "ImageOrientationPatient", *GROUPS):
        if name in source:
            del source[name]
    if place.planes is None or place.spacing is None:
        if "NumberOfFrames" in source:  # highdicom looks for the pixel size there
            source.SharedFunctionalGroupsSequence = [shared]
            if place.spacing is not None:
                shared.PixelMeasuresSequence = [_measures(source, place.spacing)]
        return
    planes = place.planes[number : number + 1]
    if frames > 1:
        planes = place.planes[np.argsort(place.order)] if place.order else place.planes
    columns = planes[0, :3, :2] / (place.spacing[2], place.spacing[1])
    orientation.ImageOrientationPatient = [_number(value) for value in columns.T.ravel()]
    measures = _measures(source, place.spacing)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [orientation]
    source.SharedFunctionalGroupsSequence, source.PerFrameFunctionalGroupsSequence = [shared], []
    for plane in planes:
        position, group = Dataset(), Dataset()
        position.ImagePositionPatient = [_number(value) for value in plane[:3, 3]]
        group.PlanePositionSequence = [position]
        source.PerFrameFunctionalGroupsSequence.append(group)
    source.ImagePositionPatient = [_number(value) for value in planes[0, :3, 3]]
    source.ImageOrientationPatient = orientation.ImageOrientationPatient
    source.PixelSpacing, source.SliceThickness = measures.PixelSpacing, measures.SliceThickness


def _measures(source: Any, spacing: Spacing) -> Any:
    from pydicom.dataset import Dataset

    measures = Dataset()
    measures.PixelSpacing = [_number(value) for value in spacing[1:]]
    measures.SliceThickness = source.get("SliceThickness") or _number(spacing[0])
    return measures


def _number(value: float) -> Any:
    """A decimal string of 16 characters at most."""
    from pydicom.valuerep import DSfloat

    return DSfloat(float(value), auto_format=True)


def labels_of(subject: Subject) -> tuple[NDArray[np.uint8], list[Any]]:
    """The mask of all slices with unknown as background, and the classes that have pixels.

    Raises UserError where there is nothing but background.
    """
    labels = subject.volume()
    labels = np.where(labels == NOTHING, np.uint8(0), labels)
    used = [entry for entry in subject.classes if entry.id and (labels == entry.id).any()]
    if not used:
        raise UserError(f"“{subject.name}” has no class but the background to export.", hint="Paint or predict first.")
    return labels, used
