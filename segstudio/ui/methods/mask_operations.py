"""Mask operations: run in the compute worker, shown as a proposal that says what it would change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import ImageEntry
from segstudio.core.geometry import Box
from segstudio.core.layer import MaskLayer
from segstudio.core.proposal import Proposal
from segstudio.errors import UserError
from segstudio.operations.registry import OPERATIONS
from segstudio.ui.compute.job import JobQueue, Lease, NotNeeded, PixelJob
from segstudio.ui.compute.workers import Workers
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Failed, Finished, Message, Operate

MOST = 2**25
"""Voxels that one operation may work on: the hungriest needs 60 bytes for each of them."""

MARGIN = 256
"""Pixels around what is seen that are looked at, too: what lies there may reach into the view."""

SCOPES = {"slice": "This slice", "view": "What is seen", "volume": "All slices"}


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """An operation with its parameters and the part of the image it works on."""

    operation: str
    title: str
    parameters: dict[str, Any]
    scope: str = "slice"


@dataclass(slots=True, eq=False)
class Work:
    """A request on an image and, once it runs, what it works on; `result` is uint8 (slices, rows, columns)."""

    request: OperationRequest
    image: ImageEntry
    layer: int = 0
    box: Box = field(default_factory=lambda: Box(0, 0, 0, 0, 0))
    view: Box = field(default_factory=lambda: Box(0, 0, 0, 0, 0))
    result: NDArray[np.generic] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))

    def proposal(self) -> Proposal:
        """What the operation would change."""
        wanted = np.array(self.result, np.uint8)
        if self.request.scope == "view":
            wanted = _only(wanted, self.box, self.view)
        tool = f"operation:{self.request.operation}"
        return Proposal(self.request.title, tool, Origin.TOOL, self.image.id, self.layer, self.box, wanted)


class MaskOperations(QObject):
    """Runs the newest request only, as a proposal or as an edit."""

    failed = Signal(object)
    """A Failed message."""

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session = session
        self.queue = JobQueue(workers.compute, workers.scratch, newest=True)

    def run(self, operation: str, parameters: dict[str, Any], scope: str, *, preview: bool) -> None:
        """Show what an operation of the table would change in a scope of SCOPES, or do it as one undo step."""
        request = OperationRequest(operation, OPERATIONS[operation].title, parameters, scope)
        if preview:
            self.preview(request)
        elif why := self._session.why_not_editable():
            self._session.blocked.emit(why)
        else:
            self.apply(request)

    def preview(self, request: OperationRequest, then: Callable[[], object] | None = None) -> None:
        """Show what the operation would change; `then` is called once it is shown."""
        project, image = self._session.project, self._session.image
        if project is None or image is None:
            return
        work = Work(request, image)

        def done(reply: Message) -> None:
            if isinstance(reply, Failed):
                self.failed.emit(reply)
            elif isinstance(reply, Finished) and self._session.image is image:
                self._session.proposals.propose(work.proposal())
                if then is not None:
                    then()

        self.queue.add(PixelJob(request.title, project, lambda lease, job: self._build(work, lease, job), done))

    def apply(self, request: OperationRequest) -> None:
        """Run the operation and write its result through the gate as one undo step."""
        self.preview(request, then=lambda: self._session.proposals.accept())

    def _part(self, scope: str) -> tuple[Box, int]:
        """What is worked on: its box in the first slice, and how many slices."""
        session = self._session
        if scope == "view":
            box, slices = session.view.expand(0 if session.view.empty else MARGIN).clip(session.shape), 1
        elif scope == "volume":
            box, slices = Box.whole(session.shape, 0), session.shape[0]
        else:
            box, slices = Box.whole(session.shape, session.slice), 1
        if box.empty:
            raise UserError("Nothing of the image is seen.", hint="Zoom out, or choose “This slice”.")
        if box.height * box.width * slices > MOST:
            raise UserError(
                "That is too much at once.",
                why=f"{box.height * box.width * slices:,} pixels would have to be kept in memory several times.",
                hint="Choose “What is seen” and zoom in.",
            )
        return box, slices

    def _build(self, work: Work, lease: Lease, number: int) -> Operate:
        """The request on shared memory that holds the masks as they are now."""
        session, request = self._session, work.request
        if session.image is not work.image:
            raise NotNeeded
        box, slices = self._part(request.scope)
        other = self._other(request)
        layers = [session.layer, *([other] if other else [])]
        shape = (slices, box.height, box.width)
        masks_at, masks = lease.create((len(layers) + 1, *shape), np.uint8)
        result_at, result = lease.create(shape, np.uint8, fill=255)
        for offset in range(slices):
            part = Box(box.z + offset, box.top, box.left, box.bottom, box.right)
            masks[0, offset], masks[1, offset] = session.layer.mask(part), session.layer.annotated(part)
            if other is not None:
                masks[2, offset] = other.mask(part)
        work.layer, work.box, work.view, work.result = session.active_layer, box, session.view, result
        cut = box.height < session.shape[1] or box.width < session.shape[2]
        return Operate(
            number, request.operation, request.parameters, masks_at, session.spacing, session.active_class, cut,
            result_at,
        )  # fmt: skip

    def _other(self, request: OperationRequest) -> MaskLayer | None:
        """The other layer that the operation asked for."""
        image = self._session.image
        wanted = request.parameters.get("layer")
        if image is None or wanted is None:
            return None
        return next((layer for layer in image.layers if layer.id == wanted), None)


def _only(wanted: NDArray[np.uint8], box: Box, view: Box) -> NDArray[np.uint8]:
    """What changes inside the view; what nobody sees stays."""
    seen = view.intersect(box)
    inside = np.s_[:, seen.top - box.top : seen.bottom - box.top, seen.left - box.left : seen.right - box.left]
    kept = np.full_like(wanted, NOTHING)
    kept[inside] = wanted[inside]
    return kept


def copy_slice(session: Session, offset: int) -> None:
    """Propose what the mask of the slice `offset` away says, for the shown slice."""
    if session.image is None:
        return
    z = session.slice + offset
    if not 0 <= z < session.shape[0]:
        session.refuse("There is no slice there.")
        return
    box = Box.whole(session.shape, z)
    if box.height * box.width > MOST:
        session.refuse("This slice is too large to copy at once.")
        return
    title = "Copy from the slice before" if offset < 0 else "Copy from the slice after"
    session.offer(title, "copy", session.slice, 0, 0, session.layer.mask(box))
