"""Create, open and close projects; one is open at a time."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.core.document import Document
from segstudio.errors import UserError
from segstudio.folders import data_folder
from segstudio.project.paths import project_file
from segstudio.project.store import Store
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.project.recent import remember
from segstudio.ui.session.session import Session


class Projects(QObject):
    """The open project, if any. A new one lives in the user's data folder until it is copied elsewhere."""

    opened = Signal(object)
    """The OpenProject, its document loaded and its store attached."""
    closed = Signal()
    """No project is open any more."""
    stored = Signal(float)
    """Everything so far is durable since this time (seconds since the epoch)."""
    storing_failed = Signal(object)
    """A UserError: a change is on screen but not on disk yet."""
    _from_writer = Signal(object)
    _trouble = Signal(object)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self.project: OpenProject | None = None
        self._lingering: list[OpenProject] = []  # not shown, but a training goes on for them
        self._session, self._workers = session, workers
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
        folder = project_file(path).parent
        if self.project is not None and folder == self.project.folder:
            return self.project.document
        lingering = next((one for one in self._lingering if one.folder == folder), None)
        if lingering is not None:
            self._leave()
            self._lingering.remove(lingering)
            lingering.come_back()
            return self._show(lingering)
        return self._take(Store.open(path, read_only=read_only))

    def close(self, *, discard: bool = False) -> None:
        """End the project's jobs, store the rest and close.

        Raises UserError, and stays open, when something cannot be stored; with `discard` it is dropped.
        """
        while self._lingering:
            self._lingering[-1].close(discard=discard)
            self._lingering.pop()
        if self.project is not None:
            self.project.close(discard=discard)
            self.project = None
            self.closed.emit()

    def _take(self, store: Store) -> Document:
        try:
            document = store.load(budget=self._session.settings.undo_megabytes * 2**20)
            store.attach(document)
            self._leave()
        except BaseException:
            store.close(discard=True)
            raise
        project = OpenProject(document, store, self._workers, self._session.settings)
        store.stored.connect(self._from_writer.emit)
        store.failed.connect(self._trouble.emit)
        return self._show(project)

    def _show(self, project: OpenProject) -> Document:
        self.project = project
        remember(project.folder)
        self.opened.emit(project)
        return project.document

    def _leave(self) -> None:
        """Close the shown project, now or when its training is over. UserError where it cannot be closed."""
        project = self.project
        if project is not None:
            project.leave(lambda error: self._left(project, error))
            self.project = None
            if project.lingers:
                self._lingering.append(project)

    def _left(self, project: OpenProject, error: UserError | None) -> None:
        if error is None:
            self._lingering.remove(project)
        else:
            self.storing_failed.emit(error)  # it stays open, and is tried again when the program ends

    def _report(self) -> None:
        store = self.project.store if self.project is not None else None
        if store is not None and store.last_stored is not None:
            if store.pending:
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
