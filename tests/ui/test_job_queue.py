"""A job is over exactly once, in whatever state it is cancelled, and leaves no shared array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document, ImageEntry
from segstudio.core.geometry import Box
from segstudio.errors import UserError
from segstudio.settings import Settings
from segstudio.ui.compute.job import JobQueue, Lease, Need, NotNeeded, PixelJob
from segstudio.ui.compute.owner import Jobs
from segstudio.ui.compute.worker_client import WorkerClient
from segstudio.ui.compute.workers import Workers
from segstudio.worker.messages import FINAL, Cancelled, Failed, Finished, Message, Operate, Probe, Progress
from segstudio.worker.shared import Scratch
from tests.ui.conftest import add_image

STATES = ["waiting", "loading", "fetching", "running"]


@dataclass
class Shelf:
    """A library whose images, and an image whose boxes, come when the test says so."""

    loads: list[tuple[Callable[..., None], Callable[..., None]]] = field(default_factory=list)
    fetches: list[tuple[Callable[..., None], Callable[..., None]]] = field(default_factory=list)

    def load(self, entry: ImageEntry, done: Callable[..., None], failed: Callable[..., None]) -> None:
        self.loads.append((lambda: done(entry, self), lambda reply: failed(entry, reply)))

    def fetch(self, boxes: list[Box], done: Callable[..., None], failed: Callable[..., None]) -> None:
        arrays = [np.ones((box.height, box.width, 1), np.uint8) for box in boxes]
        self.fetches.append((lambda: done(arrays), failed))


@dataclass
class Project:
    library: Shelf = field(default_factory=Shelf)
    jobs: Jobs = field(default_factory=Jobs)
    closed: bool = False

    def close(self) -> None:
        self.closed = True
        self.jobs.cancel()


class Client(WorkerClient):
    """A worker that answers when the test says so."""

    def __init__(self) -> None:
        super().__init__("compute")
        self.written: list[Message] = []

    def start(self) -> None:
        pass

    def _write(self, message: Message) -> None:
        self.written.append(message)

    def answer(self, reply: Message) -> None:
        self._deliver(reply)


class Desk:
    """A queue on a worker, and one job that needs pixels of an image."""

    def __init__(self, folder: Path, *, newest: bool = False) -> None:
        self.client, self.scratch, self.project = Client(), Scratch(folder), Project()
        self.queue = JobQueue(self.client, self.scratch, newest=newest)
        self.entry, _ = add_image(Document())
        self.said: dict[str, list[Message]] = {}
        self.news: list[Message] = []

    def job(self, name: str, *, bad: BaseException | None = None, **more: Any) -> PixelJob:
        said = self.said.setdefault(name, [])

        def build(lease: Lease, number: int) -> Message:
            if bad is not None:
                raise bad
            lease.create((4, 4), np.uint8)
            return Probe(number, name, 1)

        need = Need(
            self.entry, lambda _: [Box(0, 0, 0, 5, 6)], lambda lease, _, found: (lease.share(found[0]), None)[1]
        )
        return PixelJob(name, self.project, build, said.append, self.news.append, lambda: [need], **more)

    def add(self, name: str, *, state: str = "loading", **more: Any) -> None:
        """Ask for a job and bring it into a state."""
        if state == "waiting":
            self.add("before")
        self.queue.add(self.job(name, **more))
        if state in ("fetching", "running"):
            self.project.library.loads.pop()[0]()
        if state == "running":
            self.project.library.fetches.pop()[0]()

    @property
    def files(self) -> int:
        return len(list(self.scratch.folder.iterdir()))

    def ends(self, name: str) -> list[type[Message]]:
        return [type(one) for one in self.said[name]]


@pytest.fixture
def desk(tmp_path: Path, qapp: object) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def newest(tmp_path: Path, qapp: object) -> Desk:
    return Desk(tmp_path, newest=True)


def until_sent(desk: Desk, qtbot: QtBot, count: int = 1) -> None:
    qtbot.waitUntil(lambda: sum(isinstance(one, Probe) for one in desk.client.written) == count)


@pytest.mark.parametrize("how", ["cancelled", "its project closed"])
@pytest.mark.parametrize("state", STATES)
def test_a_job_is_over_at_once_in_every_state(desk: Desk, state: str, how: str, qtbot: QtBot) -> None:
    desk.add("a", state=state)
    if state == "running":
        until_sent(desk, qtbot)
    if how == "cancelled":
        desk.queue.cancel()
    else:
        desk.project.close()
    assert desk.ends("a") == [Cancelled] and not desk.queue.busy and desk.files == 0
    assert not desk.project.jobs or (state, how) == ("running", "cancelled"), "the worker is still at it"
    for done, _ in (*desk.project.library.loads, *desk.project.library.fetches):
        done()  # what was asked for arrives all the same
    qtbot.wait(20)
    assert desk.ends("a") == [Cancelled] and desk.files == 0 and not desk.news


@pytest.mark.parametrize(
    "reply", [Finished(0, 0.1), Failed(0, "No."), Cancelled(0)], ids=lambda one: type(one).__name__
)
def test_a_job_hears_its_news_and_its_end_and_its_arrays_go(desk: Desk, reply: Message, qtbot: QtBot) -> None:
    desk.add("a", state="running")
    until_sent(desk, qtbot)
    number = desk.queue.number
    assert desk.files == 2
    desk.client.answer(Progress(number, 1, 2))
    desk.client.answer(type(reply)(number, *[getattr(reply, name) for name in reply.__struct_fields__[1:]]))
    desk.client.answer(Progress(number, 2, 2))
    assert [type(one) for one in desk.news] == [Progress]
    assert desk.ends("a") == [type(reply)] and desk.files == 0 and not desk.project.jobs


@pytest.mark.parametrize("where", ["loading", "fetching"])
def test_pixels_that_cannot_be_read_end_the_job(desk: Desk, where: str) -> None:
    desk.add("a", state=where)
    shelf = desk.project.library
    (shelf.loads if where == "loading" else shelf.fetches).pop()[1](Failed(0, "It is gone."))
    assert desk.ends("a") == [Failed] and desk.files == 0 and not desk.queue.busy


def test_an_image_that_may_be_missing_does_not_end_the_job(desk: Desk, qtbot: QtBot) -> None:
    told: list[Failed] = []
    job, said = desk.job("a"), desk.said["a"]
    spare = Need(desk.entry, lambda _: [], lambda *_: None, spare=told.append)
    needs = [spare, *job.needs()]
    desk.queue.add(PixelJob("a", desk.project, job.build, said.append, needs=lambda: needs))
    desk.project.library.loads.pop()[1](Failed(0, "It is gone."))
    qtbot.waitUntil(lambda: bool(desk.project.library.loads))
    assert [one.what for one in told] == ["It is gone."] and not said and desk.queue.busy


@pytest.mark.parametrize(
    ("bad", "end"), [(UserError("Too large."), Failed), (NotNeeded(), Cancelled), (ValueError("a bug"), Cancelled)]
)
def test_a_job_that_cannot_be_built_is_over_and_keeps_nothing(
    desk: Desk, bad: BaseException, end: type[Message], qtbot: QtBot
) -> None:
    with qtbot.captureExceptions() as raised:
        desk.add("a", state="running", bad=bad)
        qtbot.waitUntil(lambda: bool(desk.said["a"]))
    assert desk.ends("a") == [end] and desk.files == 0 and not desk.queue.busy
    assert [kind for kind, *_ in raised] == ([ValueError] if isinstance(bad, ValueError) else [])


def test_the_more_urgent_goes_first_and_equals_in_their_order(desk: Desk, qtbot: QtBot) -> None:
    desk.add("first")
    for name, priority in (("late", 0), ("urgent", 1), ("later", 0), ("urgent too", 1)):
        desk.queue.add(desk.job(name, priority=priority))
    order: list[str] = []
    for count in range(1, 6):
        desk.project.library.loads.pop()[0]()
        desk.project.library.fetches.pop()[0]()
        until_sent(desk, qtbot, count)
        sent = desk.client.written[-1]
        assert isinstance(sent, Probe)
        order.append(sent.path)
        desk.client.answer(Finished(sent.job, 0.0))
    assert order == ["first", "urgent", "urgent too", "late", "later"]


def test_the_newest_wish_alone_counts_and_waits_until_the_worker_is_free(newest: Desk, qtbot: QtBot) -> None:
    desk = newest
    desk.add("one", state="running")
    until_sent(desk, qtbot)
    number = desk.queue.number
    desk.add("two")
    desk.add("three")
    assert desk.ends("one") == desk.ends("two") == [Cancelled] and not desk.said["three"]
    assert not desk.project.library.loads, "nothing is prepared while the worker is busy"
    desk.client.answer(Finished(number, 1.0))
    assert len(desk.project.library.loads) == 1 and desk.ends("one") == [Cancelled]


def test_what_waits_for_a_closed_project_is_not_begun(desk: Desk, qtbot: QtBot) -> None:
    desk.add("a", state="running")
    until_sent(desk, qtbot)
    desk.add("b")
    desk.project.close()
    assert desk.ends("a") == desk.ends("b") == [Cancelled] and not desk.queue.busy
    desk.queue.add(desk.job("c"))
    assert not desk.said["c"] and not desk.queue.busy


def test_only_a_lasting_job_that_a_worker_is_at_goes_on_without_being_shown(desk: Desk, qtbot: QtBot) -> None:
    desk.add("a", lasting=True)
    desk.project.jobs.cancel(all_=False)
    assert desk.ends("a") == [Cancelled], "it was still gathering"
    desk.project.library.loads.clear()
    desk.add("b", state="running", lasting=True)
    until_sent(desk, qtbot)
    desk.project.jobs.cancel(all_=False)
    assert not desk.said["b"]
    ended: list[None] = []
    desk.project.jobs.ended.connect(ended.append)
    desk.client.answer(Finished(desk.queue.number, 1.0))
    assert desk.ends("b") == [Finished] and len(ended) == 1


def test_a_hundred_images_in_memory_are_gathered_without_going_deep(desk: Desk, qtbot: QtBot) -> None:
    class Ready(Shelf):
        def load(self, entry: ImageEntry, done: Callable[..., None], failed: Callable[..., None]) -> None:
            done(entry, self)

        def fetch(self, boxes: list[Box], done: Callable[..., None], failed: Callable[..., None]) -> None:
            done([])

    desk.project.library = Ready()
    job = desk.job("a")
    taken: list[int] = []
    needs = [Need(desk.entry, lambda _: [], lambda *_: taken.append(1)) for _ in range(600)]
    desk.queue.add(PixelJob("a", desk.project, job.build, job.on_done, needs=lambda: needs.copy()))
    until_sent(desk, qtbot)
    assert len(taken) == 600


# --- with a real worker ---------------------------------------------------------------------------------------


@pytest.fixture
def workers(qapp: object) -> Iterator[Workers]:
    made = Workers(Settings())
    yield made
    made.close()


def endless(lease: Lease, number: int) -> Operate:
    """Growing noise by a ball takes minutes, and its library looks up at no step."""
    masks_at, masks = lease.create((2, 64, 512, 512), np.uint8)
    masks[...] = np.random.default_rng(0).random((64, 512, 512)) > 0.5
    result_at, _ = lease.create((64, 512, 512), np.uint8)
    options = {"radius": 30.0, "through_slices": True}
    return Operate(number, "grow", options, masks_at, (1.0, 1.0, 1.0), 1, False, result_at)


@pytest.mark.parametrize("how", ["cancelled", "its project closed"])
def test_a_job_whose_library_does_not_look_up_is_ended_and_what_waits_behind_it_is_done(
    workers: Workers, how: str, qtbot: QtBot
) -> None:
    queue, other = JobQueue(workers.compute, workers.scratch), JobQueue(workers.compute, workers.scratch)
    first, second = Project(), Project()
    said: list[Message] = []
    after: list[Message] = []
    crashes: list[str] = []
    workers.crashed.connect(crashes.append)
    queue.add(PixelJob("a", first, endless, said.append))
    with qtbot.waitSignal(workers.compute.ready, timeout=60_000):
        pass
    qtbot.wait(1000)

    def small(lease: Lease, number: int) -> Operate:
        masks_at, masks = lease.create((2, 1, 9, 9), np.uint8)
        masks[:, 0, 4, 4] = 1
        result_at, _ = lease.create((1, 9, 9), np.uint8)
        return Operate(number, "grow", {"radius": 1.0}, masks_at, (1.0, 1.0, 1.0), 1, False, result_at)

    other.add(PixelJob("b", second, small, after.append))
    queue.cancel() if how == "cancelled" else first.close()
    assert [type(one) for one in said] == [Cancelled]
    qtbot.waitUntil(lambda: bool(after), timeout=60_000)
    assert isinstance(after[0], Finished) and not crashes
    assert not list(workers.scratch.folder.iterdir()) and len(said) == 1


def test_a_worker_that_dies_fails_its_job_as_a_crash(workers: Workers, qtbot: QtBot) -> None:
    queue, said = JobQueue(workers.compute, workers.scratch), []
    queue.add(PixelJob("a", Project(), endless, said.append))
    with qtbot.waitSignal(workers.compute.ready, timeout=60_000):
        pass
    workers.compute._kill()
    qtbot.waitUntil(lambda: bool(said), timeout=20_000)
    assert isinstance(said[0], Failed) and said[0].kind == "crash"
    assert not list(workers.scratch.folder.iterdir()) and not queue.busy


def test_a_job_that_takes_too_long_says_so_and_others_do_not_suffer(
    workers: Workers, tmp_path: Path, qtbot: QtBot
) -> None:
    lease = Lease(workers.scratch)
    said: list[Message] = []
    after: list[Message] = []
    with qtbot.waitSignal(workers.compute.ready, timeout=60_000):
        workers.compute.start()
    workers.compute.submit(lambda job: endless(lease, job), said.append, project=None, seconds=1)
    workers.compute.submit(lambda job: Probe(job, str(tmp_path / "none.png"), 1), after.append, project=None)
    qtbot.waitUntil(lambda: all(one and isinstance(one[-1], FINAL) for one in (said, after)), timeout=60_000)
    assert isinstance(said[-1], Failed) and said[-1].kind == "timeout" and "longer than it may" in said[-1].what
    assert getattr(after[-1], "kind", "job") == "job"
    lease.free()
