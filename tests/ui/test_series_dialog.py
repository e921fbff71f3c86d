"""The series of an archive's export: nested folders, patients, studies, series."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from segstudio.ui.dialogs.series import SeriesDialog
from segstudio.ui.project.adding_images import images_in
from tests.io.dicom_files import noise, series


def export(folder: Path) -> Path:
    """Two patients; files without suffix, each series in a folder of its own, three levels down."""
    for number, (patient, study, name) in enumerate(
        [
            ("A^One", "20200101", "T1"),
            ("A^One", "20200101", "T2"),
            ("A^One", "20210101", "T1"),
            ("B^Two", "20200202", "CT"),
        ]
    ):
        first = series(folder / "DICOM" / f"P{patient[0]}" / f"S{number}", noise(number + 2, 6, 7), series=f"1.2.{number}",
                       PatientName=patient, StudyDate=study, SeriesDescription=name)  # fmt: skip
        for path in first.parent.iterdir():
            path.rename(path.with_suffix(""))
    (folder / "DICOMDIR").write_bytes(b"nothing")
    (folder / "README.TXT").write_text("from the archive")
    return folder


def test_nested_folders_give_the_series_of_all_patients(tmp_path: Path) -> None:
    found, listed = images_in(export(tmp_path))
    assert len(found) == len(listed) == 4
    assert [(one.patient, one.size) for one in listed] == [
        ("A One  0", (2, 6, 7)), ("A One  0", (3, 6, 7)), ("A One  0", (4, 6, 7)), ("B Two  0", (5, 6, 7))]  # fmt: skip


def test_series_are_shown_below_their_study_and_patient_and_filtered(tmp_path: Path, qtbot: QtBot) -> None:
    parent, taken = QWidget(), []
    qtbot.addWidget(parent)
    _, listed = images_in(export(tmp_path))
    dialog = SeriesDialog(parent, listed, taken.append)
    root = dialog.tree.invisibleRootItem()
    assert [root.child(n).childCount() for n in range(root.childCount())] == [2, 1]
    assert [item.text(1) for item in dialog.items] == ["2", "3", "4", "5"] and dialog.items[0].text(2) == "7 × 6"
    dialog.every.click()
    dialog.words.setText("one t2")
    assert [item.isHidden() for item in dialog.items] == [True, False, True, True] and root.child(1).isHidden()
    dialog.every.click()
    dialog.words.setText("")
    assert [item.checkState(0) == Qt.CheckState.Checked for item in dialog.items] == [False, True, False, False]
    dialog.accept()
    assert taken == [[listed[1].first]]
