"""Classes say in coded words what they are, and segmentations carry it out and in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.sr.codedict import codes

from segstudio.core.classes import ClassTable
from segstudio.core.document import Document
from segstudio.io.dicom.codes import CATEGORIES, NEUTRAL, coding, codings, search
from segstudio.io.masks.exporting import prepare
from segstudio.io.masks.importing import apply
from segstudio.io.masks.imports.table import import_format
from segstudio.io.reading import probe
from segstudio.project.store import Store
from tests.io.dicom_files import noise, series

LIVER, LESION = "10200004^SCT^Liver", "52988006^SCT^Lesion"


def test_the_list_holds_what_pydicom_knows_of_each_category() -> None:
    every = {(one.value, one.scheme) for one in codings()}
    for group in CATEGORIES:
        for code in getattr(codes, f"cid{group}").concepts.values():
            assert (code.value, code.scheme_designator) in every
    assert len(every) == len(codings()) > 800 and all(getattr(codes.SCT, one.category) for one in codings())


@pytest.mark.parametrize(("words", "first"), [("liver", "Liver"), ("LIVER", "Liver"), ("kidney", "Kidney"), ("10200004", "Liver"),
                                              ("spleen", "Spleen")])  # fmt: skip
def test_codes_are_found_by_their_words_and_numbers(words: str, first: str) -> None:
    assert search(words)[0].meaning == first


def test_nothing_said_and_nonsense_are_neutral() -> None:
    for text in ("", "Liver", "^^", "1^2", f"{'9' * 40}^SCT^x"):
        assert coding(text).text == NEUTRAL
    assert coding("1234^99MINE^My own").text == "1234^99MINE^My own", "codes of others are kept"


def project(image: Path) -> tuple[Document, int]:
    document = Document()
    entry = document.add_image(str(image), "", probe(image))
    for name in ("Leber", "Spot", "Something"):
        document.change_classes("Add", lambda table, name=name: table.add(name))
    document.change_classes("Code", lambda table: (table.change(1, code=LIVER), table.change(2, code=LESION)))
    mask = np.zeros(entry.info.shape, np.uint8)
    mask[1, 2:5, 2:5], mask[1, 6, 6], mask[2, 3, 3] = 1, 2, 3
    writer = document.begin_edit(entry.id, 1, "Paint", tool="brush")
    for z in range(len(mask)):
        writer.put(z, 0, 0, mask[z])
    document.finish_edit(writer)
    return document, entry.id


def test_segments_carry_the_codes_of_their_classes_out_and_in(tmp_path: Path) -> None:
    image = series(tmp_path / "s", noise(3, 12, 13))
    document, _ = project(image)
    (path,) = prepare(document, form="dicom-seg").write(tmp_path)
    segments = dcmread(path).SegmentSequence
    told = [(one.SegmentedPropertyCategoryCodeSequence[0].CodeMeaning, one.SegmentedPropertyTypeCodeSequence[0].CodeMeaning)
            for one in segments]  # fmt: skip
    assert told == [
        ("Anatomical Structure", "Liver"),
        ("Morphologically Abnormal Structure", "Lesion"),
        ("Tissue", "Tissue"),
    ]
    other = Document()
    entry = other.add_image(str(image), "", probe(image))
    labels = import_format("dicom-seg").read(path, "s000", entry.info, image)
    assert labels is not None
    apply(other, entry, labels, layer=1, title="Import")
    assert {one.name: one.code for one in other.classes if one.id} == {"Leber": LIVER, "Spot": LESION, "Something": ""}


def test_codes_are_undone_with_the_table_and_kept_in_the_project(tmp_path: Path) -> None:
    document, _ = project(series(tmp_path / "s", noise(3, 12, 13)))
    document.change_classes("Code", lambda table: table.change(3, code=LIVER))
    document.undo()
    assert document.classes[3].code == "" and document.classes[1].code == LIVER
    document.redo()
    assert document.classes[3].code == LIVER
    store, fresh = Store.create(tmp_path / "p"), Document(ClassTable())
    store.attach(fresh)
    fresh.change_classes("Add", lambda table: table.add("Liver"))
    fresh.change_classes("Code", lambda table: table.change(1, code=LIVER))
    store.close()
    again = Store.open(tmp_path / "p")
    loaded = again.load()
    again.close()
    assert loaded.classes[1].code == LIVER
    loaded.undo()
    assert loaded.classes[1].code == ""
