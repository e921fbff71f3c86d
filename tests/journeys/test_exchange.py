"""Folders of several series, images of several files, and exports, in the real program."""

from __future__ import annotations

import shutil
import threading
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog, QPushButton

from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.dialogs.dicom_identity import IdentityDialog
from segstudio.ui.dialogs.mask_exchange import ExportDialog
from segstudio.ui.dialogs.series import SeriesDialog
from tests.io.test_omezarr import store
from tests.journeys.conftest import User


def run(user: User, command: str) -> None:
    user.window.run(next(known for known in COMMANDS if known.id == command))


@pytest.fixture
def mixed(shared_data: Path, tmp_path: Path) -> Path:
    """A folder of two series and a picture."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    for number, path in enumerate(sorted((shared_data / "dicom_mr_series").glob("*.dcm"))):
        shutil.copy(path, folder / f"a{number:02}.dcm")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path)
            header.SeriesInstanceUID, header.SeriesDescription = f"{header.SeriesInstanceUID}.7", "Second look"
            header.SOPInstanceUID = f"{header.SOPInstanceUID}.7"
            header.save_as(folder / f"b{number:02}.dcm")
    shutil.copy(sorted((shared_data / "isbi2012_em/train").rglob("*.png"))[0], folder / "note.png")
    return folder


def test_the_user_chooses_between_the_series_of_a_folder(user: User, mixed: Path) -> None:
    user.canvas.files_dropped.emit([str(mixed)])
    user.wait(lambda: user.window.findChild(SeriesDialog) is not None)
    dialog = user.window.findChild(SeriesDialog)
    assert dialog.isVisible() and len(dialog.items) == 2
    second = next(item for item in dialog.items if "Second look" in item.text(0))
    assert "CT" in second.text(0) and int(second.text(1)) > 1 and "×" in second.text(2)
    dialog.every.click()
    ok = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert not dialog.chosen and not ok.isEnabled()
    second.setCheckState(0, Qt.CheckState.Checked)
    ok.click()
    user.wait(lambda: user.session.pixels is not None and not user.studio.opening.busy)
    names = [entry.name for entry in user.session.document.images.values()]
    assert names == ["note.png", "b00.dcm"]
    assert user.session.document.images[2].info.shape[0] > 1


def test_files_become_the_channels_of_one_image(user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nibabel

    random = np.random.default_rng(0)
    files = []
    for name in ("T1", "T2"):
        files.append(tmp_path / f"{name}.nii.gz")
        values = random.integers(0, 500, (40, 50, 6)).astype(np.int16)
        nibabel.save(nibabel.Nifti1Image(values, np.diag([1, 1, 3, 1])), files[-1])
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path) for path in files], ""))
    run(user, "images.combine")
    user.wait(lambda: user.session.pixels is not None)
    image = user.session.image
    assert image.name == "T1+T2.nrrd" and image.info.channel_names == ("T1", "T2") and image.info.channels == 2
    assert user.session.project.folder in user.session.project.path_of(image).parents


def test_an_export_runs_beside_the_window_and_is_whole_when_the_program_ends(
    user: User, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.open(sorted((shared_data / "dicom_mr_series").glob("*.dcm"))[0])
    user.stroke([(30, 30), (30, 90)])
    go_on, threads = threading.Event(), []
    from segstudio.io.masks.exports import indexed_png

    write = indexed_png.write_indexed_png

    def slow(*values: object) -> None:
        threads.append(threading.current_thread())
        go_on.wait(20)
        write(*values)

    monkeypatch.setattr(indexed_png, "write_indexed_png", slow)
    user.studio.transfer.write(tmp_path / "out", "png")
    user.wait(lambda: bool(threads) and user.window.job is not None)
    assert threads[0] is not threading.main_thread() and "Exporting" in user.window.job.title
    painted = int((user.session.layer.mask(user.session.view) == user.session.active_class).sum())
    user.stroke([(60, 30), (60, 90)])
    assert int((user.session.layer.mask(user.session.view) == user.session.active_class).sum()) > painted
    go_on.set()
    user.program.shut_down()
    written = sorted((tmp_path / "out").iterdir())
    assert len(written) == user.session.shape[0] and all(path.suffix == ".png" for path in written)
    from PIL import Image

    total = sum(int((np.asarray(Image.open(path)) == user.session.active_class).sum()) for path in written)
    assert total == painted, "what was painted while it ran is not in it"


def test_what_an_export_without_the_patient_removes_is_shown_first(user: User, shared_data: Path) -> None:
    user.open(sorted((shared_data / "dicom_mr_series").glob("*.dcm"))[0])
    run(user, "masks.export")
    dialog = user.window.findChild(ExportDialog)
    assert not dialog.removed.isVisible()
    dialog.formats.setCurrentIndex(dialog.formats.findData("dicom-seg-deidentified"))
    assert dialog.removed.isVisible() and isinstance(dialog.removed, QPushButton)
    dialog.removed.click()
    shown = dialog.findChild(IdentityDialog)
    rows = {shown.table.item(row, 0).text(): shown.table.item(row, 2).text() for row in range(shown.table.rowCount())}
    assert "Patient's Name" in rows and "Study Instance UID" in rows
    shown.reject()
    dialog.reject()


def test_an_image_that_may_carry_text_is_warned_of(user: User, shared_data: Path, tmp_path: Path) -> None:
    header = pydicom.dcmread(sorted((shared_data / "dicom_mr_series").glob("*.dcm"))[0])
    header.BurnedInAnnotation = "YES"
    header.save_as(tmp_path / "capture.dcm")
    user.open(tmp_path / "capture.dcm")
    assert any("may show text" in text for text in user.strips())


def test_an_ome_zarr_folder_is_one_image_and_is_read_as_it_is_shown(user: User, tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 255, (2, 1500, 1800)).astype(np.uint8)
    path = store(tmp_path / "slide.ome.zarr", values, "cyx")
    user.studio.new_project(tmp_path / "project")
    user.session.project.library._budget = 4 * 2**20  # pixels of 2 MB are read by window
    user.open(path)
    assert user.session.image.name == "slide.ome.zarr" and user.session.image.info.channel_names == (
        "stain 0",
        "stain 1",
    )
    box = user.session.view
    user.wait(lambda: user.session.read_pixels(box) is not None)
    user.stroke([(200, 200), (400, 900)])
    assert user.layer(1).annotated_pixels() > 100
    folder = tmp_path / "many"
    folder.mkdir()
    store(folder / "one.zarr", values, "cyx")
    store(folder / "two.zarr", values + 1, "cyx")
    user.canvas.files_dropped.emit([str(folder)])
    user.wait(lambda: len(user.session.document.images) == 3)
