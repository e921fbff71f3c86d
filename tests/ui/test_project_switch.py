"""Whatever runs for a project when another one is opened never reaches that one."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.io.reading import probe
from segstudio.project.paths import content_digest
from segstudio.settings import Settings
from segstudio.tools.base import Pointer
from segstudio.ui.compute.worker_client import WorkerClient
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.studio import Studio
from segstudio.worker.messages import Cancelled, Failed, Finished, ImageRead, Message, ReadImage
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
    process = workers.reader._process
    assert process is not None
    process.blockSignals(True)  # so that the answer cannot come before the project is closed
    qtbot.waitUntil(lambda: any(workers.scratch.folder.iterdir()), timeout=30_000)
    closed.close()
    process.blockSignals(False)
    workers.reader._read()
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
    project = OpenProject(document, None, workers, Settings())
    entry = document.add_image(str(picture), content_digest(picture), probe(picture))
    got: list[object] = []
    take: Callable[[object, object], None] = lambda _, item: got.append(item)  # noqa: E731
    for _ in range(3):
        project.library.load(entry, take, take)
    qtbot.waitUntil(lambda: len(got) == 3, timeout=30_000)
    assert got[0] is got[1] is got[2]
    assert len(list(workers.scratch.folder.iterdir())) == 1
    project.close()
    assert not list(workers.scratch.folder.iterdir())


@pytest.mark.parametrize("how", ["it is killed", "the job is cancelled"])
def test_a_reader_that_ends_in_the_middle_leaves_no_array_but_those_in_use(
    workers: Workers, picture: Path, tmp_path: Path, qtbot: QtBot, how: str
) -> None:
    project = OpenProject(Document())
    kept = ask(workers.reader, workers.scratch, picture, project)
    qtbot.waitUntil(lambda: any(isinstance(one, Finished) for one in kept), timeout=30_000)
    large = tmp_path / "large.npy"
    np.lib.format.open_memmap(large, "w+", np.uint8, (20_000, 20_000)).flush()
    said = ask(workers.reader, workers.scratch, large, project)
    qtbot.waitUntil(lambda: len(list(workers.scratch.folder.iterdir())) > 1 or bool(said), timeout=30_000)
    if how == "it is killed":
        os.kill(workers.reader.process_id, signal.SIGKILL)
    else:
        workers.reader._kill_for(Cancelled(int(workers.reader._sent.copy().popitem()[0])))
    qtbot.waitUntil(lambda: any(isinstance(one, Failed | Cancelled) for one in said), timeout=30_000)
    assert len(list(workers.scratch.folder.iterdir())) == 1


# --- every kind of work, and what is left of it in the project that is opened meanwhile -------------------------


SIDE = 300


def paint(studio: Studio, image: int) -> None:
    """The left half of an image as background, the right one as the first class, the middle free."""
    document = studio.session.document
    assert document is not None
    writer = document.begin_edit(image, 1, "Paint", tool="brush")
    columns = np.arange(SIDE)[None, :].repeat(SIDE, 0)
    writer.set(0, 0, 0, columns < SIDE // 2 - 9, 0)
    writer.set(0, 0, 0, columns > SIDE // 2 + 9, 1)
    document.finish_edit(writer)


def idle(studio: Studio) -> bool:
    workers = studio.workers
    clients = (workers.reader, workers.tiles, workers.compute, workers.trainer)
    return not any(client.busy for client in clients) and not studio.opening.busy and not studio.transfer.busy


@pytest.fixture(scope="module")
def studio(qapp: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio whose workers are warm, with two projects of equal images: `first`, painted and predicted, `second`."""
    made = Studio(Session(Settings().with_(train_seconds=4)))
    places = tmp_path_factory.mktemp("projects")
    for name, seed in (("first", 1), ("second", 2)):
        pictures = places / f"{name} template" / "pictures"
        pictures.mkdir(parents=True)
        for number in (1, 2):
            values = np.random.default_rng(seed * 10 + number).integers(0, 255, (SIDE, SIDE))
            np.save(pictures / f"{number}.npy", values.astype(np.uint8))
        made.new_project(places / f"{name} template")
        made.open_paths(sorted(pictures.iterdir()))
        until(lambda: made.session.document is not None and len(made.session.document.images) == 2 and idle(made))
        if name == "first":
            paint(made, 1)
            made.predicting.predict_shown()
            until(lambda: not made.predicting.busy and idle(made))
            assert made.session.document is not None and 1 in made.session.document.versions
    made.projects.close()
    yield made
    made.close()


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        QCoreApplication.processEvents()
        time.sleep(0.005)
        assert time.monotonic() < end, "it did not come"


@pytest.fixture
def places(studio: Studio, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Copies of both projects, the first of them open with its first image shown."""
    base = next(tmp_path_factory.getbasetemp().glob("projects*"))
    first, second = tmp_path / "first", tmp_path / "second"
    for place in (first, second):
        shutil.copytree(base / f"{place.name} template", place)
    studio.open_project(first)
    until(lambda: studio.session.pixels is not None and idle(studio))
    yield first, second
    studio.predicting.cancel()
    studio.session.settings = studio.session.settings.with_(live=False)
    until(lambda: idle(studio), 120)
    studio.projects.close()


def extra(place: Path) -> Path:
    """An image file that is in no project yet."""
    path = place.parent / "extra.npy"
    np.save(path, np.full((2500, 2500), 7, np.uint8))
    return path


def mask(place: Path) -> Path:
    """A mask file for the first image."""
    path = place.parent / "1.png"
    Image.fromarray(np.ones((SIDE, SIDE), np.uint8)).save(path)
    return path


def learn_live(studio: Studio, place: Path) -> None:
    studio.session.settings = studio.session.settings.with_(live=True)
    studio.live.set_on(True)
    paint(studio, 2)


def explain(studio: Studio, place: Path) -> None:
    studio.explaining.ask(Pointer(0, 100.0, SIDE - 40.0), "integrated")


def try_out(studio: Studio, place: Path) -> None:
    studio.comparing.show(1)


KINDS: dict[str, Callable[[Studio, Path], object]] = {
    "a prediction": lambda studio, place: studio.predicting.predict_shown(),
    "a refresh": lambda studio, place: studio._on_switched(studio.session.project, None),
    "a new model": lambda studio, place: studio.training.new_model(),
    "a training": lambda studio, place: studio.training.start(),
    "live learning": learn_live,
    "a classical method": lambda studio, place: studio.baselining.run("otsu", {}, preview=False),
    "an operation": lambda studio, place: studio.operating.run("grow", {"radius": 9.0}, "slice", preview=False),
    "an explanation": explain,
    "a version's change": try_out,
    "added images": lambda studio, place: studio.open_paths([extra(place)]),
    "combined images": lambda studio, place: studio.combine([extra(place), place.parent / "extra.npy"]),
    "thumbnails": lambda studio, place: studio.opening.thumbnails(list(studio.session.document.images.values())),
    "another image": lambda studio, place: studio.opening.show(2),
    "imported masks": lambda studio, place: studio.transfer.read(mask(place), "png", [1], ""),
    "exported masks": lambda studio, place: studio.transfer.write(place.parent / "out", "png"),
    "an exported model": lambda studio, place: studio.export_model(place.parent / "model.onnx"),
}


@pytest.mark.parametrize("moment", ["at once", "with answers on their way"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_was_begun_for_a_project_reaches_the_next(
    studio: Studio, places: tuple[Path, Path], kind: str, moment: str, qtbot: QtBot
) -> None:
    first, second = places
    pictures: list[int] = []
    strips: list[str] = []
    with qtbot.captureExceptions() as raised:
        KINDS[kind](studio, first)
        if moment != "at once":
            until(lambda: not idle(studio), 5) if kind != "exported masks" else None
            time.sleep(0.4)  # nothing is taken from the workers meanwhile
        before = studio.session.project
        studio.open_project(second)
        tell, see = lambda error, *_: strips.append(error.what), lambda image, _: pictures.append(image)
        studio.problem.connect(tell)
        studio.opening.thumbnail.connect(see)
        assert before is not None and before.closed and before is not studio.session.project
        until(lambda: idle(studio) and studio.session.pixels is not None and not studio.predicting.busy, 120)
        qtbot.wait(50)
        studio.problem.disconnect(tell)
        studio.opening.thumbnail.disconnect(see)
    assert not raised and not strips
    project, session = studio.session.project, studio.session
    assert project is not None and session.document is project.document
    document = project.document
    assert len(document.images) == 2 and not document.versions and document.history.position == 0
    for image in document.images.values():
        assert all(layer.annotation.is_empty() and layer.prediction.is_empty() for layer in image.layers)
        assert len(image.layers) == 1
    assert session.proposals.shown is None and session.value_overlay is None
    shown = np.load(project.path_of(document.images[1]))
    assert session.pixels is not None and session.image is document.images[1]
    assert (np.asarray(session.pixels.read(session.view))[..., 0] == shown).all()
    assert sorted(set(pictures)) in ([], [1, 2])
    models = [path.name for path in (second / "models").iterdir()]
    assert not models
    kept = {Path(item.address.block).name for item in project.library._loaded.values()}
    assert {path.name for path in studio.workers.scratch.folder.iterdir()} == kept


@pytest.mark.parametrize("how", ["another project", "closing"])
def test_what_is_still_being_drawn_is_in_the_file_of_its_project(
    studio: Studio, places: tuple[Path, Path], how: str
) -> None:
    first, second = places
    document = studio.session.document
    assert document is not None
    open_ = [document.begin_edit(2, 1, "Paint", tool="brush")]
    open_[0].set(0, 0, 0, np.ones((5, 5), np.bool_), 1)
    document.settling.connect(lambda _: document.finish_edit(open_.pop()) if open_ else None)
    studio.open_project(second) if how == "another project" else studio.projects.close()
    studio.open_project(first)
    until(lambda: studio.session.pixels is not None and idle(studio))
    assert studio.session.document is not None and studio.session.document is not document
    stored = studio.session.document.images[2].layers[0]
    assert (stored.annotation.read(Box(0, 0, 0, 5, 5)) != 0).all()


def test_a_training_goes_on_while_another_project_is_shown_and_lands_in_its_own(
    studio: Studio, places: tuple[Path, Path]
) -> None:
    first, second = places
    trained = studio.session.project
    studio.training.start()
    until(lambda: studio.training.state.step > 0, 120)
    studio.open_project(second)
    assert studio.training.state.phase == "idle" and not studio.training.running
    assert trained is not None and trained.lingers
    until(lambda: not trained.lingers, 120)
    assert 2 in trained.document.versions and not list((second / "models").iterdir())
    studio.open_project(first)
    assert studio.session.document is not None and studio.session.document is not trained.document
    assert {2} <= set(studio.session.document.versions)


def test_a_project_that_is_shown_again_meanwhile_is_the_same_one_with_its_training(
    studio: Studio, places: tuple[Path, Path]
) -> None:
    first, second = places
    trained = studio.session.project
    studio.training.start()
    until(lambda: studio.training.state.step > 0, 120)
    studio.open_project(second)
    studio.open_project(first)
    assert studio.session.project is trained and trained is not None and not trained.closed
    assert studio.training.running and studio.training.state.step > 0
    until(lambda: not studio.training.running, 120)
    assert 2 in trained.document.versions


def test_a_training_that_is_stopped_with_its_project_can_be_resumed(studio: Studio, places: tuple[Path, Path]) -> None:
    first, _ = places
    said: list[str] = []
    offers: list[str] = []
    studio.said.connect(said.append)
    tell = lambda error, text, run: offers.append(text)  # noqa: E731
    studio.problem.connect(tell)
    studio.training.start()
    until(lambda: studio.training.state.score_curve != (), 120)
    studio.projects.close()
    assert any("can be resumed" in text for text in said)
    studio.open_project(first)
    studio.problem.disconnect(tell)
    assert studio.session.project is not None and "Resume training" in offers
    assert not studio.training.running and 2 not in studio.session.project.document.versions
