"""Masks as DICOM Segmentation objects that refer to the images they belong to, through highdicom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio import __version__
from segstudio.core.classes import ClassEntry
from segstudio.errors import UserError
from segstudio.io.atomic import replacing
from segstudio.io.dicom.codes import coding
from segstudio.io.dicom.deidentify import check, deidentify
from segstudio.io.dicom.labels import labelled
from segstudio.io.masks.exports.dicom_source import Sources, labels_of, sources_of
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.quiet import quiet
from segstudio.io.reading import DAMAGE


def write(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """`STEM.seg.dcm` for each image that came from DICOM: a binary Segmentation (PS3.3 A.51), a segment for each class
    with pixels but the background, in the study, the patient and the frame of reference of its images.

    Raises UserError for an image of another format, and where there is nothing but background.
    """
    return [_write(subject, folder / f"{subject.stem}.seg.dcm") for subject in subjects]


def write_deidentified(subjects: Sequence[Subject], folder: Path) -> list[Path]:
    """The same without the patient (io.deidentify): `deidentified-1.seg.dcm` and so on, as names of files tell too.

    UIDs are new, the same for all files of one export, so that segmentations of one study stay together; the images
    they were drawn on are no longer named. Raises UserError, and writes nothing, where a removed value is still there.
    """
    uids: dict[str, str] = {}
    return [
        _write(subject, folder / f"deidentified-{number}.seg.dcm", uids) for number, subject in enumerate(subjects, 1)
    ]


def write_probabilities(subject: Subject, probabilities: NDArray[np.floating], path: Path) -> Path:
    """A fractional Segmentation of probabilities (PS3.3 C.8.20.2.3), in steps of 1/255: a segment for each class but
    the first, the background. `probabilities` is (classes, slices, rows, columns), 0 to 1, in the order of the classes.

    Raises UserError for an image of another format.
    """
    found = sources_of(subject, "DICOM SEG")
    used = [entry for entry in subject.classes if entry.id]
    places = {entry.id: place for place, entry in enumerate(subject.classes)}
    shares = np.clip(np.moveaxis(probabilities[[places[entry.id] for entry in used]], 0, -1), 0, 1)
    with quiet(), replacing(path) as scratch:
        _segmentation(subject, found, found.in_order_of_file(shares).astype(np.float32), used).save_as(scratch)
    return path


def _write(subject: Subject, path: Path, uids: dict[str, str] | None = None) -> Path:
    found = sources_of(subject, "DICOM SEG")
    labels, used = labels_of(subject)
    numbers = np.zeros(256, np.uint8)
    for number, entry in enumerate(used, 1):
        numbers[entry.id] = number
    with quiet():
        made = _segmentation(subject, found, numbers[found.in_order_of_file(labels)], used)
        gone = deidentify(made, uids, found.files) if uids is not None else set()
    with replacing(path) as scratch:
        made.save_as(scratch)
        check(scratch.read_bytes(), gone, path.name)
    return path


def _segmentation(subject: Subject, sources: Sources, values: NDArray[Any], used: Sequence[ClassEntry]) -> Any:
    """Binary of labels (slices, rows, columns), fractional of shares (slices, rows, columns, segments).

    Raises UserError, with highdicom's reason, for images that a Segmentation cannot refer to.
    """
    import highdicom as hd
    from pydicom.uid import ExplicitVRLittleEndian

    if sources.place.planes is None and sources.tiling is None and len(values) > 1:
        raise _refusal(subject, "Its file does not say where its slices lie in a patient.")
    kinds = hd.seg.SegmentationTypeValues
    try:
        made = hd.seg.Segmentation(
            source_images=sources.files,
            pixel_array=values,
            segmentation_type=kinds.BINARY if values.ndim == 3 else kinds.FRACTIONAL,
            segment_descriptions=[_described(number, entry) for number, entry in enumerate(labelled(used), 1)],
            series_instance_uid=hd.UID(),
            series_number=1000,
            sop_instance_uid=hd.UID(),
            instance_number=1,
            manufacturer="SegStudio",
            manufacturer_model_name="SegStudio",
            software_versions=__version__,
            device_serial_number="0",
            content_label="SEGMENTATION",
            transfer_syntax_uid=ExplicitVRLittleEndian,
            omit_empty_frames=True,
            tile_pixel_array=sources.tiling is not None,
        )
    except DAMAGE as error:  # highdicom asks for much that files lack
        raise _refusal(subject, f"Its files do not hold what the format needs: {str(error).rstrip('.')}.") from error
    made.SpecificCharacterSet = "ISO_IR 192"  # class names are Unicode, whatever the images are written in
    return made


def _refusal(subject: Subject, why: str) -> UserError:
    what = f"“{subject.name}” cannot be exported as DICOM SEG."
    return UserError(what, why=why, hint="Choose NIfTI or 3D Slicer's .seg.nrrd.")


def _described(number: int, entry: ClassEntry) -> Any:
    """A segment with the coded words for what its class is."""
    import highdicom as hd
    from pydicom.sr.codedict import codes

    what = coding(entry.code)
    method = hd.AlgorithmIdentificationSequence(
        name="SegStudio", version=__version__, family=codes.cid7162.ArtificialIntelligence
    )
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=entry.name,
        segmented_property_category=getattr(codes.SCT, what.category),
        segmented_property_type=hd.sr.CodedConcept(what.value, what.scheme, what.meaning),
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=method,
        display_color=hd.color.CIELabColor.from_rgb(*(int(entry.color[at : at + 2], 16) for at in (1, 3, 5))),
    )
