"""Transfer: masks to other programs and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry
from segstudio.errors import UserError
from segstudio.io.masks.names import image_name
from segstudio.io.masks.tally import report
from segstudio.io.reading import guard
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr
from segstudio.worker.client import label_request
from segstudio.worker.messages import Failed, LabelsRead, Message

if TYPE_CHECKING:
    from segstudio.io.masks.exporting import Export

SECONDS = 120.0
"""A file of masks is read for this long at most."""


TOLD = 3
"""Images of an import of which is said what came."""


class MaskExchange(QObject):
    """Writes the masks of all images, and reads masks through the reader process, one image after the other."""

    failed = Signal(object)
    """A UserError or a Failed message."""
    said = Signal(str)
    started = Signal(str)
    """Masks are being written; the text names it."""
    ended = Signal(str)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers
        self._threads: list[Thread] = []

    def write(self, folder: Path, form: str) -> None:
        """Write the masks of all images into a folder."""
        from segstudio.io.masks.exporting import prepare

        project = self._session.project
        if project is None:
            return
        layer = self._session.active_layer or 1
        try:
            ready = prepare(project.document, layer=layer, form=form, path_of=project.path_of)
        except UserError as error:
            self.failed.emit(error)
            return
        self.started.emit(tr("Exporting masks"))
        thread = Thread(target=self._write, args=(ready, folder), name="export")
        self._threads.append(thread)
        thread.start()

    def _write(self, ready: Export, folder: Path) -> None:
        """In a thread of its own: signals take the answer back to the window's."""
        try:
            with guard(folder, doing="written"):
                written = ready.write(folder)
        except UserError as error:
            self.failed.emit(error)
        else:
            self.said.emit(ready.summary(written, folder))
        finally:
            self.ended.emit(tr("Exporting masks"))

    @property
    def busy(self) -> bool:
        """Whether masks are being written."""
        return any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """Wait until what is being written is whole."""
        for thread in self._threads:
            thread.join()

    def read(self, path: Path, form: str, images: list[int], layer: str) -> None:
        """Import masks for these images, into the active layer or, with a name, into a new one; one step for each."""
        project = self._session.project
        if project is None or project.read_only:
            return
        document = project.document
        waiting = [document.images[image] for image in images if image in document.images]
        done: list[str] = []

        def one_more() -> None:
            if waiting:
                self._ask(project, path, form, waiting.pop(0), take)
            elif done:
                text = tr("Masks imported for") + f" {len(done)} image{'s' if len(done) > 1 else ''}."
                self.said.emit(" ".join((text, *done[:TOLD])))
            else:
                self.failed.emit(
                    UserError(f"“{path.name}” holds no masks for these images.", hint="Compare the names.")
                )

        def take(entry: ImageEntry, reply: Message) -> None:
            if isinstance(reply, Failed):
                self.failed.emit(reply)
                return
            if isinstance(reply, LabelsRead):
                try:
                    changed = self._apply(project, entry, reply, layer, path.name)
                except UserError as error:
                    self.failed.emit(error)
                    return
                if changed:
                    done.append(f"{image_name(document, entry)}: {changed}")
                one_more()

        one_more()

    def _ask(
        self, project: OpenProject, path: Path, form: str, entry: ImageEntry,
        then: Callable[[ImageEntry, Message], None],
    ) -> None:  # fmt: skip
        folder = str(self._workers.scratch.folder)
        name, source = image_name(project.document, entry), project.path_of(entry)
        self._workers.reader.submit(
            lambda job: label_request(job, path, folder, form, name, entry.info, source),
            lambda reply: then(entry, reply),
            project=project,
            seconds=SECONDS,
        )

    def _apply(self, project: OpenProject, entry: ImageEntry, reply: LabelsRead, layer: str, name: str) -> str:
        """What came, in words; "" where nothing was changed."""
        from segstudio.io.masks.importing import apply
        from segstudio.worker.client import labels_of

        document = project.document
        labels = labels_of(reply)
        if reply.mask is not None:
            self._workers.scratch.drop(reply.mask)
        if labels is None or entry.id not in document.images:
            return ""
        shown = self._session.image is entry
        target = document.add_layer(entry.id, layer).id if layer else self._session.active_layer if shown else 1
        if layer and shown:
            self._session.set_active_layer(target)
        edit = apply(document, entry, labels, layer=target, title=f"Import {name}")
        return report(labels) if edit is not None else ""
