"""Names of classes in DICOM objects: each one value, no two alike, whatever people call a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from segstudio.core.classes import ClassEntry, ClassTable
from segstudio.io.dicom.labels import LONGEST, labelled
from segstudio.io.masks.exports.subject import Subject
from segstudio.io.masks.exports.table import export_format
from segstudio.io.reading import probe
from tests.io.dicom_files import noise, series

NAMES = ("GTV\\CTV", "GTV/CTV", "  spaces ", "two\nlines", "a" * 80, "a" * 90)


def test_names_fit_into_a_long_string_and_stay_apart() -> None:
    found = [entry.name for entry in labelled([ClassEntry(i, name, "#ff0000") for i, name in enumerate(NAMES, 1)])]
    assert found[:4] == ["GTV/CTV", "GTV/CTV (2)", "spaces", "two lines"]
    assert len(set(found)) == len(found) and all("\\" not in name and len(name) <= LONGEST for name in found)
    assert labelled([ClassEntry(7, "", "#ff0000")])[0].name == "class 7"


@pytest.mark.parametrize("form", ["dicom-seg", "rtstruct"])
def test_a_name_with_a_backslash_is_one_value_in_the_file(form: str, tmp_path: Path) -> None:
    (tmp_path / "series").mkdir()
    image = series(tmp_path / "series", noise(3, 14, 17))
    info, table = probe(image), ClassTable()
    for name in NAMES[:2]:
        table.add(name)
    mask = np.zeros(info.shape, np.uint8)
    mask[0, 1:4, 1:4], mask[0, 6:9, 6:9] = 1, 2
    subject = Subject("a", "a", image, info, table, lambda box: mask[box.z, box.rows, box.columns])
    (tmp_path / "out").mkdir()
    (path,) = export_format(form).load()([subject], tmp_path / "out")
    made = dcmread(path)
    rows = made.SegmentSequence if form == "dicom-seg" else made.StructureSetROISequence
    said = [row.SegmentLabel if form == "dicom-seg" else row.ROIName for row in rows]
    assert said == ["GTV/CTV", "GTV/CTV (2)"]
