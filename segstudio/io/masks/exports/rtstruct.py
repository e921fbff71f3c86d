"""Masks as DICOM RT Structure Sets (PS3.3 A.19): contours in the patient, for radiotherapy planning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from segstudio import __version__
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.dicom.labels import labelled
from segstudio.io.masks.exports.dicom_source import Sources, labels_of, sources_of
from segstudio.io.masks.exports.rings import keyholed
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.quiet import quiet

STORAGE, STUDY = "1.2.840.10008.5.1.4.1.1.481.3", "1.2.840.10008.3.1.2.3.1"
"""UIDs of the RT Structure Set Storage class and of the retired study component that it refers to."""

PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime",
           "ReferringPhysicianName", "StudyID", "AccessionNumber", "PositionReferenceIndicator")  # fmt: skip
"""What is taken over from the images: they are of one patient and one study."""


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.rtstruct.dcm` for each image that came from DICOM: a region of interest for each class with pixels but the
    background, a closed planar contour for each object in each slice, along the sides of its pixels.

    Holes are joined to their outline by a keyhole (rings.keyholed). Written with implicit value representations, where
    an outline may have any length: explicit ones hold 65,534 bytes of numbers at most. Raises UserError for an image of
    another format, and where there is nothing but background.
    """
    return [_write(subject, folder / f"{subject.stem}.rtstruct.dcm") for subject in subjects]


def _write(subject: Subject, path: Path) -> Path:
    sources = sources_of(subject, "DICOM RT Structure Set")
    planes = sources.place.planes
    if planes is None:
        raise UserError(
            f"“{subject.name}” cannot be exported as DICOM RT Structure Set.",
            why="Its file does not say where its pixels lie in a patient, where contours are drawn.",
            hint="Choose DICOM SEG or another format.",
        )
    labels, used = labels_of(subject)
    with quiet():
        made = _structure_set(subject, sources)
        contours: dict[int, list[Any]] = {entry.id: [] for entry in used}
        images = _images(sources, len(labels))
        for z, mask in enumerate(labels):
            for class_id, ring in keyholed(mask):
                places = np.array([(x - 0.5, y - 0.5, 0.0, 1.0) for x, y in ring])
                if class_id in contours:
                    contours[class_id].append(_contour(places @ planes[z].T[:, :3], images[z]))
        for number, entry in enumerate(labelled(used), 1):
            _add(made, number, entry, contours[entry.id])
        with replacing(path) as scratch:
            made.save_as(scratch, enforce_file_format=True)
    return path


def _structure_set(subject: Subject, sources: Sources) -> Any:
    """The object without its regions."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, ImplicitVRLittleEndian, generate_uid

    first, now = sources.files[0], datetime.now()
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = UID(STORAGE)
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.SpecificCharacterSet = "ISO_IR 192"
    for name in PATIENT:
        setattr(made, name, first.get(name, None) or "")
    made.Modality, made.SeriesInstanceUID, made.SeriesNumber = "RTSTRUCT", generate_uid(), 1001
    made.OperatorsName, made.InstanceNumber = "", 1
    made.Manufacturer = made.ManufacturerModelName = "SegStudio"
    made.SoftwareVersions = __version__
    made.StructureSetLabel, made.ApprovalStatus = "SegStudio", "UNAPPROVED"
    made.StructureSetDate, made.StructureSetTime = f"{now:%Y%m%d}", f"{now:%H%M%S}"
    made.InstanceCreationDate, made.InstanceCreationTime = made.StructureSetDate, made.StructureSetTime
    made.FrameOfReferenceUID = str(first.get("FrameOfReferenceUID", "")) or generate_uid()
    series = Dataset()
    series.SeriesInstanceUID = first.SeriesInstanceUID
    series.ContourImageSequence = [_image(one) for one in sources.files]
    study = Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = STUDY, first.StudyInstanceUID
    study.RTReferencedSeriesSequence = [series]
    frame = Dataset()
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = made.FrameOfReferenceUID, [study]
    made.ReferencedFrameOfReferenceSequence = [frame]
    made.StructureSetROISequence, made.ROIContourSequence, made.RTROIObservationsSequence = [], [], []
    return made


def _images(sources: Sources, slices: int) -> list[Any]:
    """For each slice what names the image it is."""
    if sources.frames > 1:
        order = sources.place.order or tuple(range(slices))
        return [_image(sources.files[0], order[z] + 1) for z in range(slices)]
    return [_image(one) for one in sources.files]


def _image(source: Any, frame: int = 0) -> Any:
    from pydicom.dataset import Dataset

    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    if frame:
        made.ReferencedFrameNumber = frame
    return made


def _contour(places: Any, image: Any) -> Any:
    from pydicom.dataset import Dataset

    made = Dataset()
    made.ContourImageSequence = [image]
    made.ContourGeometricType, made.NumberOfContourPoints = "CLOSED_PLANAR", len(places)
    made.ContourData = [f"{value:.6f}" for value in places.ravel()]
    return made


def _add(made: Any, number: int, entry: Any, contours: list[Any]) -> None:
    """A region of interest, its contours, and what it is taken for."""
    from pydicom.dataset import Dataset

    region = Dataset()
    region.ROINumber, region.ROIName = number, entry.name
    region.ReferencedFrameOfReferenceUID, region.ROIGenerationAlgorithm = made.FrameOfReferenceUID, "SEMIAUTOMATIC"
    shown = Dataset()
    shown.ROIDisplayColor = [int(entry.color[at : at + 2], 16) for at in (1, 3, 5)]
    shown.ContourSequence, shown.ReferencedROINumber = contours, number
    observed = Dataset()
    observed.ObservationNumber, observed.ReferencedROINumber = number, number
    observed.RTROIInterpretedType, observed.ROIInterpreter = "", ""
    made.StructureSetROISequence.append(region)
    made.ROIContourSequence.append(shown)
    made.RTROIObservationsSequence.append(observed)
