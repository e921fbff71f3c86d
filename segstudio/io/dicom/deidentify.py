"""Take a patient out of a DICOM object: the basic profile of PS3.15 Annex E, and a check that it worked."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.errors import UserError
from segstudio.io.quiet import quiet

SHORTEST = 5
"""Characters below which a value is not searched for: it would be found everywhere by chance."""

KEPT_UIDS = ("SOPClassUID", "ReferencedSOPClassUID", "TransferSyntaxUID", "MediaStorageSOPClassUID", "CodingSchemeUID",
             "ContextUID", "MappingResourceUID", "ImplementationClassUID", "FileMetaInformationVersion")  # fmt: skip
"""UIDs of the standard itself, which say nothing of a patient."""


REFERENCES = ((0x0008, 0x2112), (0x0008, 0x1140))
"""Source and Referenced Image Sequence: of the profile's choices (X, Z or U*) the one that keeps them with new UIDs."""

NO_DATE, SOME_DATE = "00010101", "19000101"
"""The dummy date of dicom-anonymizer, which DICOM does not allow (PS3.5 table 6.2-1), and the one in its place."""

EMPTY_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "PatientBirthDate", "InstanceCreationDate")
"""Dates that may be empty or missing."""


LONGEST_SHOWN = 120
"""Characters of a value that are shown."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A field of an image that an export without the patient changes; `after` is "" where it is taken out."""

    field: str
    before: str
    after: str


def preview(path: Path) -> list[Removed]:
    """What `deidentify` would take out of a DICOM file or replace in it, field by field. The file stays as it is."""
    import pydicom

    with quiet():
        first = pydicom.dcmread(path, stop_before_pixels=True)
        after = copy.deepcopy(first)
        deidentify(after, {}, [])
        rows = []
        for element in first:
            now = after.get(element.tag)
            if element.value not in ("", None) and (now is None or now.value != element.value):
                rows.append(Removed(element.name.strip("[]"), _shown(element), "" if now is None else _shown(now)))
    return rows


def _shown(element: Any) -> str:
    if element.VR == "SQ":
        return f"{len(element.value)} items"
    text = " ".join(str(element.value).split())
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def deidentify(dataset: Any, uids: dict[str, str], sources: Iterable[Any]) -> set[str]:
    """Remove or replace in place what the basic profile (code 113100) names; those values of `sources`, the images it
    was made from, that are gone, to search for.

    Uses dicom-anonymizer's table of the profile, and adds to it: UIDs of instances are replaced everywhere, also inside
    sequences, by the same new one for the same old one (`uids` keeps them for a whole export), the preamble is emptied,
    and the object says that it was de-identified. Dates are taken out, not moved.
    """
    from dicomanonymizer.dicom_anonymization_databases.dicomfields_2023 import U_TAGS
    from dicomanonymizer.simpledicomanonymizer import anonymize_dataset
    from pydicom.dataset import Dataset

    before = _values(dataset)
    _replace_uids(dataset, uids)
    keep = {tag: (lambda dataset, tag: None) for tag in (*U_TAGS, *REFERENCES)}
    with contextlib.redirect_stdout(io.StringIO()):
        anonymize_dataset(dataset, extra_anonymization_rules=keep, delete_private_tags=True)
    dataset.walk(_mend)
    if hasattr(dataset, "file_meta"):
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    if "ContributingEquipmentSequence" in dataset:
        del dataset.ContributingEquipmentSequence  # it tells the date, which may be that of the study
    dataset.preamble = bytes(128)
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "SegStudio, PS3.15 basic profile"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "113100", "DCM"
    code.CodeMeaning = "Basic Application Confidentiality Profile"
    dataset.DeidentificationMethodCodeSequence = [code]
    known: set[str] = set()
    for source in sources:
        known |= _values(source)
    return (before & known) - _values(dataset)


def check(data: bytes, gone: set[str], name: str) -> None:
    """Raise UserError where one of the values that should be gone is still in the bytes of a file."""
    for value in gone:
        if len(value) >= SHORTEST and value.encode("utf-8") in data:
            raise UserError(
                f"“{name}” was not written.", why="A value that names the patient or the study was still in it.",
                hint="This is a fault of the program; please report it.",
            )  # fmt: skip


def _mend(dataset: Any, element: Any) -> None:
    """Replace the impossible dates that dicom-anonymizer leaves."""
    if element.VR == "DA" and element.value == NO_DATE:
        element.value = "" if element.keyword in EMPTY_DATES else SOME_DATE


def _replace_uids(dataset: Any, uids: dict[str, str]) -> None:
    from pydicom.uid import generate_uid

    def replace(_: Any, element: Any) -> None:
        if element.VR == "UI" and element.keyword not in KEPT_UIDS and element.value:
            several = not isinstance(element.value, str)
            new = [
                uids.setdefault(str(one), str(generate_uid()))
                for one in (element.value if several else [element.value])
            ]
            element.value = new if several else new[0]

    dataset.walk(replace)


def _values(dataset: Any) -> set[str]:
    """All texts, dates, names and UIDs of instances in an object, also inside sequences."""
    found: set[str] = set()

    def look(_: Any, element: Any) -> None:
        if element.VR in ("PN", "LO", "SH", "LT", "ST", "UT", "DA", "DT", "TM", "AE", "UI") and element.value:
            if element.VR == "UI" and element.keyword in KEPT_UIDS:
                return
            several = element.value if element.VM > 1 else [element.value]
            found.update(str(one).strip() for one in several)

    dataset.walk(look)
    return found
