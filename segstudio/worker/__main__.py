"""A worker process: read a line, work, write lines. `python -m segstudio.worker ROLE`."""

from __future__ import annotations

import os
import sys
import time
import traceback
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TextIO

from segstudio.errors import UserError
from segstudio.worker import jobs
from segstudio.worker.control import Control
from segstudio.worker.messages import Cancelled, Failed, Finished, Message, Ready, Send, decode, encode

READERS = ("reader", "tiles", "builder")
"""Roles that open foreign files; `builder` works in the background."""
CPU_SECONDS = 120
"""What one job of a reader may take."""


def main(role: str) -> int:
    replies = _claim_stdout()
    lock = Lock()

    def send(message: Message) -> None:
        with lock:
            replies.write(encode(message))

    inbox: SimpleQueue[Message | None] = SimpleQueue()
    control = Control()
    Thread(target=_listen, args=(inbox, control), daemon=True).start()
    _prepare(role)
    send(Ready(0, role, os.getpid()))
    if role not in READERS:
        Thread(target=_report_device, args=(role, send), daemon=True).start()
    while (message := inbox.get()) is not None:
        if role in READERS:
            from segstudio.io.limits import give_time

            give_time(CPU_SECONDS)
        send(_work(message, control, send))
    return 0


def _work(message: Message, control: Control, send: Send) -> Message:
    """Run one request and return its final reply."""
    start = time.perf_counter()
    control.begin(message.job)
    try:
        if control.cancelled():
            return Cancelled(message.job)
        note = jobs.run(message, control, send)
        return (
            Cancelled(message.job) if control.cancelled() else Finished(message.job, time.perf_counter() - start, note)
        )
    except UserError as error:
        return Failed(message.job, error.what, error.why, error.hint)
    except MemoryError:
        return Failed(message.job, "There was not enough memory for this job.", hint="Close other images or programs.")
    except BaseException as error:  # a Rust panic is no Exception, and a worker must always answer
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return Failed(message.job, f"The worker failed: {type(error).__name__}: {error}", trace=traceback.format_exc())


def _claim_stdout() -> TextIO:
    """Keep the pipe for messages; anything a library prints goes to stderr instead."""
    pipe = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return pipe


def _listen(inbox: SimpleQueue[Message | None], control: Control) -> None:
    """Sort what comes in: switches act at once, requests queue. When the window is gone, so is the worker."""
    for line in sys.stdin:
        if line.strip():
            message = decode(line)
            if not control.take(message):
                inbox.put(message)
    os._exit(0)


def _prepare(role: str) -> None:
    if role in ("trainer", "builder") and hasattr(os, "nice"):
        os.nice(10)  # on a small machine the window and predictions come first
    if role in READERS:
        from segstudio.io.limits import apply

        apply(int(os.environ.get("SEGSTUDIO_READER_MEMORY", str(4 * 2**30))), CPU_SECONDS)
        import segstudio.worker.reader_jobs  # noqa: F401  while nobody waits for it


def _report_device(role: str, send: Send) -> None:
    """Import torch while nobody waits for it, and say what it will compute on."""
    from segstudio.learning.device import choose

    send(Ready(0, role, os.getpid(), choose(os.environ.get("SEGSTUDIO_DEVICE", "auto")).title))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
