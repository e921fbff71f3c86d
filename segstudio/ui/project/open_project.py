"""OpenProject: one project while it is open, with its pixels and everything that is done for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from segstudio.core.document import Document, ImageEntry, Version
from segstudio.core.events import Event
from segstudio.errors import UserError
from segstudio.project.store import Store
from segstudio.settings import Settings
from segstudio.ui.compute.owner import Jobs
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.file_problem import FileProblem
from segstudio.ui.pixels.library import Library


class OpenProject:
    """What a job is given when it begins and keeps until it ends, whatever is shown by then.

    Without a `store` the document lives in memory only; without `workers` no pixels can be read.
    """

    def __init__(
        self, document: Document, store: Store | None = None, workers: Workers | None = None,
        settings: Settings | None = None, *, read_only: bool = False,
    ) -> None:  # fmt: skip
        self.document, self.store = document, store
        self.folder = store.folder if store else Path()
        self.runs = store.runs if store else None
        self.read_only = store.read_only if store else read_only
        self.jobs = Jobs()
        self.closed = False
        """Nothing is begun for it any more; a training may still go on (`lingers`)."""
        self._left: Callable[[], None] | None = None
        self.problems: dict[int, FileProblem] = {}
        """What is wrong with the files of images, as far as it is known."""
        self.problems_changed: Event[ImageEntry] = Event()
        self._library = Library(self, workers, settings or Settings()) if workers else None

    @property
    def library(self) -> Library:
        """The pixels of its images: ids of images mean nothing outside their project."""
        assert self._library is not None
        return self._library

    def note(self, entry: ImageEntry, problem: FileProblem | None) -> None:
        """Remember what is wrong with the file of an image, or that nothing is."""
        if problem != self.problems.get(entry.id):
            self.problems |= {entry.id: problem} if problem else {}
            if problem is None:
                self.problems.pop(entry.id, None)
            self.problems_changed.emit(entry)

    def path_of(self, entry: ImageEntry) -> Path:
        """Where the file of an image is; UserError when there is none."""
        return self.store.image_path(entry) if self.store else Path(entry.path)

    def relative_path(self, file: Path) -> str:
        """What the document calls an image file."""
        return self.store.relative_path(file) if self.store else str(file)

    def model_path(self, version: Version) -> Path:
        """Where the checkpoint of a model version is."""
        return self.folder / version.file

    @property
    def lingers(self) -> bool:
        """Whether it is no longer shown, but what lasts longer goes on for it."""
        return self._left is not None

    def leave(self, over: Callable[[UserError | None], None]) -> None:
        """Another project is shown: cancel what need not last, and close once the rest is over.

        `over` is told why it could not be closed then. Raises UserError where nothing lasts and it cannot be closed.
        """
        self.document.settle()  # an open stroke belongs into the file
        self.closed = True
        self.jobs.cancel(all_=False)
        if not self.jobs:
            self.closed = False
            self.close()
            return
        if self._library is not None:
            self._library.clear()
        self._left = self.jobs.ended.connect(lambda _: self._finish(over))

    def come_back(self) -> None:
        """It is shown again before it was closed."""
        if self._left is not None:
            self._left()
        self._left, self.closed = None, False

    def _finish(self, over: Callable[[UserError | None], None]) -> None:
        self.come_back()
        try:
            self.close()
        except UserError as error:
            over(error)
        else:
            over(None)

    def close(self, *, discard: bool = False) -> None:
        """Cancel what runs, store the rest and forget the pixels.

        Raises UserError, and stays open, when something cannot be stored; with `discard` it is dropped.
        """
        if self.closed and not self.lingers:
            return
        self.come_back()
        self.document.settle()  # an open stroke belongs into the file
        self.closed = True  # first: what is cancelled must not begin anything anew
        self.jobs.cancel()
        try:
            if self.store is not None:
                self.store.close(discard=discard)
        except BaseException:
            self.closed = False
            raise
        if self._library is not None:
            self._library.clear()
