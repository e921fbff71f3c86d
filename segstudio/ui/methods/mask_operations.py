"""Mask operations: run in the compute worker, shown as a proposal that says what it would change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import ImageEntry
from segstudio.core.geometry import Box
from segstudio.core.layer import MaskLayer
from segstudio.core.proposal import Proposal
from segstudio.errors import UserError
from segstudio.operations.registry import OPERATIONS
from segstudio.ui.compute.newest_job import Job, NewestJob
from segstudio.ui.compute.workers import Workers
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Message, Operate

MOST = 2**25
"""Voxels that one operation may work on: the hungriest needs 60 bytes for each of them."""

MARGIN = 256
"""Pixels around what is seen that are looked at, too: what lies there may reach into the view."""

SCOPES = {"slice": "This slice", "view": "What is seen", "volume": "All slices"}


@dataclass(frozen=True, slots=True)
class Request:
    """An operation with its parameters and the part of the image it works on."""

    operation: str
    title: str
    parameters: dict[str, Any]
    scope: str = "slice"


class MaskOperations(QObject):
    """Runs the newest request only, as a proposal or as an edit."""

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers
        self.errand = NewestJob(workers)

    def run(self, operation: str, parameters: dict[str, Any], scope: str, *, preview: bool) -> None:
        """Show what an operation of the table would change in a scope of SCOPES, or do it as one undo step."""
        request = Request(operation, OPERATIONS[operation].title, parameters, scope)
        if preview:
            self.preview(request)
        elif why := self._session.why_not_editable():
            self._session.blocked.emit(why)
        else:
            self.apply(request)

    def preview(self, request: Request, then: Callable[[], object] | None = None) -> None:
        """Show what the operation would change; `then` is called once it is shown."""
        if (project := self._session.project) is not None:
            self.errand.wish(project, request.title, lambda: self._job(request, then))

    def apply(self, request: Request) -> None:
        """Run the operation and write its result through the gate as one undo step."""
        self.preview(request, then=lambda: self._session.proposals.accept())

    def _job(self, request: Request, then: Callable[[], object] | None) -> Job | None:
        image = self._session.image
        if image is None:
            return None
        try:
            box, slices = self._part(request.scope)
        except UserError as error:
            self.errand.failed.emit(error)
            return None
        return self._prepared(request, then, image, box, slices)

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

    def _prepared(
        self, request: Request, then: Callable[[], object] | None, image: ImageEntry, box: Box, slices: int
    ) -> Job:
        """The job on shared memory that holds the masks as they are now."""
        session, scratch = self._session, self._workers.scratch
        other = self._other(request)
        layers = [session.layer, *([other] if other else [])]
        shape = (slices, box.height, box.width)
        masks_at, masks = scratch.create((len(layers) + 1, *shape), np.uint8)
        result_at, result = scratch.create(shape, np.uint8, fill=255)
        for offset in range(slices):
            part = Box(box.z + offset, box.top, box.left, box.bottom, box.right)
            masks[0, offset], masks[1, offset] = session.layer.mask(part), session.layer.annotated(part)
            if other is not None:
                masks[2, offset] = other.mask(part)
        layer, class_id, spacing, view = session.active_layer, session.active_class, session.spacing, session.view
        cut = box.height < session.shape[1] or box.width < session.shape[2]

        def use() -> None:
            if session.image is image:
                wanted = np.array(result, np.uint8)
                if request.scope == "view":
                    wanted = _only(wanted, box, view)
                tool = f"operation:{request.operation}"
                session.proposals.propose(Proposal(request.title, tool, Origin.TOOL, image.id, layer, box, wanted))
                if then is not None:
                    then()

        def build(job: int) -> Message:
            options = request.parameters
            return Operate(job, request.operation, options, masks_at, spacing, class_id, cut, result_at)

        def clean() -> None:
            for address in (masks_at, result_at):
                scratch.drop(address)

        return Job(build, use, clean)

    def _other(self, request: Request) -> MaskLayer | None:
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
