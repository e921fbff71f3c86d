"""The one thread that writes the project file: strokes at once, predictions when nothing else waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import apsw

from segstudio.core.geometry import TileKey
from segstudio.core.plane import Tile
from segstudio.errors import UserError
from segstudio.project.saving import prediction_rows, save_tiles
from segstudio.project.schema import get_meta, put_meta
from segstudio.project.transactions import Call, SetAside, Stored, StoreJob, explain, lasting

T = TypeVar("T")

BATCH_SECONDS = 0.01
"""Packing predicted tiles stops after this long, so that a stroke never waits for more than one batch."""

_DONE = object()

RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
IDLE_SECONDS = 2.0

Idle = Generator[None, None, None]
PredictedKey = tuple[int, int, TileKey]
"""Image, layer, tile."""
PredictedTile = tuple[Tile, Tile, int]
"""Classes, uncertainty, model version."""


class Writer:
    """Owns the connection. Callers only ever append to a queue; nothing they do waits for the disk.

    A transaction that fails (disk full, I/O error) stays at the head of the queue and is tried again, on a fresh
    connection where the handle can no longer be trusted; one that can never be stored is set aside, and told.
    `stored` and `failed` are called on the writer's thread.
    """

    def __init__(
        self,
        file: Path,
        connection: apsw.Connection,
        reconnect: Callable[[], apsw.Connection],
        stored: Callable[[Stored], None],
        failed: Callable[[UserError], None],
    ) -> None:
        self._file, self._place = file, file.stat().st_ino
        self._connection, self._reconnect = connection, reconnect
        self._stored, self._failed = stored, failed
        self._changed = threading.Condition()
        self._jobs: deque[StoreJob | Call] = deque()
        self._predictions: dict[PredictedKey, PredictedTile] = {}
        self._working: StoreJob | None = None
        self._idle: Idle | None = None
        self._asked: Callable[[apsw.Connection], Idle] | None = None
        self._stop = self._abandon = self._hurry = False
        self._broken = False
        self._revision = int(get_meta(connection, "revision"))
        self.problem: UserError | None = None
        self.aside = SetAside()
        self.crash: BaseException | None = None
        self.seconds: deque[float] = deque(maxlen=1000)
        """How long the last edits took from hand-over to durable."""
        self._thread = threading.Thread(target=self._run, name="project-writer", daemon=True)
        self._thread.start()

    @property
    def pending(self) -> int:
        """Transactions that are not durable yet; predicted tiles count as one."""
        with self._changed:
            jobs = sum(isinstance(job, StoreJob) for job in self._jobs)
            return jobs + bool(self._predictions) + (self._working is not None)

    def submit(self, job: StoreJob) -> None:
        """Append a transaction; they are stored in this order."""
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()

    def predict(self, tiles: dict[PredictedKey, PredictedTile]) -> None:
        """Store predicted tiles when no edit waits; a later tile of the same key replaces the one before."""
        with self._changed:
            self._predictions.update(tiles)
            self._changed.notify_all()

    def call(self, function: Callable[[apsw.Connection], T]) -> T:
        """Run `function` on the writer's thread after all queued transactions and return its result."""
        future: Future[T] = Future()

        def run(connection: apsw.Connection) -> None:
            try:
                future.set_result(function(connection))
            except BaseException as error:  # goes to the caller, whose question it was
                future.set_exception(error)

        with self._changed:
            if self.crash or self._stop:
                raise UserError("The project is no longer open.", why=str(self.crash or "It was closed."))
            self._jobs.append(Call(run, future.set_exception))
            self._changed.notify_all()
        return future.result()

    def when_idle(self, work: Callable[[apsw.Connection], Idle]) -> None:
        """Take one step of `work` whenever there is nothing to store, after what was asked for before."""
        with self._changed:
            self._asked = work
            self._changed.notify_all()

    def flush(self, timeout: float) -> bool:
        """Wait until everything handed over is durable, trying again what has failed; False if something is not."""
        deadline = time.monotonic() + timeout
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            settled = self._changed.wait_for(self._settled, max(0.0, deadline - time.monotonic()))
            return settled and not self.crash and not self.aside.jobs

    def stop(self, *, abandon: bool = False) -> apsw.Connection:
        """End the thread and hand over the connection; with `abandon`, without what cannot be stored."""
        with self._changed:
            self._stop, self._abandon, self._hurry = True, abandon, True
            self._changed.notify_all()
        self._thread.join()
        return self._connection

    # --- on the writer's thread -----------------------------------------------------------------------------

    def _settled(self) -> bool:
        return bool(self.crash) or not (self._jobs or self._predictions or self._working)

    def _run(self) -> None:
        try:
            while True:
                work = self._next()
                if work is None:
                    return
                if isinstance(work, Call):
                    work.run(self._connection)
                else:
                    self._store(work)
        except BaseException as error:
            self._die(error)
            raise
        finally:
            self._drop_idle()

    def _die(self, error: BaseException) -> None:
        """A bug must not look like success: say it, and let nobody wait for ever."""
        with self._changed:
            self.crash = error
            waiting = [job for job in self._jobs if isinstance(job, Call)]
            self._changed.notify_all()
        for call in waiting:
            call.refuse(error)
        self._tell(UserError("The project is no longer being saved.", why=f"{type(error).__name__}: {error}"))

    def _next(self) -> StoreJob | Call | None:
        """The next piece of work; None when it is time to end."""
        rested = False
        while True:
            with self._changed:
                self._working = None
                self._hurry = self._hurry and not self._settled()
                self._changed.notify_all()
                if self._jobs:
                    work = self._jobs.popleft()
                    self._working = work if isinstance(work, StoreJob) else None
                    return work
                if not self._predictions:
                    if self._stop:
                        return None
                    if self._idle is None and self._asked is None:
                        awake = self._changed.wait(None if rested else IDLE_SECONDS)
                        if awake or rested:
                            continue
            if self._predictions:
                return self._batch()
            rested = self._rest()

    def _rest(self) -> bool:
        """One step of the idle work, or else a checkpoint; True when nothing is left to do."""
        try:
            if self._idle is None and self._asked is not None:
                work, self._asked = self._asked, None
                self._idle = work(self._connection)
            if self._idle is not None:
                if next(self._idle, _DONE) is _DONE:
                    self._idle = None
                return False
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except Exception as error:
            self._drop_idle()
            self._notify(self._failed, explain(error, "The project could not be tidied."))
        return True

    def _drop_idle(self) -> None:
        if self._idle is not None:
            self._idle.close()
            self._idle = None

    def _batch(self) -> StoreJob:
        """Pack waiting predicted tiles for a moment, outside of any transaction."""
        rows, started = [], time.monotonic()
        with self._changed:
            job = self._working = StoreJob("Prediction", lambda _: None)
        while time.monotonic() - started < BATCH_SECONDS and not self._jobs:
            with self._changed:
                key = next(iter(self._predictions), None)
                if key is None:
                    break
                tile = self._predictions.pop(key)
            try:
                rows += prediction_rows(*key, *tile)
            except Exception as error:  # a prediction can be made again
                self._tell(explain(error, "A part of the prediction is not saved."))
        job.run = lambda connection: save_tiles(connection, rows)
        return job

    def _store(self, job: StoreJob) -> None:
        """Run a transaction until it is durable (or the project is closed without it, or it never can be)."""
        if self.aside.takes(job):
            return
        tries = 0
        while True:
            try:
                self._attempt(job)
                break
            except Exception as error:  # whatever it is, everything else must go on being saved
                if lasting(error):
                    self._tell(self.aside.put(job, error))
                    return
                self._tell(explain(error, f"“{job.title}” is not saved yet."))
                self._broken = self._broken or not isinstance(error, apsw.FullError | apsw.BusyError)
                with self._changed:
                    self._changed.wait_for(lambda: self._hurry or self._abandon, RETRY_SECONDS[min(tries, 3)])
                    self._hurry = False
                    if self._abandon:
                        return
                tries += 1
        self.problem = self.aside.problem
        seconds = time.monotonic() - job.queued
        if job.edit:
            self.seconds.append(seconds)
        self._notify(self._stored, Stored(job.title, job.edit, time.time(), seconds))

    def _attempt(self, job: StoreJob) -> None:
        if not self._in_place():
            self._broken = True
            raise apsw.CantOpenError("the project file was moved or deleted")
        if self._broken:
            self._renew()
        connection = self._connection
        if job.revision and get_meta(connection, "revision") >= job.revision:
            self._revision = job.revision
            return  # the commit that reported an error did reach the disk
        try:
            connection.execute("BEGIN IMMEDIATE")
            job.run(connection)
            job.revision = self._revision + 1
            put_meta(connection, "revision", job.revision)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._revision = job.revision

    def _in_place(self) -> bool:
        """Whether the open file is still the project: writing on into a deleted file would never fail."""
        try:
            return self._file.stat().st_ino == self._place
        except OSError:
            return False

    def _renew(self) -> None:
        """A handle that reported an I/O error is never used again: close it and go on with a new one."""
        self._drop_idle()
        self._connection.close(True)
        self._connection = self._reconnect()
        self._broken = False

    def _tell(self, error: UserError) -> None:
        if self.problem is None or self.problem.why != error.why:
            self.problem = error
            self._notify(self._failed, error)

    def _notify(self, listener: Callable[[T], None], value: T) -> None:
        try:
            listener(value)
        except Exception:  # whoever watches must not be able to stop the saving
            logging.getLogger(__name__).exception("A listener of the project writer failed.")
