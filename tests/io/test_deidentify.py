"""An export without the patient holds nothing of the patient: planted values are searched for in its bytes."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest

from segstudio.core.classes import ClassTable
from segstudio.errors import UserError
from segstudio.io.dicom.burned_in import NOTE
from segstudio.io.dicom.deidentify import check, preview
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.reading import probe

PLANTED = {
    "PatientName": "Musterfrau^Erika", "PatientID": "KH-4711-XY", "PatientBirthDate": "19640812",
    "PatientAddress": "Heidestrasse 17, Koeln", "AccessionNumber": "ACC99887766", "StudyID": "STUDY-31337",
    "ReferringPhysicianName": "Hausarzt^Otto", "InstitutionName": "Klinikum Planted", "StudyDate": "20190304",
    "OtherPatientIDs": "OTHER-55555", "StudyDescription": "Erika after surgery",
}  # fmt: skip


@pytest.fixture
def subject(shared_data: Path, tmp_path: Path) -> Subject:
    """A series whose headers are full of a person."""
    folder = tmp_path / "series"
    folder.mkdir()
    for path in sorted((shared_data / "dicom_mr_series").glob("*.dcm")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path)
            for name, value in PLANTED.items():
                setattr(header, name, value)
            header.preamble = b"Erika Musterfrau".ljust(128, b"\0")
            header.save_as(folder / path.name)
    source = folder / "IMG0001.dcm"
    info = probe(source)
    classes = ClassTable()
    classes.add("Lesion", "#e45756")
    mask = np.zeros(info.shape, np.uint8)
    mask[4, 20:30, 10:20] = 1
    return Subject(source.name, "Musterfrau", source, info, classes, lambda box: mask[box.z, box.rows, box.columns])


def test_nothing_of_the_patient_is_left(subject: Subject, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    plain = export_format("dicom-seg").load()([subject], out)[0]
    assert b"Musterfrau" in plain.read_bytes()  # the search finds what is there
    path = export_format("dicom-seg-deidentified").load()([subject, subject], out)[0]
    data = path.read_bytes()
    source = pydicom.dcmread(subject.source)
    uids = [
        source[name].value
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
    ]
    for value in [*PLANTED.values(), *uids, "Musterfrau"]:
        assert str(value).encode() not in data, value
    assert "Musterfrau" not in path.name
    found = pydicom.dcmread(path)
    assert found.PatientIdentityRemoved == "YES" and found.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert found.SegmentSequence[0].SegmentLabel == "Lesion"
    assert found.pixel_array.sum() == 100
    other = pydicom.dcmread(out / "deidentified-2.seg.dcm")
    assert found.StudyInstanceUID == other.StudyInstanceUID and found.SOPInstanceUID != other.SOPInstanceUID
    nested = found.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID
    assert nested == other.ReferencedSeriesSequence[0].ReferencedInstanceSequence[0].ReferencedSOPInstanceUID


def test_what_is_still_there_stops_the_export() -> None:
    with pytest.raises(UserError, match="was not written"):
        check(b"....KH-4711-XY....", {"KH-4711-XY"}, "out.dcm")
    check(b"....M....", {"M", "absent value"}, "out.dcm")


def test_the_preview_names_every_planted_value_and_what_becomes_of_it(subject: Subject) -> None:
    before = subject.source.read_bytes()
    rows = preview(subject.source)
    shown = {row.before for row in rows}
    for name, value in PLANTED.items():
        assert value in shown, name
    after = {row.before: row.after for row in rows}
    for value in PLANTED.values():
        assert after[value] != value
    assert subject.source.read_bytes() == before


@pytest.mark.parametrize(
    ("modality", "said", "expected"),
    [("CT", "", False), ("US", "", True), ("US", "NO", False), ("CT", "YES", True), ("SC", "", True)],
)
def test_images_that_may_carry_text_say_so(
    subject: Subject, tmp_path: Path, modality: str, said: str, expected: bool
) -> None:
    header = pydicom.dcmread(subject.source)
    header.Modality = modality
    if said:
        header.BurnedInAnnotation = said
    header.save_as(tmp_path / "one.dcm")
    assert (NOTE in probe(tmp_path / "one.dcm").notes) == expected
