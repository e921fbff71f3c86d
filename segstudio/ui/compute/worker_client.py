"""The window's end of a worker process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from segstudio.ui.compute.owner import Owner
from segstudio.worker.launch import command, environment
from segstudio.worker.messages import FINAL, Cancel, Cancelled, Failed, Message, Pixels, Ready, decode, encode

NAMES = {
    "reader": "file reader", "tiles": "tile reader", "builder": "builder of coarse levels",
    "compute": "compute worker", "trainer": "trainer",
}  # fmt: skip

PATIENCE = 1500
"""Milliseconds that a cancelled job has to end by itself; then its worker is ended."""

Handler = Callable[[Message], None]
_numbers = count(1)  # one sequence for all workers, so that a job number names one job of the program


@dataclass(frozen=True, slots=True)
class Sent:
    """A request under way: who hears of it, and what is called once it is over."""

    message: Message
    handler: Handler
    over: Callable[[], object]


class WorkerClient(QObject):
    """Starts a worker when first needed, sends requests, hands replies to the handler of their job.

    A worker that dies costs its jobs only: each gets a Failed, `crashed` tells why, and the next request
    starts a new process. Once a project is closed its jobs are cancelled, and whatever a worker still answers is
    dropped with the shared arrays in it.
    """

    ready = Signal(str)
    """The worker answered; the text is its device, empty before torch is there."""
    crashed = Signal(str)
    """The worker died on its own; the text is one sentence."""
    gone = Signal()
    """The process is no more, whoever ended it: the next one knows nothing of what this one was told."""

    def __init__(
        self, role: str, *, device: str = "auto", reader_memory: int = 4 * 2**30, scratch: Path | None = None,
        parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.role = role
        self._device, self._reader_memory = device, reader_memory
        self._sent: dict[int, Sent] = {}
        self._dropped: set[int] = set()  # cancelled and forgotten, but the worker may still be at it
        self._limits: dict[int, QTimer] = {}
        self._process: QProcess | None = None
        self._scratch = scratch  # where the worker makes shared arrays
        self._pid = 0
        self._handed: set[str] = set()  # those of this process that were answered with
        self._closing = False
        self._on_purpose: Message | None = None  # what the job is told for which the process is ended
        self._stderr: deque[str] = deque(maxlen=50)

    @property
    def busy(self) -> bool:
        """Whether any job is under way."""
        return bool(self._sent)

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

    def submit(
        self, build: Callable[[int], Message], handler: Handler, *, project: Owner | None, seconds: float = 0.0,
        lasting: bool = False,
    ) -> int:  # fmt: skip
        """Send a request; `handler` gets its news and exactly one final reply. Returns the job number.

        The job belongs to `project`: when that closes, or another is shown and the job is not `lasting`, the final
        reply is Cancelled, at once. With `seconds`, the worker is killed when the job takes longer.
        """
        job = next(_numbers)
        message = build(job)
        if project is not None and project.closed:
            QTimer.singleShot(0, self, lambda: handler(Cancelled(job)))
            return job
        over = project.jobs.add(lambda: self._drop(job), lambda: lasting) if project is not None else lambda: None
        self._sent[job] = Sent(message, handler, over)
        self.start()
        if seconds:
            self._limit(job, int(seconds * 1000), lambda: self._time_is_up(job))
        self._write(message)
        return job

    def control(self, message: Message) -> None:
        """Send a switch (Cancel, Pause, Stop, Busy); nothing happens when no worker runs."""
        if self._process is not None:
            self._write(message)

    def cancel(self, job: int) -> None:
        """Stop a job: at its next step or, where a library does not look up, by ending the process.

        It is answered with Cancelled; what waits behind it is sent to the next process, and nothing crashed.
        """
        if job in self._sent or job in self._dropped:
            self.control(Cancel(job))
            self._limit(job, PATIENCE, lambda: self._kill_for(Cancelled(job)))

    def _drop(self, job: int) -> None:
        """The project of a job is closed: nobody waits for the answer."""
        self._dropped.add(job)
        self.cancel(job)
        sent = self._sent.pop(job)
        sent.over()
        sent.handler(Cancelled(job))

    def close(self) -> None:
        """End the process; outstanding jobs are forgotten."""
        self._closing = True
        self._sent.clear()
        self._dropped.clear()
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
                self._pid = reply.pid
                self.ready.emit(reply.device)
                continue
            self._deliver(reply)

    def _deliver(self, reply: Message) -> None:
        self._handed.update(pixels.block for pixels in _carried(reply))
        sent = self._sent.get(reply.job)
        if isinstance(reply, FINAL):
            self._sent.pop(reply.job, None)
            self._dropped.discard(reply.job)
            if timer := self._limits.pop(reply.job, None):
                timer.stop()
                timer.deleteLater()
            if sent is not None:
                sent.over()
        if sent is None:
            _free(reply)
        else:
            sent.handler(reply)

    def _read_errors(self) -> None:
        if self._process is not None:
            self._stderr.append(bytes(self._process.readAllStandardError().data()).decode(errors="replace"))

    def _limit(self, job: int, milliseconds: int, then: Callable[[], None]) -> None:
        if timer := self._limits.pop(job, None):
            timer.stop()
            timer.deleteLater()
        timer = self._limits[job] = QTimer(self, singleShot=True, interval=milliseconds)
        timer.timeout.connect(then)
        timer.start()

    def _time_is_up(self, job: int) -> None:
        what = f"The {NAMES[self.role]} took longer than it may."
        self._kill_for(Failed(job, what, hint="The file may be damaged.", kind="timeout"))

    def _kill_for(self, reply: Message) -> None:
        """End the process to be rid of a job, which gets this reply; those that wait behind it are sent again."""
        self._on_purpose = reply
        self._kill()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _ended(self) -> None:
        """The process died: every outstanding job fails, and the next request starts a new one."""
        process, self._process = self._process, None
        if process is not None:
            self._stderr.append(bytes(process.readAllStandardError().data()).decode(errors="replace"))
            process.deleteLater()
        self._sweep()
        self.gone.emit()
        why = f"The {NAMES[self.role]} stopped unexpectedly."
        reply, self._on_purpose = self._on_purpose, None
        for job in tuple(self._dropped):
            self._deliver(Cancelled(job))
        if reply is not None:
            self._deliver(reply)
            self._send_again(dict(self._sent))
            return
        outstanding = list(self._sent)
        for job in outstanding:
            hint = "It starts again by itself; the job can be repeated."
            self._deliver(Failed(job, why, hint=hint, kind="crash"))
        self.crashed.emit(why + (" Its job can be repeated." if outstanding else " It starts again when needed."))

    def _sweep(self) -> None:
        """Remove the arrays that the dead process was about to answer with; their names begin with its id."""
        for path in self._scratch.glob(f"{self._pid}-*") if self._scratch is not None and self._pid else ():
            if str(path) not in self._handed:
                path.unlink(missing_ok=True)
        self._handed.clear()

    def _send_again(self, outstanding: dict[int, Sent]) -> None:
        """Jobs that waited behind one that was ended by force are not at fault."""
        for job, sent in outstanding.items():
            if job in self._sent:  # the answer to another may have been to close their project
                self.start()
                self._write(sent.message)


def _free(reply: Message) -> None:
    """Give back the shared arrays of an answer that nobody takes."""
    for pixels in _carried(reply):
        Path(pixels.block).unlink(missing_ok=True)


def _carried(reply: Message) -> list[Pixels]:
    """The shared arrays that a worker made for an answer."""
    fields = (getattr(reply, "pixels", None), getattr(reply, "mask", None), *getattr(reply, "coarse", ()))
    return [pixels for pixels in fields if isinstance(pixels, Pixels)]
