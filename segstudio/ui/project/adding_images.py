"""Bring images into the project and onto the canvas."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry
from segstudio.core.image import ImageInfo
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.library import Item, Library
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Combine, Failed, Finished, ImageRead, Message, ReadImage
from segstudio.worker.shared import attach

if TYPE_CHECKING:
    from segstudio.io.dicom.series import Series

THUMBNAIL = 96
"""Longest side of thumbnails in pixels."""


class AddingImages(QObject):
    """Adds files one at a time through the reader process, and shows images when asked."""

    failed = Signal(object)
    """A Failed message: one file could not be opened."""
    added = Signal(object)
    shown = Signal(object)
    """The pixels of the shown image (ImageEntry) have arrived."""
    thumbnail = Signal(int, object)
    """Image id and its thumbnail, uint8 (rows, columns, 3)."""
    finished = Signal(int, int)
    """How many files were added, and how many could not be."""
    progressed = Signal(int, int)

    def __init__(self, session: Session, workers: Workers, library: Library) -> None:
        super().__init__(workers)
        self._session, self._workers, self._library = session, workers, library
        self._queue: deque[tuple[Path, ImageEntry | None]] = deque()
        self._reading = False
        self._show_first = False
        self._counts = [0, 0]
        self._total = 0
        self.relative: Callable[[Path], str] = str
        self.path_of: Callable[[ImageEntry], Path] = lambda entry: Path(entry.path)

    def add(self, paths: list[Path]) -> None:
        """Add image files to the document and show the first one that opens."""
        self._queue.extend((path, None) for path in paths)
        self._show_first = True
        self._counts, self._total = [0, 0], len(self._queue)
        self._next()

    def combine(self, paths: list[Path], folder: Path) -> None:
        """Make channels of one image of co-registered files, written into `folder`, and add that."""
        budget = self._session.settings.read_megabytes * 2**20

        def on_reply(reply: Message) -> None:
            if isinstance(reply, Finished):
                self.add([Path(reply.note)])
            elif isinstance(reply, Failed):
                self.failed.emit(reply)

        names = [str(path) for path in paths]
        self._workers.reader.submit(lambda job: Combine(job, names, str(folder), budget), on_reply, seconds=300)

    def thumbnails(self, entries: list[ImageEntry]) -> None:
        """Make thumbnails of images that are already in the document."""
        self._queue.extend((self.path_of(entry), entry) for entry in entries)
        self._next()

    def show(self, image: int) -> None:
        """Show an image of the document; its pixels follow when they are read."""
        document = self._session.document
        if document is None or image not in document.images:
            return
        entry = document.images[image]
        self._session.show_image(entry, None)
        self._library.rest(image)
        self._library.load(entry, self.path_of(entry), self._arrived, lambda _, reply: self.failed.emit(reply))

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

    def forget(self) -> None:
        """Drop what waits (another project is opened)."""
        self._queue.clear()

    def _arrived(self, entry: ImageEntry, item: Item) -> None:
        if self._session.image is entry:
            self._session.show_image(entry, item.source)
            self.shown.emit(entry)

    def _next(self) -> None:
        if self._reading or not self._queue:
            return
        path, known = self._queue.popleft()
        self._reading = True
        folder, budget = str(self._workers.scratch.folder), self._session.settings.read_megabytes * 2**20

        def on_reply(reply: Message) -> None:
            if isinstance(reply, ImageRead):
                self._take(path, known, reply)
                return
            self._reading = False
            if isinstance(reply, Failed) and known is None:
                self._counts[1] += 1
                self.failed.emit(reply)
            self._after(known)

        self._workers.reader.submit(
            lambda job: ReadImage(
                job, str(path), folder, budget, thumbnail=THUMBNAIL, window_above=self._library.window_above
            ),
            on_reply,
            seconds=60,
        )

    def _after(self, known: ImageEntry | None) -> None:
        if known is None:
            self.progressed.emit(sum(self._counts), self._total)
            if not any(entry is None for _, entry in self._queue):
                self.finished.emit(*self._counts)
        self._next()

    def _take(self, path: Path, known: ImageEntry | None, reply: ImageRead) -> None:
        picture: NDArray[np.uint8] = np.array(attach(reply.pixels), np.uint8)
        self._workers.scratch.drop(reply.pixels)
        document = self._session.document
        if document is None:
            return
        entry = known
        if entry is None:
            self._counts[0] += 1
            where = self.relative(path)
            entry = next((e for e in document.images.values() if e.path == where), None)
            if entry is None:
                entry = document.add_image(where, reply.digest, ImageInfo.from_json(reply.info), path.parent.name)
                self.added.emit(entry)
            if self._show_first:
                self._show_first = False
                self.show(entry.id)
        self.thumbnail.emit(entry.id, picture)


def _claimed(path: Path) -> bool:
    from segstudio.io.dicom.series import is_dicom
    from segstudio.io.formats import named_like_an_image

    return named_like_an_image(path) or is_dicom(path)


def images_in(folder: Path) -> tuple[list[Path], list[Series]]:
    """Files of a folder that a format claims by its suffix, in natural order; of a DICOM series one file, which opens
    all of it. DICOM files often have no suffix. And the series among them."""
    from segstudio.io.dicom.series import representatives
    from segstudio.io.formats import folder_format

    entries = list(folder.iterdir())
    found = [path for path in entries if (path.is_file() and _claimed(path)) or folder_format(path)]
    kept, series = representatives(sorted(found))
    ordered = sorted(
        kept, key=lambda path: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", path.name.lower())]
    )
    return ordered, sorted(series, key=lambda one: ordered.index(one.first))
