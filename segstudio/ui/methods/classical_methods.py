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
from segstudio.core.proposal import Proposal
from segstudio.core.source import Pixels as Values
from segstudio.errors import UserError
from segstudio.ui.compute.job import JobQueue, Lease, Need, NotNeeded, PixelJob
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.library import Item, Loaded
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Baseline, Failed, Finished, Message, Pixels


@dataclass(frozen=True, slots=True)
class MethodRequest:
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
class MethodPart:
    """What a method runs on: slice `z` of shared pixels, which lies at `box` of the image."""

    image: Pixels
    z: int
    box: Box


class ClassicalMethods(QObject):
    """Runs the newest request only; of an image larger than memory, only what is seen."""

    compared = Signal(object)
    failed = Signal(object)
    """A Failed message."""

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session = session
        self.queue = JobQueue(workers.compute, workers.scratch, newest=True)

    def run(self, method: str, parameters: dict[str, Any], *, preview: bool) -> None:
        """Show what a method of the table would paint, or paint it as one undo step."""
        request = MethodRequest(method, find(method).title, parameters)
        if preview:
            self.preview(request)
        elif why := self._session.why_not_editable():
            self._session.blocked.emit(why)
        else:
            self.apply(request)

    def preview(self, request: MethodRequest, then: Callable[[], object] | None = None) -> None:
        """Show what the method would paint; `then` is called once it is shown."""
        project, image = self._session.project, self._session.image
        if project is not None and image is not None and self._session.pixels is not None:
            self._ask(project, image, request, then)

    def _ask(
        self, project: OpenProject, image: ImageEntry, request: MethodRequest, then: Callable[[], object] | None
    ) -> None:
        session, z, view = self._session, self._session.slice, self._session.view
        layer, channel = session.active_layer, session.display.channel
        parts: list[MethodPart] = []
        answers: list[NDArray[np.generic]] = []

        def boxes(item: Item) -> list[Box]:
            if isinstance(item, Loaded):
                return []
            if view.empty or session.image is not image:
                raise NotNeeded
            if why := item.too_large(view):
                raise UserError(why)
            return [view]

        def take(lease: Lease, item: Item, found: list[Values]) -> None:
            if isinstance(item, Loaded):
                parts.append(MethodPart(item.address, z, Box.whole(image.info.shape, z)))
            else:
                parts.append(MethodPart(lease.share(found[0][None]), 0, view))

        def build(lease: Lease, number: int) -> Baseline:
            part = parts[0]
            address, classes = lease.create((part.box.height, part.box.width), np.uint8)
            answers.append(classes)
            return Baseline(number, request.method, request.parameters, part.image, part.z, channel, address)

        def done(reply: Message) -> None:
            if isinstance(reply, Failed):
                self.failed.emit(reply)
            elif isinstance(reply, Finished) and session.image is image:
                self._show(request, image.id, layer, parts[0].box, np.array(answers[0], np.uint8))
                if then is not None:
                    then()

        need = Need(image, boxes, take)
        self.queue.add(PixelJob(request.title, project, build, done, needs=lambda: [need]))

    def apply(self, request: MethodRequest) -> None:
        """Run the method and write its result through the gate as one undo step."""
        self.preview(request, then=lambda: self._session.proposals.accept())

    def _show(self, request: MethodRequest, image: int, layer: int, box: Box, classes: NDArray[np.uint8]) -> None:
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
    """Dice per class id on the pixels where `truth` has a class; None for a class absent from the truth.

    A method may say numbers that are no class of the project: these are wrong wherever they stand.
    """
    known = truth != NOTHING
    there, said = truth[known], predicted[known]
    scores: dict[int, float | None] = {}
    for class_id in ids:
        annotated, found = there == class_id, said == class_id
        total = int(annotated.sum() + found.sum())
        scores[class_id] = 2 * int((annotated & found).sum()) / total if annotated.any() else None
    return scores
