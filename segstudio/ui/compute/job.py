"""PixelJob and JobQueue: pixels in, shared arrays out, one at a time, and cancelled in any state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.core.document import ImageEntry
from segstudio.core.geometry import Box
from segstudio.core.source import Pixels as Values
from segstudio.errors import UserError
from segstudio.ui.compute.owner import Owner
from segstudio.ui.compute.worker_client import WorkerClient
from segstudio.worker.messages import FINAL, Cancel, Cancelled, Failed, Message, Pixels
from segstudio.worker.shared import Scratch

TOLD_AFTER = 400
"""Milliseconds after which the window says that something is running."""


class NotNeeded(Exception):
    """Raised while a job is prepared: there is nothing to do any more. It ends as if it had been cancelled."""


class Lease:
    """The shared arrays of one job. They are given back together when it is over, however it ends."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._held: list[Pixels] = []

    def create(self, shape: Sequence[int], dtype: DTypeLike, *, fill: int = 0) -> tuple[Pixels, NDArray[np.generic]]:
        """A new array and its address."""
        address, array = self._scratch.create(shape, dtype, fill=fill)
        self._held.append(address)
        return address, array

    def share(self, array: NDArray[np.generic]) -> Pixels:
        """The address of a copy of `array`."""
        address, target = self.create(array.shape, array.dtype)
        target[...] = array
        return address

    def free(self) -> None:
        """Give everything back; a worker that still maps an array keeps its pixels."""
        while self._held:
            self._scratch.drop(self._held.pop())


class Pictures(Protocol):
    """The library of a project."""

    def load(
        self, entry: ImageEntry, done: Callable[[ImageEntry, Any], None], failed: Callable[[ImageEntry, Failed], None]
    ) -> None: ...


class Pictured(Owner, Protocol):
    """A project with the pixels of its images."""

    @property
    def library(self) -> Pictures: ...


@dataclass(frozen=True, slots=True)
class Need:
    """Pixels that a job needs of an image: those in `boxes`, which are `take`n as arrays (rows, columns, channels).

    Both are given the image as the library has it; boxes of one that is in memory are not needed where its own shared
    pixels do. With `spare` the job goes on without an image that cannot be read, which is told.
    """

    entry: ImageEntry
    boxes: Callable[[Any], list[Box]]
    take: Callable[[Lease, Any, list[Values]], None]
    spare: Callable[[Failed], None] | None = None


def nothing() -> list[Need]:
    """What a job needs that works on no pixels."""
    return []


def ignore(news: Message) -> None:
    """What is done with the news of a job that has none."""


@dataclass(frozen=True, slots=True, eq=False)
class PixelJob:
    """What is to be done for a project, and what with the answer; nothing in it changes once it is asked for.

    When its turn comes `needs` are asked for and gathered one after the other, then `build` makes the request with
    the job's number. `on_done` is called exactly once, with Finished, Cancelled or Failed; the shared arrays of the
    lease are there until it returns. Jobs of a higher `priority` go first. A `lasting` one that a worker is at goes
    on while another project is shown.
    """

    title: str
    project: Pictured
    build: Callable[[Lease, int], Message]
    on_done: Callable[[Message], None]
    on_news: Callable[[Message], None] = ignore
    needs: Callable[[], list[Need]] = nothing
    priority: int = 0
    lasting: bool = False


@dataclass(slots=True, eq=False)
class Task:
    """A job whose turn has come. `needs` are those still to come; `number` is that of its request."""

    job: PixelJob
    lease: Lease
    state: Literal["loading", "fetching", "running"] = "loading"
    needs: list[Need] = field(default_factory=list)
    number: int = 0
    over: Callable[[], object] = lambda: None


class JobQueue(QObject):
    """Does one job at a time with a worker; the others wait, or with `newest` only the last one does.

    A cancelled job is over at once, whatever state it is in. Where its worker is still at it the next one waits until
    the worker is free.
    """

    started = Signal(str)
    """The title of a job that takes longer than a moment."""
    ended = Signal(str)

    def __init__(
        self, client: WorkerClient, scratch: Scratch, *, newest: bool = False, told_after: int = TOLD_AFTER
    ) -> None:
        super().__init__(client)
        self._client, self._scratch, self._newest = client, scratch, newest
        self._waiting: list[PixelJob] = []
        self._task: Task | None = None
        self._leaving = 0  # number of a job that is over, though the worker is still at it
        self._tell = QTimer(self, interval=told_after, singleShot=True)
        self._tell.timeout.connect(lambda: self.started.emit(self._task.job.title if self._task else ""))

    @property
    def busy(self) -> bool:
        """Whether a job is under way or waits."""
        return self._task is not None or bool(self._waiting)

    @property
    def number(self) -> int:
        """Number of the request that the worker is at; 0 while there is none."""
        return self._task.number if self._task is not None else 0

    def add(self, job: PixelJob, *, instead_of: Callable[[PixelJob], bool] = lambda _: False) -> None:
        """Do a job when its turn comes, `instead_of` others that are dropped."""
        if job.project.closed:
            return
        place = next((i for i, one in enumerate(self._waiting) if one.priority < job.priority), len(self._waiting))
        self._waiting.insert(place, job)
        self._drop(lambda one: one is not job and (self._newest or instead_of(one)), patient=True)
        self._next()

    def cancel(self) -> None:
        """Drop what is under way and what waits. A worker that does not look up is ended."""
        self._drop(lambda _: True, patient=False)

    # --- inside ---------------------------------------------------------------------------------------------

    def _drop(self, which: Callable[[PixelJob], bool], *, patient: bool) -> None:
        waiting = [job for job in self._waiting if which(job)]
        self._waiting = [job for job in self._waiting if job not in waiting]
        for job in waiting:
            job.on_done(Cancelled(0))
        task = self._task
        if task is not None and which(task.job):
            if task.number and patient:
                self._client.control(Cancel(task.number))
            elif task.number:
                self._client.cancel(task.number)
            self._leaving = task.number
            self._end(task, Cancelled(task.number))

    def _next(self) -> None:
        self._forget_closed()
        if self._task is not None or self._leaving or not self._waiting:
            return
        job = self._waiting.pop(0)
        task = self._task = Task(job, Lease(self._scratch))
        task.over = job.project.jobs.add(
            lambda: self._end(task, Cancelled(task.number)), lambda: job.lasting and task.number != 0
        )
        if job.title:
            self._tell.start()
        with self._guarded(task):
            task.needs = job.needs()
            self._gather(task)

    def _forget_closed(self) -> None:
        """What waits for a project that was closed meanwhile is over."""
        closed = [job for job in self._waiting if job.project.closed]
        self._waiting = [job for job in self._waiting if not job.project.closed]
        for job in closed:
            job.on_done(Cancelled(0))

    def _gather(self, task: Task) -> None:
        """Ask for the pixels of the next image, or send the request where all are there."""
        if task is not self._task:
            return
        if not task.needs:
            self._send(task)
            return
        need = task.needs.pop(0)
        task.state = "loading"
        task.job.project.library.load(
            need.entry,
            lambda _, item: self._fetch(task, need, item),
            lambda _, reply: self._missing(task, need, reply),
        )

    def _fetch(self, task: Task, need: Need, item: Any) -> None:
        if task is not self._task:
            return

        def taken(found: list[Values]) -> None:
            if task is self._task:
                with self._guarded(task):
                    need.take(task.lease, item, found)
                    QTimer.singleShot(0, self, lambda: self._go_on(task))  # no deeper for each image

        task.state = "fetching"
        with self._guarded(task):
            item.fetch(need.boxes(item), taken, lambda reply: self._missing(task, need, reply))

    def _go_on(self, task: Task) -> None:
        with self._guarded(task):
            self._gather(task)

    def _missing(self, task: Task, need: Need, reply: Failed) -> None:
        if task is not self._task:
            return
        if need.spare is None:
            self._end(task, reply)
        else:
            need.spare(reply)
            QTimer.singleShot(0, self, lambda: self._go_on(task))

    def _send(self, task: Task) -> None:
        job = task.job
        task.number = self._client.submit(
            lambda number: job.build(task.lease, number), lambda reply: self._on_reply(task, reply),
            project=job.project, lasting=job.lasting,
        )  # fmt: skip
        task.state = "running"

    def _on_reply(self, task: Task, reply: Message) -> None:
        final = isinstance(reply, FINAL)
        if task is self._task and final:
            self._end(task, reply)
        elif task is self._task:
            with self._guarded(task):
                task.job.on_news(reply)
        elif final and reply.job == self._leaving:
            self._leaving = 0
            self._next()

    def _end(self, task: Task, reply: Message) -> None:
        """The job is over: tell, give everything back, and go on."""
        if task is not self._task:
            return
        self._task = None
        self._tell.stop()
        try:
            task.job.on_done(reply)
        finally:
            task.lease.free()
            task.over()
            self.ended.emit(task.job.title)
            self._forget_closed()
            if task.number:
                self._next()
            else:
                QTimer.singleShot(0, self, self._next)  # many may fail before they are sent: no deeper for each

    @contextmanager
    def _guarded(self, task: Task) -> Iterator[None]:
        """A job that cannot be prepared is over, and keeps nothing."""
        try:
            yield
        except NotNeeded:
            self._end(task, Cancelled(task.number))
        except UserError as error:
            self._end(task, Failed(task.number, error.what, error.why, error.hint))
        except BaseException:
            self._drop_task(task)
            raise

    def _drop_task(self, task: Task) -> None:
        if task.number:
            self._client.cancel(task.number)
            self._leaving = task.number
        self._end(task, Cancelled(task.number))
