"""The window's end of a worker process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import count

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from segstudio.worker.launch import command, environment
from segstudio.worker.messages import FINAL, Cancelled, Failed, Message, Ready, decode, encode

NAMES = {
    "reader": "file reader", "tiles": "tile reader", "builder": "builder of coarse levels",
    "compute": "compute worker", "trainer": "trainer",
}  # fmt: skip

Handler = Callable[[Message], None]
_numbers = count(1)  # one sequence for all workers, so that a job number names one job of the program


class WorkerClient(QObject):
    """Starts a worker when first needed, sends requests, hands replies to the handler of their job.

    A worker that dies costs its jobs only: each gets a Failed, `crashed` tells why, and the next request
    starts a new process. Answers to jobs that are no longer expected are dropped.
    """

    ready = Signal(str)
    """The worker answered; the text is its device, empty before torch is there."""
    crashed = Signal(str)
    """The worker died on its own; the text is one sentence."""

    def __init__(
        self, role: str, *, device: str = "auto", reader_memory: int = 4 * 2**30, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.role = role
        self._device, self._reader_memory = device, reader_memory
        self._handlers: dict[int, Handler] = {}
        self._limits: dict[int, QTimer] = {}
        self._process: QProcess | None = None
        self._closing = False
        self._unwanted = 0
        self._stderr: deque[str] = deque(maxlen=50)
        self._deaths: deque[float] = deque(maxlen=3)

    @property
    def busy(self) -> bool:
        """Whether any job is under way."""
        return bool(self._handlers)

    @property
    def process_id(self) -> int:
        """Process id of the running worker, 0 when none runs."""
        return int(self._process.processId()) if self._process else 0

    @property
    def last_words(self) -> str:
        """The end of what the worker wrote to stderr."""
        return "".join(self._stderr)

    def start(self) -> None:
        """Start the process now instead of with the first request."""
        if self._process is not None or self._closing:
            return
        process = QProcess(self)
        variables = QProcessEnvironment()
        for name, value in environment(self.role, device=self._device, reader_memory=self._reader_memory).items():
            variables.insert(name, value)
        process.setProcessEnvironment(variables)
        process.readyReadStandardOutput.connect(self._read)
        process.readyReadStandardError.connect(self._read_errors)
        process.finished.connect(self._ended)
        program, *arguments = command(self.role)
        process.start(program, arguments)
        self._process = process

    def submit(self, build: Callable[[int], Message], handler: Handler, *, seconds: float = 0.0) -> int:
        """Send a request; `handler` gets its news and exactly one final reply. Returns the job number.

        With `seconds`, the worker is killed when the job takes longer.
        """
        job = next(_numbers)
        self._handlers[job] = handler
        self.start()
        if seconds:
            self._limit(job, seconds)
        self._write(build(job))
        return job

    def control(self, message: Message) -> None:
        """Send a switch (Cancel, Pause, Stop, Busy); nothing happens when no worker runs."""
        if self._process is not None:
            self._write(message)

    def end(self, job: int) -> None:
        """End the process to be rid of a job, which is answered with Cancelled; other jobs fail, nothing crashed."""
        if job in self._handlers:
            self._unwanted = job
            self._kill()

    def close(self) -> None:
        """End the process; outstanding jobs are forgotten."""
        self._closing = True
        self._handlers.clear()
        for timer in self._limits.values():
            timer.stop()
        self._limits.clear()
        if self._process is not None:
            process, self._process = self._process, None
            process.finished.disconnect(self._ended)
            process.closeWriteChannel()
            if not process.waitForFinished(300):
                process.kill()
                process.waitForFinished(3000)
            process.deleteLater()

    def _write(self, message: Message) -> None:
        assert self._process is not None
        self._process.write(encode(message).encode())

    def _read(self) -> None:
        process = self._process
        while process is not None and process is self._process and process.canReadLine():
            reply = decode(bytes(process.readLine().data()))
            if isinstance(reply, Ready):
                self.ready.emit(reply.device)
                continue
            self._deliver(reply)

    def _deliver(self, reply: Message) -> None:
        handler = self._handlers.get(reply.job)
        if handler is None:
            return
        if isinstance(reply, FINAL):
            del self._handlers[reply.job]
            if timer := self._limits.pop(reply.job, None):
                timer.stop()
        handler(reply)

    def _read_errors(self) -> None:
        if self._process is not None:
            self._stderr.append(bytes(self._process.readAllStandardError().data()).decode(errors="replace"))

    def _limit(self, job: int, seconds: float) -> None:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.timeout.connect(self._kill)
        timer.start(int(seconds * 1000))
        self._limits[job] = timer

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _ended(self) -> None:
        """The process died: every outstanding job fails, and the next request starts a new one."""
        process, self._process = self._process, None
        if process is not None:
            self._stderr.append(bytes(process.readAllStandardError().data()).decode(errors="replace"))
            process.deleteLater()
        self._deaths.append(time.monotonic())
        why = f"The {NAMES[self.role]} stopped unexpectedly."
        outstanding = list(self._handlers)
        unwanted, self._unwanted = self._unwanted, 0
        for job in outstanding:
            if job == unwanted:
                self._deliver(Cancelled(job))
                continue
            self._deliver(Failed(job, why, hint="It starts again by itself; the job can be repeated."))
        if unwanted:
            return
        self.crashed.emit(why + (" Its job can be repeated." if outstanding else " It starts again when needed."))
