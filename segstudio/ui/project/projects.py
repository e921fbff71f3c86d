"""Create, open and close projects: the document, its store, and what was found on opening."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.core.document import Document
from segstudio.folders import data_folder
from segstudio.project.paths import project_file
from segstudio.project.store import Store
from segstudio.ui.project.recent import remember


class Projects(QObject):
    """The open project, if any. A new one lives in the user's data folder until it is copied elsewhere."""

    opened = Signal(object)
    """The Store, with its document loaded and attached."""
    closed = Signal()
    stored = Signal(float)
    """Everything so far is durable since this time (seconds since the epoch)."""
    storing_failed = Signal(object)
    """A UserError: a change is on screen but not on disk yet."""
    _from_writer = Signal(object)
    _trouble = Signal(object)

    def __init__(self, undo_bytes: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store: Store | None = None
        self.document: Document | None = None
        self._undo_bytes = undo_bytes
        # The store reports on its writer's thread; a queued signal brings it to the window's.
        self._from_writer.connect(lambda _: self._report())
        self._trouble.connect(self.storing_failed)
        self._timer = QTimer(self, interval=200, singleShot=True)
        self._timer.timeout.connect(self._report)

    def new(self, folder: Path | None = None) -> Document:
        """Make and open an empty project; without a folder, in the user's data folder."""
        document = self._take(Store.create(folder or _fresh_folder()))
        document.classes.add("Foreground")  # so that the brush paints something from the first minute
        return document

    def open(self, path: Path, *, read_only: bool = False) -> Document:
        """Open a project. Raises UserError; ProjectInUse where it can still be opened read-only."""
        if self.store is not None and self.document is not None and project_file(path).parent == self.store.folder:
            return self.document
        return self._take(Store.open(path, read_only=read_only))

    def close(self) -> None:
        """Store the rest and close. Raises UserError, and stays open, when something cannot be stored."""
        if self.store is None:
            return
        self.store.close()
        self.store = self.document = None
        self.closed.emit()

    def discard(self) -> None:
        """Close although something could not be stored."""
        if self.store is not None:
            self.store.close(discard=True)
            self.store = self.document = None

    def _take(self, store: Store) -> Document:
        try:
            document = store.load(budget=self._undo_bytes)
            store.attach(document)
        except BaseException:
            store.close(discard=True)
            raise
        self.close()
        self.store, self.document = store, document
        store.stored.connect(self._from_writer.emit)
        store.failed.connect(self._trouble.emit)
        remember(store.folder)
        self.opened.emit(store)
        return document

    def _report(self) -> None:
        if self.store is not None and self.store.last_stored is not None:
            if self.store.pending:
                self._timer.start()
            else:
                self.stored.emit(time.time())


def _fresh_folder() -> Path:
    base = data_folder() / "projects"
    name = time.strftime("%Y-%m-%d %H.%M")
    folder, number = base / name, 2
    while folder.exists():
        folder, number = base / f"{name} ({number})", number + 1
    return folder
