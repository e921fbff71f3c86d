"""Ask for predictions and let the answers stream into the prediction plane."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import ImageEntry, Version
from segstudio.core.geometry import TILE, Box, Shape
from segstudio.core.source import Pixels as Values
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.fitting import model_channels, refusal, takes
from segstudio.ui.learning.pieces import pieces
from segstudio.ui.pixels.library import Item, Loaded
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.worker.messages import (
    Block,
    BoxTuple,
    Cancel,
    Cancelled,
    Failed,
    Finished,
    Message,
    Pixels,
    Predict,
    Progress,
    Quick,
)


@dataclass(slots=True)
class Trial:
    """A version that is asked about what is seen of slice `z` without its answer being stored: `blocks` are (top,
    left, classes), and `then(image, layer, trial)` is called with all of them."""

    version: Version
    z: int
    then: Callable[[int, int, Trial], None]
    blocks: list[tuple[int, int, NDArray[np.uint8]]] = field(default_factory=list)


OVERLAP, LOOK_OVERLAP = 0.25, 0.125
"""Share of a window that overlaps the next: a look after a stroke must be quick."""


THOUSAND = 1000
"""Parts in which progress is told."""

GLANCED = 2**20
"""Pixels up to which a look computes just what is seen, and not whole tiles."""


@dataclass(slots=True)
class Task:
    """One image waiting for, or under, prediction. Of an image larger than memory only what is seen is predicted, or
    the `whole` of it where the user asks for it: then `pieces` are the boxes still to do, of `total`."""

    project: OpenProject
    image: int
    layer: int
    visible: BoxTuple | None = None
    only_visible: bool = False
    quiet: bool = False
    job: int = 0
    news: Quick | None = None
    trial: Trial | None = None
    whole: bool = False
    background: bool = False
    pieces: list[Box] | None = None
    total: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What is predicted of an image: all of it, or (`own` shared pixels) a box of a slice whose `corner` is
    (slice, top, left), of which only what lies in `core` is kept."""

    image: Pixels
    shape: Shape
    slices: tuple[int, ...]
    corner: tuple[int, int, int] = (0, 0, 0)
    own: bool = False
    first: BoxTuple | None = None
    core: Box | None = None
    exactly: BoxTuple | None = None


class Learner(Protocol):
    """Who has news for the quick head, and wants to know whether a prediction has learnt it."""

    def news(self, project: OpenProject) -> Quick | None: ...
    def on_end(self, news: Quick, learnt: bool) -> None: ...


class Predicting(QObject):
    """One prediction at a time; what the user asked for comes before refreshes of other images."""

    started = Signal(str)
    progressed = Signal(int, int, str)
    ended = Signal(str)
    """The queue is empty; the text is a last word."""
    failed = Signal(object, object)
    """A Failed message and a callable that repeats the job."""
    image_done = Signal(int)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers
        self._queue: deque[Task] = deque()
        self._current: Task | None = None
        self._version: Version | None = None
        self._over: Callable[[], object] = lambda: None
        self.learner: Learner | None = None

    @property
    def busy(self) -> bool:
        return self._current is not None

    def predict(
        self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple | None = None, *,
        only_visible: bool = False, whole: bool = False,
    ) -> None:  # fmt: skip
        """Predict an image now, the `visible` box (image pixels) first or alone; the `whole` of it, however large."""
        self._forget(entry.id)
        self._queue.appendleft(Task(project, entry.id, layer, visible, only_visible, whole=whole and not only_visible))
        self._next()

    def look(self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple) -> None:
        """Predict what is seen of an image after the one that runs, without a word about it; of an image in memory
        just the pixels in `visible`, where these are few."""
        self._queue.appendleft(Task(project, entry.id, layer, visible, only_visible=True, quiet=True))
        self._next()

    def refresh(self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple | None = None) -> None:
        """Predict an image when nothing more urgent waits: after a better model has arrived."""
        self._forget(entry.id)
        self._queue.append(Task(project, entry.id, layer, visible, background=True))
        self._next()

    def try_out(self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple, trial: Trial) -> None:
        """Ask the trial's version about the `visible` box, after what runs; nothing is stored."""
        self._queue.appendleft(Task(project, entry.id, layer, visible, only_visible=True, trial=trial))
        self._next()

    def cancel(self) -> None:
        """Drop what waits and stop what runs."""
        self._queue.clear()
        if self._current is not None:
            self._workers.compute.control(Cancel(self._current.job))

    def _forget(self, image: int) -> None:
        self._queue = deque(task for task in self._queue if task.image != image)
        current = self._current
        if current is not None and current.image == image and current.job:
            self._workers.compute.control(Cancel(current.job))

    def _next(self) -> None:
        self._queue = deque(task for task in self._queue if not task.project.closed)
        if self._current is not None or not self._queue:
            return
        document = self._queue[0].project.document
        trial = self._queue[0].trial
        self._version = trial.version if trial else document.champion
        if self._version is None:
            self._queue.clear()
            return
        task = self._current = self._queue.popleft()
        entry = document.images.get(task.image)
        if entry is None:
            self._end("")
            return
        self._over = task.project.jobs.add(lambda: self._end("") if self._current is task else None)
        if not takes(task.project, entry, model_channels(task.project, self._version)):
            self._fail(task, refusal(task.project, entry, self._version))
            return
        if not task.quiet:
            self.started.emit(f"Predicting {entry.name}")
        task.project.library.load(
            entry, lambda entry, item: self._send(task, entry, item), lambda _, reply: self._fail(task, reply)
        )

    def _send(self, task: Task, entry: ImageEntry, item: Item) -> None:
        if self._current is not task:
            return
        if isinstance(item, Loaded):
            slices = (task.trial.z,) if task.trial else self._slices(entry)
            first, exactly = task.visible, None
            if task.only_visible:
                slices = slices[:1]
            if task.quiet and first is not None:
                if (first[2] - first[0]) * (first[3] - first[1]) <= GLANCED:
                    exactly = first
                first = visible_tiles(first)
            self._submit(entry, Part(item.address, entry.info.shape, slices, first=first, exactly=exactly))
            return
        if task.visible is None or self._session.image is not entry:
            self._end(f"“{entry.name}” is larger than memory: only what is seen of it is predicted.")
            return
        seen_now = visible_tiles(task.visible)
        box = core = Box(task.trial.z if task.trial else self._session.slice, *seen_now).clip(entry.info.shape)
        why = item.too_large(box)
        if not task.whole:
            if why:
                self._end(why)
                return
        else:
            if task.pieces is None:
                task.pieces = pieces(entry.info.shape, box, whole=not why)
                task.total = len(task.pieces)
            core = task.pieces[0]
            box = core.expand(TILE).clip(entry.info.shape)

        def seen(found: list[Values]) -> None:
            if self._current is task:
                image = self._workers.scratch.share(found[0][None])
                corner = (box.z, box.top, box.left)
                self._submit(entry, Part(image, (1, box.height, box.width), (0,), corner, own=True, core=core))

        item.fetch([box], seen, lambda reply: self._fail(task, reply))

    def _submit(self, entry: ImageEntry, part: Part) -> None:
        task, version = self._current, self._version
        assert task is not None and version is not None
        scratch, shape = self._workers.scratch, part.shape
        classes_at, classes = scratch.create(shape, np.uint8, fill=NOTHING)
        uncertainty_at, uncertainty = scratch.create(shape, np.uint8)

        def on_reply(reply: Message) -> None:
            if isinstance(reply, Block):
                self._apply(task, version, reply, part, (classes, uncertainty))
            elif isinstance(reply, Progress):
                if not task.quiet:
                    before, of = (task.total - len(task.pieces), task.total) if task.pieces else (0, 1)
                    share = (before + reply.done / max(1, reply.total)) / of
                    self.progressed.emit(round(THOUSAND * share), THOUSAND, reply.note)  # pixels may be too many for Qt
            else:
                if task.news is not None and self.learner is not None:
                    self.learner.on_end(task.news, isinstance(reply, Finished))
                for address in (classes_at, uncertainty_at, *([part.image] if part.own else [])):
                    scratch.drop(address)
                self._finish(task, entry, reply)

        task.news = self.learner.news(task.project) if self.learner and task.trial is None else None
        task.job = self._workers.compute.submit(
            lambda job: self._request(job, task, version, entry, part, (classes_at, uncertainty_at)),
            on_reply,
            project=task.project,
        )

    def _request(
        self, job: int, task: Task, version: Version, entry: ImageEntry, part: Part, into: tuple[Pixels, Pixels],
    ) -> Predict:  # fmt: skip
        return Predict(
            job, str(task.project.model_path(version)), part.image, entry.info.ranges, part.slices, into[0], into[1],
            first=part.first, only_first=task.only_visible and not part.own, measure=self._session.settings.uncertainty,
            device=self._session.settings.device, quick=task.news, overlap=LOOK_OVERLAP if task.quiet else OVERLAP,
            exactly=part.exactly, nodata=entry.info.nodata, alpha=entry.info.alpha,
            only=tuple(one.id for one in task.project.document.classes),
        )  # fmt: skip

    def _slices(self, entry: ImageEntry) -> tuple[int, ...]:
        """All slices, the shown one first, then outwards."""
        middle = self._session.slice if self._session.image is entry else 0
        return tuple(sorted(range(entry.info.shape[0]), key=lambda z: abs(z - middle)))

    def _apply(
        self, task: Task, version: Version, block: Block, part: Part,
        said: tuple[NDArray[np.generic], NDArray[np.generic]],
    ) -> None:  # fmt: skip
        document = task.project.document
        if task.image not in document.images:
            return
        z, down, across = part.corner
        top, left, bottom, right = block.box
        box = Box(z + block.z, down + top, across + left, down + bottom, across + right)
        if part.core is not None:
            box = box.intersect(part.core)
            if box.empty:
                return
        inside = np.s_[block.z, box.top - down : box.bottom - down, box.left - across : box.right - across]
        classes, uncertainty = (np.array(values[inside], np.uint8) for values in said)
        gone = np.isin(classes, [entry.id for entry in document.classes], invert=True)
        classes[gone] = NOTHING  # a class was removed since the job began
        if task.trial is not None:
            task.trial.blocks.append((box.top, box.left, classes))
            return
        document.put_prediction(
            task.image, task.layer, box.z, box.top, box.left, classes, uncertainty, version.number,
            in_part=part.exactly is not None,
        )  # fmt: skip

    def _finish(self, task: Task, entry: ImageEntry, reply: Message) -> None:
        if self._current is not task:
            return
        if isinstance(reply, Failed):
            self._fail(task, reply)
            return
        trial = self._current.trial if self._current else None
        if isinstance(reply, Finished) and self._current is not None and trial is not None:
            trial.then(entry.id, self._current.layer, trial)
        elif isinstance(reply, Finished):
            if self._current is not None and self._current.pieces:
                del self._current.pieces[0]
                if self._current.pieces:  # what has come to wait meanwhile goes first
                    self._queue.append(self._current)
                    self._current = None
                    self._over()
                    self._next()
                    return
            self.image_done.emit(entry.id)
        if self._current is not None and self._current.quiet:
            self._end(reply.note if isinstance(reply, Finished) else "")
            return
        note = (
            f"Predicted {entry.name}. {reply.note}".strip() if isinstance(reply, Finished) else "Prediction cancelled."
        )
        self._end(note if not isinstance(reply, Cancelled) or not self._queue else "")

    def _fail(self, task: Task, reply: Failed) -> None:
        if self._current is not task:
            return
        if task.background:  # nobody waits for it: the others are predicted; later, as they may be many
            QTimer.singleShot(0, self, lambda: self._end(reply.what) if self._current is task else None)
            return
        self._queue.clear()
        self._end("")

        def repeat() -> None:
            self._queue.appendleft(task)
            self._next()

        self.failed.emit(reply, repeat)

    def _end(self, note: str) -> None:
        self._current = None
        self._over()
        if self._queue:
            self._next()
        else:
            self.ended.emit(note)


def accept_prediction(session: Session, within: Box | None = None) -> int:
    """Copy the prediction of the active layer's slice, or of a box, into the annotation where nobody has spoken.

    One undo step with origin *accepted*. Returns the number of pixels accepted.
    """
    if session.document is None or session.image is None:
        return 0
    layer = session.layer
    within = within or Box.whole(layer.shape, session.slice)
    writer = session.begin_edit("Accept prediction", tool="accept", origin=Origin.ACCEPTED)
    accepted = 0
    keys = [key for key in layer.prediction.keys() if key[0] == within.z]  # noqa: SIM118  a Plane is no dict
    for key in sorted(keys):
        part = Box.of_tile(key).intersect(within)
        if part.empty:
            continue
        unset = layer.annotation.read(part) == 0
        predicted = layer.prediction.read(part)
        accepted += int((unset & (predicted != NOTHING)).sum())
        writer.put(part.z, part.top, part.left, predicted.astype(np.uint8), unset)
    session.finish_edit(writer)
    return accepted


def seen_tiles(session: Session) -> BoxTuple | None:
    """The box of whole tiles around what is seen of the shown slice; None where nothing is."""
    box = session.view
    return None if box.empty else visible_tiles((box.top, box.left, box.bottom, box.right))


def visible_tiles(box: BoxTuple) -> BoxTuple:
    """`box` grown to whole tiles, so that a streamed block never covers a tile in part."""
    top, left, bottom, right = box
    return top // TILE * TILE, left // TILE * TILE, -(-bottom // TILE) * TILE, -(-right // TILE) * TILE
