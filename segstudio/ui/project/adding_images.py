"""Bring images into the project and onto the canvas."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.file_problem import changed, gone
from segstudio.ui.pixels.library import Item
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Combine, Failed, Finished, ImageRead, Message, ReadImage
from segstudio.worker.shared import attach

if TYPE_CHECKING:
    from segstudio.io.dicom.folder import Series

THUMBNAIL = 96
"""Longest side of thumbnails in pixels."""


@dataclass(frozen=True, slots=True)
class AddedFile:
    """A file that is to become an image of a project; with an `entry` it is one, and only its thumbnail is made."""

    project: OpenProject
    path: Path
    entry: ImageEntry | None = None


class AddingImages(QObject):
    """Adds files one at a time through the reader process, and shows images when asked."""

    failed = Signal(object)
    """A Failed message: one file could not be opened."""
    added = Signal(object)
    not_shown = Signal(object, object)
    """An ImageEntry that was to be shown, and a Failed: why its pixels do not come."""
    shown = Signal(object)
    """The pixels of the shown image (ImageEntry) have arrived."""
    thumbnail = Signal(int, object)
    """Image id and its thumbnail, uint8 (rows, columns, 3)."""
    finished = Signal(int, int)
    """How many files were added, and how many could not be."""
    progressed = Signal(int, int)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers
        self._queue: deque[AddedFile] = deque()
        self._reading = False
        self._show_first = False
        self._counts = [0, 0]
        self._total = 0
        session.document_changed.connect(self._forget)

    def add(self, paths: list[Path]) -> None:
        """Add image files to the open project and show the first one that opens."""
        project = self._session.project
        if project is None:
            return
        self._queue.extend(AddedFile(project, path) for path in paths)
        self._show_first = True
        self._counts, self._total = [0, 0], len(self._queue)
        self._next()

    def combine(self, paths: list[Path]) -> None:
        """Make channels of one image of co-registered files, written into the project's folder, and add that."""
        project = self._session.project
        if project is None:
            return
        folder = project.folder / "images"
        budget = self._session.settings.read_megabytes * 2**20

        def on_reply(reply: Message) -> None:
            if isinstance(reply, Finished):
                self.add([Path(reply.note)])
            elif isinstance(reply, Failed):
                self.failed.emit(reply)

        names = [str(path) for path in paths]
        self._workers.reader.submit(
            lambda job: Combine(job, names, str(folder), budget), on_reply, project=project, seconds=300
        )

    def thumbnails(self, entries: list[ImageEntry]) -> None:
        """Make thumbnails of images that are already in the document."""
        project = self._session.project
        if project is None:
            return
        for entry in entries:
            try:
                self._queue.append(AddedFile(project, project.path_of(entry), entry))
            except UserError as error:
                project.note(entry, gone(error))
        self._next()

    def show(self, image: int) -> None:
        """Show an image of the document; its pixels follow when they are read."""
        project = self._session.project
        if project is None or image not in project.document.images:
            return
        entry = project.document.images[image]
        self._session.show_image(entry, None)
        project.library.rest(image)
        project.library.load(entry, self._arrived, self.not_shown.emit)

    def step(self, count: int) -> None:
        """Show the image `count` places further on; stays at the ends."""
        document, image = self._session.document, self._session.image
        if document is None or image is None:
            return
        ids = list(document.images)
        place = max(0, min(len(ids) - 1, ids.index(image.id) + count))
        if ids[place] != image.id:
            self.show(ids[place])

    @property
    def busy(self) -> bool:
        """Whether files are still being read."""
        return self._reading or bool(self._queue)

    def _forget(self) -> None:
        """Drop what waits for a project that is closed."""
        self._queue = deque(file for file in self._queue if not file.project.closed)

    def _arrived(self, entry: ImageEntry, item: Item) -> None:
        if self._session.image is entry:
            self._session.show_image(entry, item.source)
            self.shown.emit(entry)

    def _next(self) -> None:
        self._forget()
        if self._reading or not self._queue:
            return
        file = self._queue.popleft()
        project, path, known = file.project, file.path, file.entry
        self._reading = True
        folder, budget = str(self._workers.scratch.folder), self._session.settings.read_megabytes * 2**20

        def on_reply(reply: Message) -> None:
            if isinstance(reply, ImageRead):
                self._take(file, reply)
                return
            self._reading = False
            if isinstance(reply, Failed) and known is None:
                self._counts[1] += 1
                self.failed.emit(reply)
            if not project.closed:
                self._after(known)
            elif known is None:
                self.finished.emit(*self._counts)

        self._workers.reader.submit(
            lambda job: ReadImage(
                job, str(path), folder, budget, thumbnail=THUMBNAIL, window_above=project.library.window_above
            ),
            on_reply,
            project=project,
            seconds=60,
        )

    def _after(self, known: ImageEntry | None) -> None:
        if known is None:
            self.progressed.emit(sum(self._counts), self._total)
            if not any(file.entry is None for file in self._queue):
                self.finished.emit(*self._counts)
        self._next()

    def _take(self, file: AddedFile, reply: ImageRead) -> None:
        picture: NDArray[np.uint8] = np.array(attach(reply.pixels), np.uint8)
        self._workers.scratch.drop(reply.pixels)
        document, entry = file.project.document, file.entry
        if entry is None:
            try:
                where = file.project.relative_path(file.path)
            except UserError as error:
                self._counts[1] += 1
                self.failed.emit(error)
                return
            self._counts[0] += 1
            entry = next((e for e in document.images.values() if e.path == where), None)
            if entry is None:
                entry = document.add_image(where, reply.digest, ImageInfo.from_json(reply.info), file.path.parent.name)
                self.added.emit(entry)
            if self._show_first:
                self._show_first = False
                self.show(entry.id)
        elif (problem := changed(entry, reply.digest, ImageInfo.from_json(reply.info))) is not None:
            file.project.note(entry, problem)
        self.thumbnail.emit(entry.id, picture)


def _claimed(path: Path) -> bool:
    from segstudio.io.dicom.series import is_dicom
    from segstudio.io.formats import named_like_an_image

    return named_like_an_image(path) or is_dicom(path)


def images_in(folder: Path) -> tuple[list[Path], list[Series]]:
    """Files of a folder that a format claims by its suffix, in natural order; of a DICOM series one file, which opens
    all of it. DICOM files often have no suffix, and lie in folders of folders, as archives export them: they are looked
    for there too. And the series among them. Masks of other files of the folder (a_mask.png beside a.png) are no
    images."""
    from segstudio.io.dicom.folder import dicom_files, representatives
    from segstudio.io.formats import folder_format
    from segstudio.io.masks.pairs import masks_beside

    entries = list(folder.iterdir())
    found = [path for path in entries if (path.is_file() and _claimed(path)) or folder_format(path)]
    masks = set(masks_beside(found))
    found = [path for path in found if path not in masks]
    found += [path for path in dicom_files(folder) if path.parent != folder and not folder_format(path.parent)]
    kept, series = representatives(sorted(found))
    ordered = sorted(
        kept, key=lambda path: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", path.name.lower())]
    )
    return ordered, sorted(series, key=lambda one: ordered.index(one.first))
