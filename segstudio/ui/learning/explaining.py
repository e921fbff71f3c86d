"""Explaining: what the model's answer for an object rests on, as a veil over the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry, Version
from segstudio.core.geometry import Box
from segstudio.core.value_overlay import ValueOverlay
from segstudio.tools.base import Pointer
from segstudio.tools.candidates import object_under
from segstudio.ui.compute.job import JobQueue, Lease, Need, PixelJob
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr
from segstudio.worker.messages import Explain, Failed, Finished, Message, Pixels

TITLES = {"gradcam": "Seg-Grad-CAM", "integrated": "Integrated gradients"}

AROUND = 128
"""Pixels around an object that may have spoken for it."""

LARGEST = 768
"""Pixels of a side that are asked about at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What is asked of a version: why it says `class_id` at the pixels `inside` a box of an image."""

    project: OpenProject
    entry: ImageEntry
    version: Version
    box: Box
    inside: NDArray[np.bool_]
    class_id: int
    method: str
    title: str


class Explaining(QObject):
    """Asks the model in use about the object under the pointer; nothing is stored."""

    failed = Signal(object)
    said = Signal(str)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session = session
        self.queue = JobQueue(workers.compute, workers.scratch, newest=True)

    def ask(self, at: Pointer | None, method: str) -> None:
        """Explain the object under the pointer by `method` ("gradcam" or "integrated")."""
        session = self._session
        project = session.project
        champion = project.document.champion if project else None
        if project is None or champion is None or session.image is None:
            self.said.emit(tr("There is no model yet whose answer could be explained: predict first (P)."))
            return
        found = object_under(session, at) if at is not None else None
        if found is None:
            self.said.emit(tr("Point at an object of a class first, then ask again."))
            return
        region, where, class_id = found
        box = where.expand(AROUND).clip(session.shape)
        middle = (where.top + where.bottom) // 2, (where.left + where.right) // 2
        reach = Box(box.z, middle[0], middle[1], middle[0] + 1, middle[1] + 1).expand(LARGEST // 2)
        box = box.intersect(reach)
        inside = np.zeros((box.height, box.width), np.bool_)
        part = where.intersect(box)
        inside[part.top - box.top : part.bottom - box.top, part.left - box.left : part.right - box.left] = region[
            part.top - where.top : part.bottom - where.top, part.left - where.left : part.right - where.left
        ]
        name = session.classes[class_id].name
        title = f"{TITLES[method]}: why “{name}” here"

        question = Question(project, session.image, champion, box, inside, class_id, method, title)
        self.said.emit(tr("Asking the model why…"))
        self._ask(question)

    def _ask(self, question: Question) -> None:
        pixels: list[Pixels] = []
        values: list[NDArray[np.generic]] = []

        def build(lease: Lease, number: int) -> Explain:
            region = lease.share(question.inside.astype(np.uint8))
            address, array = lease.create(question.inside.shape, np.float32)
            values.append(array)
            return Explain(
                number, str(question.project.model_path(question.version)), pixels[0], question.entry.info.ranges,
                region, question.class_id, question.method, address, self._session.settings.device,
            )  # fmt: skip

        def done(reply: Message) -> None:
            if isinstance(reply, Finished) and question.project is self._session.project:
                overlay = np.array(values[0], np.float32)
                self._session.show_veil(ValueOverlay(question.title, question.entry.id, question.box, overlay))
                self.said.emit(f"{question.title}. {tr('Esc takes it away.')}")
            elif isinstance(reply, Failed):
                self.failed.emit(reply)

        need = Need(
            question.entry, lambda _: [question.box], lambda lease, _, found: pixels.append(lease.share(found[0]))
        )
        self.queue.add(PixelJob(question.title, question.project, build, done, needs=lambda: [need]))
