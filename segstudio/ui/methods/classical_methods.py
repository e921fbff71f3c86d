"""Classical methods: preview as a proposal, apply as one edit, score with the network's yardstick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.classical.registry import find
from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import ImageEntry
from segstudio.core.geometry import Box
from segstudio.core.metrics import confusion
from segstudio.core.proposal import Proposal
from segstudio.core.source import Pixels as Values
from segstudio.ui.compute.newest_job import Job, NewestJob
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.library import Loaded
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Baseline, Failed, Message, Pixels


@dataclass(frozen=True, slots=True)
class Request:
    """A classical method with its parameters."""

    method: str
    title: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Dice per class on the annotated pixels of the shown slice: the baseline beside the network.

    None where the class has no annotated pixel or there is no prediction.
    """

    pixels: int
    baseline: dict[int, float | None]
    network: dict[int, float | None]


@dataclass(frozen=True, slots=True)
class Part:
    """What a method runs on: slice `z` of shared pixels, which lies at `box` of the image; `own`: shared for this."""

    image: Pixels
    z: int
    box: Box
    own: bool = False


class ClassicalMethods(QObject):
    """Runs the newest request only; of an image larger than memory, only what is seen."""

    compared = Signal(object)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers
        self.errand = NewestJob(workers)
        self._wanted = object()  # the newest request whose pixels are on their way

    def run(self, method: str, parameters: dict[str, Any], *, preview: bool) -> None:
        """Show what a method of the table would paint, or paint it as one undo step."""
        request = Request(method, find(method).title, parameters)
        if preview:
            self.preview(request)
        elif why := self._session.why_not_editable():
            self._session.blocked.emit(why)
        else:
            self.apply(request)

    def preview(self, request: Request, then: Callable[[], object] | None = None) -> None:
        """Show what the method would paint; `then` is called once it is shown."""
        project, image = self._session.project, self._session.image
        item = project.library.get(image.id) if project and image else None
        if project is None or image is None or item is None:
            return
        if isinstance(item, Loaded):
            z = self._session.slice
            part = Part(item.address, z, Box.whole(self._session.shape, z))
            self.errand.wish(project, request.title, lambda: self._job(request, then, image, part))
            return
        box = self._session.view
        if why := item.too_large(box):
            self.errand.failed.emit(Failed(0, why))
            return
        self._wanted = wanted = object()

        def seen(found: list[Values]) -> None:
            if self._wanted is wanted and self._session.image is image:
                self.errand.wish(
                    project, request.title, lambda: self._job(request, then, image, self._shared(found[0], box))
                )

        if not box.empty:
            item.fetch([box], seen, self.errand.failed.emit)

    def _shared(self, pixels: Values, box: Box) -> Part:
        return Part(self._workers.scratch.share(pixels[None]), 0, box, own=True)

    def _job(self, request: Request, then: Callable[[], object] | None, image: ImageEntry, part: Part) -> Job:
        scratch = self._workers.scratch
        address, classes = scratch.create((part.box.height, part.box.width), np.uint8)
        layer, channel = self._session.active_layer, self._session.display.channel

        def use() -> None:
            if self._session.image is image:
                self._show(request, image.id, layer, part.box, np.array(classes, np.uint8))
                if then is not None:
                    then()

        def build(job: int) -> Message:
            return Baseline(job, request.method, request.parameters, part.image, part.z, channel, address)

        def clean() -> None:
            for shared in (address, *([part.image] if part.own else [])):
                scratch.drop(shared)

        return Job(build, use, clean)

    def apply(self, request: Request) -> None:
        """Run the method and write its result through the gate as one undo step."""
        self.preview(request, then=lambda: self._session.proposals.accept())

    def _show(self, request: Request, image: int, layer: int, box: Box, classes: NDArray[np.uint8]) -> None:
        self._session.proposals.propose(
            Proposal(
                request.title, f"baseline:{request.method}", Origin.TOOL, image, layer,
                box, self._as_active(classes),
            )
        )  # fmt: skip
        self.compared.emit(self._compare(classes, box))

    def _as_active(self, classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A two-valued result is painted as background and the active class; more values are class ids."""
        if classes.max(initial=0) > 1 or self._session.active_class < 1:
            return classes
        return np.where(classes == 1, np.uint8(self._session.active_class), np.uint8(0))

    def _compare(self, classes: NDArray[np.uint8], box: Box) -> Comparison:
        layer = self._session.layer
        truth = layer.annotated(box)
        ids = [entry.id for entry in self._session.classes]
        predicted = layer.prediction.read(box).astype(np.uint8)
        return Comparison(
            int((truth != NOTHING).sum()),
            _dice(truth, self._as_active(classes), ids),
            _dice(truth, predicted, ids) if (predicted != NOTHING).any() else dict.fromkeys(ids),
        )


def _dice(truth: NDArray[np.uint8], predicted: NDArray[np.uint8], ids: list[int]) -> dict[int, float | None]:
    """Dice per class id on the pixels where `truth` has a class; None for a class absent from the truth."""
    known = truth != NOTHING
    counts = confusion(truth[known], predicted[known], max(ids) + 1)
    scores: dict[int, float | None] = {}
    for class_id in ids:
        annotated = int((truth[known] == class_id).sum())
        total = annotated + int((predicted[known] == class_id).sum())
        scores[class_id] = 2 * int(counts[class_id, class_id]) / total if annotated else None
    return scores
