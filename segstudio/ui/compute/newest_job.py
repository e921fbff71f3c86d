"""Errand: one job of the compute worker at a time, of which only the newest wish counts and any can be cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.ui.compute.owner import Owner
from segstudio.ui.compute.workers import Workers
from segstudio.worker.messages import FINAL, Cancel, Cancelled, Failed, Finished, Message

TOLD_AFTER = 400
"""Milliseconds after which the window says that something is running."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is sent, what is done with its result, and what is given back in any case."""

    build: Callable[[int], Message]
    use: Callable[[], object]
    clean: Callable[[], object]


class NewestJob(QObject):
    """Runs the newest wish only: while one job runs, later wishes replace each other."""

    started = Signal(str)
    """The title of a job that takes longer than a moment."""
    ended = Signal(str)
    failed = Signal(object)

    def __init__(self, workers: Workers) -> None:
        super().__init__(workers)
        self._compute = workers.compute
        self._job, self._title, self._dropped = 0, "", False
        self._waiting: tuple[Owner, str, Callable[[], Job | None]] | None = None
        self._tell = QTimer(self, interval=TOLD_AFTER, singleShot=True)
        self._tell.timeout.connect(lambda: self.started.emit(self._title))

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._job != 0

    def wish(self, project: Owner, title: str, prepare: Callable[[], Job | None]) -> None:
        """Run the job that `prepare` makes (None: there is nothing to do), now or once the present one is over."""
        if project.closed:
            return
        if self._job:
            self._waiting = (project, title, prepare)
            self._compute.control(Cancel(self._job))
        elif (job := prepare()) is not None:
            self._title, self._dropped = title, False
            self._tell.start()
            self._job = self._compute.submit(job.build, lambda reply: self._on_reply(job, reply), project=project)

    def cancel(self) -> None:
        """Drop what runs and what waits. A library that does not look up is not waited for: its process is ended."""
        self._waiting = None
        if self._job:
            self._dropped = True
            self._compute.cancel(self._job)

    def _on_reply(self, job: Job, reply: Message) -> None:
        if not isinstance(reply, FINAL):
            return
        self._job = 0
        self._tell.stop()
        wanted = not self._waiting and not self._dropped
        if isinstance(reply, Finished) and wanted:
            job.use()
        job.clean()
        self.ended.emit(self._title)
        if isinstance(reply, Failed) and wanted:
            self.failed.emit(reply)
        assert isinstance(reply, Finished | Failed | Cancelled)
        if self._waiting:
            newest, self._waiting = self._waiting, None
            self.wish(*newest)
