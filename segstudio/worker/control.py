"""What the listening thread tells the working one: cancelled, paused, stopped, give way."""

from __future__ import annotations

import time
from threading import Event, Lock

from segstudio.worker.messages import Busy, Cancel, Message, Pause, Stop


class Control:
    """Switches of a worker's jobs; written by the listener, read between steps by the job."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._cancelled: set[int] = set()
        self._stopped: set[int] = set()
        self._running = Event()
        self._running.set()
        self._busy_until = 0.0
        self.job = 0

    def take(self, message: Message) -> bool:
        """Act on a control message; False if it is a request instead."""
        match message:
            case Cancel(job):
                self._cancelled.add(job)
                self._running.set()
            case Stop(job):
                self._stopped.add(job)
                self._running.set()
            case Pause(_, on):
                self._running.clear() if on else self._running.set()
            case Busy(_, seconds):
                self._busy_until = time.monotonic() + min(seconds, 5.0)
            case _:
                return False
        return True

    def begin(self, job: int) -> None:
        """A new job starts: it is not paused."""
        self.job = job
        self._running.set()

    def cancelled(self) -> bool:
        return self.job in self._cancelled

    def stopped(self) -> bool:
        """Whether the job should end and keep what it has (also when cancelled)."""
        return self.job in self._stopped or self.cancelled()

    def paused(self) -> bool:
        """Wait while paused; True if it waited, so that clocks can be corrected."""
        waited = not self._running.is_set()
        self._running.wait()
        return waited

    def yield_now(self) -> None:
        """Sleep a little while the user is painting."""
        while not self.cancelled() and (left := self._busy_until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))
