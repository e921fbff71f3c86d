"""Ask for predictions and let the answers stream into the prediction plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import ImageEntry, Version
from segstudio.core.geometry import TILE, Box, Shape, TileKey
from segstudio.core.source import Pixels as Values
from segstudio.errors import UserError
from segstudio.ui.compute.job import JobQueue, Lease, Need, NotNeeded, PixelJob
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.fitting import model_channels, refusal, takes
from segstudio.ui.learning.models import Models
from segstudio.ui.learning.pieces import pieces
from segstudio.ui.pixels.library import Item, Loaded
from segstudio.ui.pixels.on_demand_source import OnDemandSource
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.worker.messages import (
    Block,
    BoxTuple,
    Failed,
    Finished,
    Message,
    Pixels,
    Predict,
    Progress,
    Quick,
    Region,
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


URGENT, WHOLE = 1, 0
"""What the user waits for comes before refreshes and the further pieces of a large image."""


@dataclass(slots=True, eq=False)
class Lesson:
    """What a prediction teaches the quick head first: the tiles at `places` (image, tile), gathered into `regions`."""

    labels: str
    places: set[tuple[int, TileKey]]
    needs: list[Need]
    regions: list[Region]


class QuickLearner(Protocol):
    """Who has news for the quick head, and wants to know whether a prediction has learnt it."""

    def lesson(self, project: OpenProject) -> Lesson | None: ...
    def learnt(self, lesson: Lesson, done: bool) -> None: ...


@dataclass(slots=True, eq=False)
class Request:
    """One image to predict. Of an image larger than memory only what is seen is predicted, or the `whole` of it where
    the user asks for it: then `pieces` are the boxes still to do, of `total`. `word` tells why there is nothing to do.
    """

    project: OpenProject
    entry: ImageEntry
    layer: int
    visible: BoxTuple | None = None
    only_visible: bool = False
    quiet: bool = False
    trial: Trial | None = None
    whole: bool = False
    background: bool = False
    pieces: list[Box] | None = None
    total: int = 0
    version: Version | None = None
    lesson: Lesson | None = None
    part: PredictedPart | None = None
    word: str = ""

    @property
    def champion(self) -> Version:
        """The version that is asked, chosen when the turn of the request comes."""
        if self.version is None:
            raise NotNeeded
        return self.version


@dataclass(frozen=True, slots=True)
class PredictedPart:
    """What is predicted of an image: all of it, or a box of a slice whose `corner` is (slice, top, left), of which only
    what lies in `core` is kept. `said` are classes and uncertainty, uint8 (slices, rows, columns)."""

    image: Pixels
    shape: Shape
    slices: tuple[int, ...]
    corner: tuple[int, int, int] = (0, 0, 0)
    first: BoxTuple | None = None
    core: Box | None = None
    exactly: BoxTuple | None = None
    said: tuple[NDArray[np.generic], ...] = ()


class Predicting(QObject):
    """One prediction at a time; what the user asked for comes before refreshes of other images."""

    started = Signal(str)
    progressed = Signal(int, int, str)
    ended = Signal(str)
    """The queue is empty; the text is a last word."""
    failed = Signal(object, object)
    """A Failed message and a callable that repeats the job."""
    image_done = Signal(int)

    def __init__(self, session: Session, workers: Workers, models: Models) -> None:
        super().__init__(workers)
        self._session, self._models = session, models
        self.learner: QuickLearner | None = None
        self.queue = JobQueue(workers.compute, workers.scratch, told_after=0)
        self.queue.started.connect(self.started)

    @property
    def busy(self) -> bool:
        return self.queue.busy

    def predict_shown(self, *, view_only: bool = False) -> None:
        """Predict the shown image with the champion, the visible part first, or only that."""
        project, image = self._session.project, self._session.image
        if project is None or image is None or project.read_only:
            return
        layer, visible = self._session.active_layer, seen_tiles(self._session)
        whole = not view_only
        self._models.ensure(
            project,
            layer or 1,
            lambda _: self.predict(project, image, layer, visible, only_visible=view_only, whole=whole),
        )

    def predict(
        self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple | None = None, *,
        only_visible: bool = False, whole: bool = False,
    ) -> None:  # fmt: skip
        """Predict an image now, the `visible` box (image pixels) first or alone; the `whole` of it, however large."""
        whole = whole and not only_visible
        self._ask(Request(project, entry, layer, visible, only_visible, whole=whole), URGENT, alone=True)

    def look(self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple) -> None:
        """Predict what is seen of an image after the one that runs, without a word about it; of an image in memory
        just the pixels in `visible`, where these are few."""
        self._ask(Request(project, entry, layer, visible, only_visible=True, quiet=True), URGENT)

    def refresh(self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple | None = None) -> None:
        """Predict an image when nothing more urgent waits: after a better model has arrived."""
        self._ask(Request(project, entry, layer, visible, background=True), WHOLE, alone=True)

    def try_out(self, project: OpenProject, entry: ImageEntry, layer: int, visible: BoxTuple, trial: Trial) -> None:
        """Ask the trial's version about the `visible` box, after what runs; nothing is stored."""
        self._ask(Request(project, entry, layer, visible, only_visible=True, trial=trial), URGENT)

    def cancel(self) -> None:
        """Drop what waits and stop what runs."""
        self.queue.cancel()

    # --- one job --------------------------------------------------------------------------------------------

    def _ask(self, request: Request, priority: int, *, alone: bool = False) -> None:
        """Put a request into the queue; `alone`, in place of others for the same image."""
        entry = request.entry
        job = PredictJob(
            "" if request.quiet else f"Predicting {entry.name}",
            request.project,
            lambda lease, number: self._build(request, lease, number),
            lambda reply: self._on_done(request, reply),
            lambda news: self._on_news(request, news),
            lambda: self._needs(request),
            priority,
            entry=entry,
        )
        self.queue.add(job, instead_of=lambda one: alone and isinstance(one, PredictJob) and one.entry is entry)

    def _needs(self, request: Request) -> list[Need]:
        """The turn of a request has come: what it needs of the image, after what is to be learnt first."""
        project, trial = request.project, request.trial
        if project.document.images.get(request.entry.id) is not request.entry:
            raise NotNeeded
        request.version = trial.version if trial else project.document.champion
        if not takes(project, request.entry, model_channels(project, request.version)):
            failed = refusal(project, request.entry, request.version)
            raise UserError(failed.what, why=failed.why, hint=failed.hint)
        request.lesson = self.learner.lesson(project) if self.learner and trial is None else None
        own = Need(
            request.entry,
            lambda item: [] if isinstance(item, Loaded) else [self._box(request, item)],
            lambda lease, item, found: self._take(request, lease, item, found),
        )
        return [*(request.lesson.needs if request.lesson else []), own]

    def _box(self, request: Request, item: OnDemandSource) -> Box:
        """What is looked at now of an image larger than memory."""
        shape, session = request.entry.info.shape, self._session
        if request.visible is None or session.image is not request.entry:
            name = request.entry.name
            request.word = f"“{name}” is larger than memory: only what is seen of it is predicted."
            raise NotNeeded
        z = request.trial.z if request.trial else session.slice
        seen = Box(z, *visible_tiles(request.visible)).clip(shape)
        why = item.too_large(seen)
        if not request.whole and why:
            request.word = why
            raise NotNeeded
        if not request.whole:
            return seen
        if request.pieces is None:
            request.pieces = pieces(shape, seen, whole=not why)
            request.total = len(request.pieces)
        return request.pieces[0].expand(TILE).clip(shape)

    def _take(self, request: Request, lease: Lease, item: Item, found: list[Values]) -> None:
        if isinstance(item, Loaded):
            request.part = self._whole(request, item)
            return
        box = self._box(request, item)
        core = request.pieces[0] if request.pieces else box
        request.part = PredictedPart(
            lease.share(found[0][None]), (1, box.height, box.width), (0,), (box.z, box.top, box.left), core=core
        )

    def _whole(self, request: Request, item: Loaded) -> PredictedPart:
        """An image in memory, whose pixels are shared already."""
        entry, first, exactly = request.entry, request.visible, None
        slices = (request.trial.z,) if request.trial else self._slices(entry)
        if request.only_visible:
            slices = slices[:1]
        if request.quiet and first is not None:
            if (first[2] - first[0]) * (first[3] - first[1]) <= GLANCED:
                exactly = first
            first = visible_tiles(first)
        return PredictedPart(item.address, entry.info.shape, slices, first=first, exactly=exactly)

    def _slices(self, entry: ImageEntry) -> tuple[int, ...]:
        """All slices, the shown one first, then outwards."""
        middle = self._session.slice if self._session.image is entry else 0
        return tuple(sorted(range(entry.info.shape[0]), key=lambda z: abs(z - middle)))

    def _build(self, request: Request, lease: Lease, number: int) -> Predict:
        part, settings, entry = request.part, self._session.settings, request.entry
        assert part is not None
        model = str(request.project.model_path(request.champion))
        classes_at, classes = lease.create(part.shape, np.uint8, fill=NOTHING)
        uncertainty_at, uncertainty = lease.create(part.shape, np.uint8)
        request.part = replace(part, said=(classes, uncertainty))
        lesson = request.lesson
        return Predict(
            number, model, part.image, entry.info.ranges, part.slices, classes_at, uncertainty_at, first=part.first,
            only_first=request.only_visible and part.core is None, measure=settings.uncertainty,
            device=settings.device, quick=Quick(lesson.labels, tuple(lesson.regions)) if lesson else None,
            overlap=LOOK_OVERLAP if request.quiet else OVERLAP, exactly=part.exactly, nodata=entry.info.nodata,
            alpha=entry.info.alpha, only=tuple(one.id for one in request.project.document.classes),
        )  # fmt: skip

    # --- its answers ----------------------------------------------------------------------------------------

    def _on_news(self, request: Request, news: Message) -> None:
        if isinstance(news, Block):
            self._apply(request, news)
        elif isinstance(news, Progress) and not request.quiet:
            before, of = (request.total - len(request.pieces), request.total) if request.pieces else (0, 1)
            share = (before + news.done / max(1, news.total)) / of
            self.progressed.emit(round(THOUSAND * share), THOUSAND, news.note)  # pixels may be too many for Qt

    def _apply(self, request: Request, block: Block) -> None:
        part, document = request.part, request.project.document
        if part is None or document.images.get(request.entry.id) is not request.entry:
            return
        z, down, across = part.corner
        top, left, bottom, right = block.box
        box = Box(z + block.z, down + top, across + left, down + bottom, across + right)
        if part.core is not None:
            box = box.intersect(part.core)
            if box.empty:
                return
        inside = np.s_[block.z, box.top - down : box.bottom - down, box.left - across : box.right - across]
        classes, uncertainty = (np.array(values[inside], np.uint8) for values in part.said)
        gone = np.isin(classes, [entry.id for entry in document.classes], invert=True)
        classes[gone] = NOTHING  # a class was removed since the job began
        if request.trial is not None:
            request.trial.blocks.append((box.top, box.left, classes))
            return
        document.put_prediction(
            request.entry.id, request.layer, box.z, box.top, box.left, classes, uncertainty, request.champion.number,
            in_part=part.exactly is not None,
        )  # fmt: skip

    def _on_done(self, request: Request, reply: Message) -> None:
        if request.lesson is not None and self.learner is not None:
            self.learner.learnt(request.lesson, isinstance(reply, Finished))
            request.lesson = None
        if isinstance(reply, Failed) and request.background:
            self._say(reply.what)  # nobody waits for it: the others are predicted
        elif isinstance(reply, Failed):
            self.queue.cancel()
            self._say("")
            self.failed.emit(reply, lambda: self._ask(request, URGENT))
        elif not isinstance(reply, Finished):
            self._say(request.word or ("" if request.quiet else "Prediction cancelled."))
        elif request.trial is not None:
            request.trial.then(request.entry.id, request.layer, request.trial)
            self._say("")
        elif request.pieces and len(request.pieces) > 1:
            del request.pieces[0]
            self._ask(request, WHOLE)  # what has come to wait meanwhile goes first
        else:
            self.image_done.emit(request.entry.id)
            self._say(reply.note if request.quiet else f"Predicted {request.entry.name}. {reply.note}".strip())

    def _say(self, text: str) -> None:
        """The last word, if nothing else waits."""
        if not self.busy:
            self.ended.emit(text)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PredictJob(PixelJob):
    """A prediction of `entry`."""

    entry: ImageEntry


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
