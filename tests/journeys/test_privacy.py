"""A patient's data goes no further than the image: everything the program writes is searched for planted values."""

from __future__ import annotations

import warnings
from pathlib import Path

import pydicom
import pytest
from PySide6.QtCore import Qt

from tests.io.test_deidentify import PLANTED
from tests.journeys.conftest import User

TEXTS = [value for value in PLANTED.values() if len(value) > 8]


@pytest.fixture
def series(shared_data: Path, tmp_path: Path) -> Path:
    """A series with a person in its headers, in a folder with a neutral name."""
    folder = tmp_path / "scan"
    folder.mkdir()
    for path in sorted((shared_data / "dicom_mr_series").glob("*.dcm")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            header = pydicom.dcmread(path)
            for name, value in PLANTED.items():
                setattr(header, name, value)
            header.save_as(folder / path.name)
    return folder


def holding(folder: Path, texts: list[str]) -> list[str]:
    """Files below a folder that hold one of the texts, in any usual coding."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            if any(text.encode(coding) in data for text in texts for coding in ("utf-8", "utf-16-le", "utf-16-be")):
                found.append(str(path))
    return found


def test_nothing_that_is_written_knows_the_patient(
    user: User, series: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Project, checkpoints, thumbnails, settings, recent files, scratch, what workers say, logs, the window's title."""
    assert len(holding(series, TEXTS)) > 5, "the search finds what is there"
    file = sorted(series.iterdir())[0]
    user.open(file)
    for number in range(2):
        user.press(Qt.Key(Qt.Key.Key_1 + number)) if number else None
        user.stroke([(30 + 20 * number, 30), (30 + 20 * number, 90)])
    user.session.settings = user.session.settings.with_(train_seconds=3)
    user.studio.training.start()
    user.wait(lambda: not user.studio.training.running, 240)
    user.predict()
    workers = user.studio.workers
    said = "".join(client.last_words for client in (workers.reader, workers.compute, workers.trainer))
    said += caplog.text + user.window.windowTitle() + " ".join(user.strips())
    assert not any(text in said for text in TEXTS)
    scratch = workers.scratch.folder
    assert holding(scratch, TEXTS) == []
    store = user.session.project.store
    assert store is not None
    store.flush()
    folder = store.folder
    assert folder.is_dir() and any((folder / "models").iterdir())
    assert holding(folder, TEXTS) == []
    user.program.close()
    user.program.shut_down()
    assert holding(folder, TEXTS) == []
    own = [path for path in holding(tmp_path, TEXTS) if not path.startswith(str(series))]
    assert own == []
