"""MaskImport: masks of one file or folder for some images of a project, read one image after the other."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry
from segstudio.errors import UserError
from segstudio.io.masks.names import image_name
from segstudio.io.masks.tally import report
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr
from segstudio.worker.client import label_request
from segstudio.worker.messages import Cancelled, Failed, LabelsRead, Message

SECONDS = 120.0
"""A file of masks is read for this long at most."""

TOLD = 3
"""Images of an import of which is said what came."""


class MaskImport(QObject):
    """Goes on with the next image where one cannot be read, and says at the end what came and what did not.

    Everything it needs is settled when it begins: the images, and the layer of each (`layers`, by image) that takes the
    masks unless a new one is named. What is shown meanwhile, and which layer is active, changes nothing.
    """

    failed = Signal(object)
    """A UserError: what could not be read."""
    said = Signal(str)

    def __init__(
        self, project: OpenProject, path: Path, form: str, layers: dict[int, int], new: str, session: Session,
        workers: Workers,
    ) -> None:  # fmt: skip
        super().__init__(workers)
        self._project, self._path, self._form, self._new = project, path, form, new
        self._session, self._workers = session, workers
        self._layers, self._waiting = layers, list(layers)
        self._came: list[str] = []
        self._left: list[UserError] = []

    def go_on(self) -> None:
        """Ask for the masks of the next image; with none left, say how it went."""
        while self._waiting:
            entry = self._project.document.images.get(self._waiting.pop(0))
            if entry is not None:  # it may have been removed meanwhile
                try:
                    return self._ask(entry)
                except UserError as error:
                    self._left.append(error)
        self._tell()

    def _ask(self, entry: ImageEntry) -> None:
        project, folder = self._project, str(self._workers.scratch.folder)
        name, source = image_name(project.document, entry), project.path_of(entry)
        self._workers.reader.submit(
            lambda job: label_request(job, self._path, folder, self._form, name, entry.info, source),
            lambda reply: self._take(entry, reply),
            project=project,
            seconds=SECONDS,
        )

    def _take(self, entry: ImageEntry, reply: Message) -> None:
        if isinstance(reply, LabelsRead):
            try:
                self._apply(entry, reply)
            except UserError as error:
                self._left.append(error)
        elif isinstance(reply, Failed):
            self._left.append(UserError(reply.what, why=reply.why, hint=reply.hint))
        if isinstance(reply, LabelsRead | Failed):
            self.go_on()
        elif isinstance(reply, Cancelled):
            self.deleteLater()

    def _apply(self, entry: ImageEntry, reply: LabelsRead) -> None:
        from segstudio.io.masks.importing import apply
        from segstudio.worker.client import labels_of

        document = self._project.document
        labels = labels_of(reply)
        if reply.mask is not None:
            self._workers.scratch.drop(reply.mask)
        if labels is None or entry.id not in document.images:
            return
        target = self._target(entry)
        edit = apply(document, entry, labels, layer=target, title=f"Import {self._path.name}")
        if edit is not None:
            self._came.append(f"{image_name(document, entry)}: {report(labels)}")

    def _target(self, entry: ImageEntry) -> int:
        """The layer that takes the masks: a new one, or the one that was meant; if that is gone, the top one."""
        if self._new:
            made = self._project.document.add_layer(entry.id, self._new).id
            if self._session.image is entry:
                self._session.set_active_layer(made)
            return made
        meant = self._layers[entry.id]
        return meant if any(layer.id == meant for layer in entry.layers) else entry.layers[-1].id

    def _tell(self) -> None:
        if self._came:
            text = tr("Masks imported for") + f" {len(self._came)} image{'s' if len(self._came) > 1 else ''}."
            self.said.emit(" ".join((text, *self._came[:TOLD])))
        if self._left:
            first, others = self._left[0], len(self._left) - 1
            more = f"{others} other image{'s' if others > 1 else ''} could not be done either." if others else ""
            self.failed.emit(UserError(first.what, why=" ".join(filter(None, (first.why, more))), hint=first.hint))
        elif not self._came:
            text = f"“{self._path.name}” holds no masks for these images."
            self.failed.emit(UserError(text, hint="Compare the names."))
        self.deleteLater()
