"""A plain, blocking client of a worker, for the command line and notebooks."""

from __future__ import annotations

import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import numpy as np
from numpy.typing import NDArray

from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.io.masks.imports.labels import LabelClass, Labels
from segstudio.io.masks.names import ImageName
from segstudio.worker.launch import command, environment
from segstudio.worker.messages import (
    Combine,
    Failed,
    Finished,
    ImageRead,
    LabelsRead,
    Message,
    Probe,
    Probed,
    ReadImage,
    ReadLabels,
    ReadMask,
    Ready,
    decode,
    encode,
)
from segstudio.worker.shared import Scratch, attach

BUDGET = 1500 * 2**20
"""Bytes of pixels a file may need unless the caller allows more."""


class Client:
    """One worker process and its conversation; use as a context manager."""

    def __init__(self, role: str, *, budget: int = BUDGET) -> None:
        self.scratch = Scratch()
        self._role, self._budget = role, budget
        self._numbers = count(1)
        self._process: subprocess.Popen[str] | None = None
        self._replies: Queue[Message | None] = Queue()
        self._stderr: deque[str] = deque(maxlen=20)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        self.scratch.close()

    def ask(self, build: Callable[[int], Message], on_news: Callable[[Message], None], *, seconds: float) -> Finished:
        """Send the request `build` makes for a job number and wait for its end.

        Raises UserError when the job fails, when the worker dies, and when it takes longer than `seconds`
        (the worker is killed then).
        """
        request = build(next(self._numbers))
        self._send(request)
        while True:
            try:
                reply = self._replies.get(timeout=seconds)
            except Empty:
                self._kill()
                raise UserError("The file took too long to read.", why=f"More than {seconds:.0f} seconds.") from None
            if reply is None:
                self._kill()
                raise UserError(
                    "The file could not be opened.", why="It made the reading process fail; nothing else was harmed."
                )
            if isinstance(reply, Ready) or reply.job != request.job:
                continue
            if isinstance(reply, Failed):
                raise UserError(reply.what, why=reply.why, hint=reply.hint)
            if isinstance(reply, Finished):
                return reply
            on_news(reply)

    def _send(self, request: Message) -> None:
        if self._process is None or self._process.poll() is not None:
            self._start()
        assert self._process is not None and self._process.stdin is not None
        with suppress(BrokenPipeError):  # the listening thread reports the death
            self._process.stdin.write(encode(request))
            self._process.stdin.flush()

    def _start(self) -> None:
        self._replies = Queue()
        self._process = subprocess.Popen(
            command(self._role),
            env=environment(self._role, reader_memory=2 * self._budget + 2**30),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        Thread(target=self._listen, args=(self._process, self._replies), daemon=True).start()
        Thread(target=self._drain, args=(self._process,), daemon=True).start()

    @staticmethod
    def _listen(process: subprocess.Popen[str], replies: Queue[Message | None]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            replies.put(decode(line))
        replies.put(None)

    def _drain(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        self._stderr.extend(process.stderr)

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                if pipe is not None:
                    with suppress(BrokenPipeError, ValueError):  # the other end may already be gone
                        pipe.close()
            self._process = None


class Reader:
    """Reads foreign files in a disposable process with a memory ceiling (RELIABILITY 3.2)."""

    def __init__(self, *, budget: int = BUDGET, seconds: float = 60.0) -> None:
        self._client = Client("reader", budget=budget)
        self._budget, self._seconds = budget, seconds

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.__exit__()

    def image(self, path: Path) -> tuple[ImageInfo, NDArray[np.generic]]:
        """The image in a file: what is known of it and its pixels (slices, rows, columns, channels).

        Raises UserError with one clear sentence for anything that cannot be opened.
        """
        folder = str(self._client.scratch.folder)
        read = self._read(lambda job: ReadImage(job, str(path.absolute()), folder, self._budget))
        return ImageInfo.from_json(read.info), attach(read.pixels)

    def mask(
        self, path: Path, *, classes: int = 2, invert: bool = False, ignore: int | None = None,
        white: bool | None = None,
    ) -> NDArray[np.uint8]:  # fmt: skip
        """The class ids (rows, columns) in a mask file; see io.masks.mask_file.read_mask for the rules."""
        folder = str(self._client.scratch.folder)
        read = self._read(
            lambda job: ReadMask(job, str(path.absolute()), folder, self._budget, classes, invert, ignore, white)
        )
        return np.array(attach(read.pixels), np.uint8)

    def labels(self, path: Path, form: str, name: str, info: ImageInfo, source: Path | None = None) -> Labels | None:
        """The masks that a file of an import format holds for an image; None where it has none for it. `source` is the
        file of the image, for formats that name it."""
        folder = str(self._client.scratch.folder)
        found: list[Message] = []
        self._client.ask(
            lambda job: label_request(job, path.absolute(), folder, form, name, info, source),
            found.append,
            seconds=self._seconds,
        )
        return labels_of(next(news for news in found if isinstance(news, LabelsRead)))

    def combine(self, paths: Sequence[Path], folder: Path) -> Path:
        """Co-registered files as the channels of one in `folder` (io.combining); the file."""
        names = [str(path.absolute()) for path in paths]
        end = self._client.ask(
            lambda job: Combine(job, names, str(folder.absolute()), self._budget), lambda _: None, seconds=self._seconds
        )
        return Path(end.note)

    def probe(self, path: Path) -> ImageInfo:
        """What a file holds, from its header only."""
        found: list[Message] = []
        self._client.ask(
            lambda job: Probe(job, str(path.absolute()), self._budget), found.append, seconds=self._seconds
        )
        return next(ImageInfo.from_json(news.info) for news in found if isinstance(news, Probed))

    def _read(self, build: Callable[[int], Message]) -> ImageRead:
        found: list[Message] = []
        self._client.ask(build, found.append, seconds=self._seconds)
        read = next(news for news in found if isinstance(news, ImageRead))
        return read


def label_request(
    job: int, path: Path, folder: str, form: str, name: str, info: ImageInfo, source: Path | None = None
) -> ReadLabels:
    """The message that asks for the masks which a file holds for an image; `name` is one of io.masks.names, `source`
    the file of the image."""
    known, file = ImageName.of(name), "" if source is None else str(source.absolute())
    return ReadLabels(job, str(path), folder, form, str(known), known.path, known.stems, info.to_json(), file)


def labels_of(read: LabelsRead) -> Labels | None:
    """What an answer says, out of shared memory."""
    if read.mask is None:
        return None
    mask, classes = np.array(attach(read.mask), np.uint8), tuple(LabelClass(*row) for row in read.classes)
    return Labels(mask, classes, read.notes, read.objects)
