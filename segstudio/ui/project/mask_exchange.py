"""Transfer: masks to other programs and back."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from segstudio.errors import UserError
from segstudio.io.reading import guard
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.mask_import import MaskImport
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr

if TYPE_CHECKING:
    from segstudio.io.masks.exporting import Export


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
        project, shown = self._session.project, self._session.image
        if project is None or project.read_only:
            return
        entries = [project.document.images[image] for image in images if image in project.document.images]
        below = {one.id: self._session.active_layer if one is shown else one.layers[-1].id for one in entries}
        asked = MaskImport(project, path, form, below, layer, self._session, self._workers)
        asked.failed.connect(self.failed)
        asked.said.connect(self.said)
        asked.go_on()
