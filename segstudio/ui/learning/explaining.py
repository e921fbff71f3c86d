"""Explaining: what the model's answer for an object rests on, as a veil over the image."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry, Version
from segstudio.core.geometry import Box
from segstudio.core.source import Pixels as Values
from segstudio.core.value_overlay import ValueOverlay
from segstudio.tools.base import Pointer
from segstudio.tools.candidates import object_under
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.library import Item
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr
from segstudio.worker.messages import Cancelled, Explain, Failed, Finished, Message

TITLES = {"gradcam": "Seg-Grad-CAM", "integrated": "Integrated gradients"}

AROUND = 128
"""Pixels around an object that may have spoken for it."""

LARGEST = 768
"""Pixels of a side that are asked about at most."""


class Explaining(QObject):
    """Asks the model in use about the object under the pointer; nothing is stored."""

    failed = Signal(object)
    said = Signal(str)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers

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

        def take(entry: ImageEntry, item: Item) -> None:
            def send(found: list[Values]) -> None:
                self._send(project, entry, champion, found[0], box, inside, class_id, method, title)

            item.fetch([box], send, self.failed.emit)

        self.said.emit(tr("Asking the model why…"))
        project.library.load(session.image, take, lambda _, reply: self.failed.emit(reply))

    def _send(
        self, project: OpenProject, entry: ImageEntry, version: Version, pixels: Values, box: Box, inside: np.ndarray,
        class_id: int, method: str, title: str,
    ) -> None:  # fmt: skip
        scratch = self._workers.scratch
        image, region = scratch.share(pixels), scratch.share(inside.astype(np.uint8))
        values_at, values = scratch.create(inside.shape, np.float32)

        def on_reply(reply: Message) -> None:
            if isinstance(reply, Finished) and project is self._session.project:
                self._session.show_veil(ValueOverlay(title, entry.id, box, np.array(values, np.float32)))
                self.said.emit(f"{title}. {tr('Esc takes it away.')}")
            elif isinstance(reply, Failed):
                self.failed.emit(reply)
            elif not isinstance(reply, Cancelled):
                return
            for address in (image, region, values_at):
                scratch.drop(address)

        self._workers.compute.submit(
            lambda job: Explain(
                job, str(project.model_path(version)), image, entry.info.ranges, region, class_id, method, values_at,
                self._session.settings.device,
            ),
            on_reply,
            project=project,
        )  # fmt: skip
