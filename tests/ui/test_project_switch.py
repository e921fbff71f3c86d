"""Whatever runs for a project when another one is opened never reaches that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document
from segstudio.settings import Settings
from segstudio.ui.compute.worker_client import WorkerClient
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.open_project import OpenProject
from segstudio.worker.messages import Cancelled, Finished, ImageRead, Message, ReadImage
from segstudio.worker.shared import Scratch


@pytest.fixture
def workers(qapp: object) -> Iterator[Workers]:
    made = Workers(Settings())
    yield made
    made.close()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.npy"
    np.save(path, np.zeros((2000, 2000), np.uint8))
    return path


def ask(client: WorkerClient, scratch: Scratch, path: Path, project: OpenProject) -> list[Message]:
    """Read an image for a project; what is answered."""
    said: list[Message] = []
    client.submit(lambda job: ReadImage(job, str(path), str(scratch.folder), 2**30), said.append, project=project)
    return said


def test_a_job_is_answered_with_cancelled_the_moment_its_project_closes(workers: Workers, picture: Path) -> None:
    project = OpenProject(Document())
    said = ask(workers.reader, workers.scratch, picture, project)
    project.close()
    assert [type(one) for one in said] == [Cancelled]
    assert not workers.reader.busy and not project.jobs


def test_what_arrives_for_a_closed_project_is_dropped_with_its_shared_arrays(
    workers: Workers, picture: Path, qtbot: QtBot
) -> None:
    closed, other = OpenProject(Document()), OpenProject(Document())
    said = ask(workers.reader, workers.scratch, picture, closed)
    qtbot.waitUntil(lambda: any(workers.scratch.folder.iterdir()), timeout=30_000)  # being read
    closed.close()
    after = ask(workers.reader, workers.scratch, picture, other)
    qtbot.waitUntil(lambda: any(isinstance(one, Finished) for one in after), timeout=30_000)
    assert [type(one) for one in said] == [Cancelled]
    kept = [one.pixels.block for one in after if isinstance(one, ImageRead)]
    assert [str(path) for path in workers.scratch.folder.iterdir()] == kept


def test_nothing_is_begun_for_a_closed_project(workers: Workers, picture: Path, qtbot: QtBot) -> None:
    project = OpenProject(Document())
    project.close()
    said = ask(workers.reader, workers.scratch, picture, project)
    qtbot.waitUntil(lambda: bool(said))
    assert isinstance(said[0], Cancelled) and workers.reader.process_id == 0


def test_two_who_want_the_same_image_share_one_reading(
    workers: Workers, picture: Path, document: Document, qtbot: QtBot
) -> None:
    from tests.ui.conftest import add_image

    project = OpenProject(document, None, workers, Settings())
    entry, _ = add_image(document, str(picture))
    got: list[object] = []
    take: Callable[[object, object], None] = lambda _, item: got.append(item)  # noqa: E731
    for _ in range(3):
        project.library.load(entry, take, take)
    qtbot.waitUntil(lambda: len(got) == 3, timeout=30_000)
    assert got[0] is got[1] is got[2]
    assert len(list(workers.scratch.folder.iterdir())) == 1
    project.close()
    assert not list(workers.scratch.folder.iterdir())
