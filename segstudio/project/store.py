"""Store: a project on disk. Opens it, fills a document from it, and keeps it true to that document."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import apsw

from segstudio.core.document import Document, ImageEntry
from segstudio.core.events import Event
from segstudio.errors import UserError
from segstudio.project import journal
from segstudio.project.loading import LoadedProject, load_document
from segstudio.project.lock import NotWritable, ProjectLock
from segstudio.project.paths import (
    BACKUPS,
    FILE,
    MODELS,
    RUNS,
    found_path,
    image_problem,
    missing,
    project_file,
    stored_path,
)  # fmt: skip
from segstudio.project.recorder import Recorder
from segstudio.project.repair import backup, recovery
from segstudio.project.repair.copies import copy_project, make_project
from segstudio.project.repair.tile_repair import lost_tiles, mend
from segstudio.project.saving import KEPT_BYTES, save_tiles
from segstudio.project.schema import close_plain, connect, put_meta
from segstudio.project.tables import RunTable, SettingTable
from segstudio.project.transactions import Stored, StoreJob
from segstudio.project.writer import Writer

UNREADABLE = (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, ValueError, KeyError, TypeError)
"""What reading a damaged project can raise: broken pages, missing tables, text or JSON without meaning."""


class Store:
    """A project folder that is open. Made by `Store.create` or `Store.open`; call `close` at the end.

    `models_folder` is the place for checkpoints in it. `recovery` tells what was found on opening, `settings` and
    `runs` hold what a project remembers besides its masks. `stored` and `failed` are emitted **on the writer's
    thread**: with each transaction that is durable, and with a UserError when something could not be stored yet (it
    is kept and tried again).
    """

    def __init__(
        self, file: Path, connection: apsw.Connection, found: recovery.Recovery, *,
        lock: ProjectLock | None, scratch: Path | None = None, vfs: str | None = None,
    ) -> None:  # fmt: skip
        self.file, self.folder = file, file.parent
        self.models_folder = self.folder / MODELS
        self.recovery = found
        self.read_only = lock is None
        self.stored: Event[Stored] = Event()
        self.failed: Event[UserError] = Event()
        self.last_stored: Stored | None = None
        self._lock, self._scratch, self._vfs = lock, scratch, vfs
        self._recorder: Recorder | None = None
        self._loaded: Document | None = None
        self._next_backup = time.monotonic() + backup.EVERY_SECONDS
        self._opened = file if scratch is None else scratch / FILE
        self._start(connection)

    @classmethod
    def create(cls, path: Path) -> Store:
        """Make a new, empty project in the folder `path`. UserError when there is one already."""
        file = project_file(path)
        try:
            for folder in (file.parent, file.parent / MODELS, file.parent / RUNS):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotWritable(
                "The project could not be created.",
                why=f"{error.strerror}: “{file.parent}”.",
                hint="Choose another folder.",
            ) from error
        lock = ProjectLock(file)
        lock.acquire()
        try:
            if file.exists():
                raise UserError(
                    "There is a project already.",
                    why=f"“{file}” exists.",
                    hint="Open it, or choose another folder.",
                )
            make_project(file)
            return cls(file, *recovery.open_file(file), lock=lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, take_over: bool = False, vfs: str | None = None) -> Store:
        """Open the project at `path` (its folder or file), repairing it if it was damaged.

        Raises ProjectInUse or NotWritable (both can be opened with `read_only`), else UserError. Read-only
        works on a copy in a scratch folder: beside a running window, on read-only media, with a leftover
        log. `take_over` believes the user that the window named by a lock from another computer is gone.
        `vfs` is for tests.
        """
        file = project_file(path)
        if not file.is_file():
            raise UserError("There is no project here.", why=f"“{file}” does not exist.")
        if read_only:
            connection, found, scratch = recovery.open_copy(file)
            return cls(file, connection, found, lock=None, scratch=scratch)
        lock = ProjectLock(file)
        lock.acquire(take_over=take_over)
        try:
            for folder in (file.parent / MODELS, file.parent / RUNS):
                folder.mkdir(exist_ok=True)
            try:
                return cls(file, *recovery.open_file(file, vfs=vfs), lock=lock, vfs=vfs)
            except UNREADABLE:
                return cls(file, *recovery.open_file(file, vfs=vfs, damaged=True), lock=lock, vfs=vfs)
        except BaseException:
            lock.release()
            raise

    @property
    def pending(self) -> int:
        """Changes that are not durable yet."""
        return self._open_writer.pending

    @property
    def problem(self) -> UserError | None:
        """Why the oldest pending change could not be stored so far; None when all is well."""
        return self._open_writer.problem

    @property
    def commit_seconds(self) -> tuple[float, ...]:
        """How long the last edits (up to 1000) took from the document to the disk."""
        return tuple(self._open_writer.seconds)

    def load(self, *, budget: int = KEPT_BYTES) -> Document:
        """The whole project as a document; `budget` bounds the undo history in bytes.

        Tiles whose checksum does not match are restored from the undo history or a backup, else left empty;
        a project that cannot be read is repaired once. `recovery` tells of all of it. Call before `attach`.
        """
        try:
            loaded = self._read(budget)
        except UNREADABLE as error:
            if self.read_only or self.recovery.kept:
                raise UserError("The project could not be read.", why=f"{error}.") from error
            self._repair()
            return self.load(budget=budget)
        except apsw.Error as error:
            raise UserError("The project could not be read.", why=f"{error}.") from error
        missing = (*self.recovery.missing, *loaded.missing)
        self.recovery = replace(self.recovery, damaged=tuple(loaded.damaged), missing=missing)
        mended = [(t.image, t.layer, t.plane, *t.key, t.frame, 0) for t in loaded.damaged if t.source]
        if mended and not self.read_only:
            self._submit(StoreJob("Repair", lambda connection: save_tiles(connection, mended)))
        self._loaded = loaded.document
        return loaded.document

    def _read(self, budget: int) -> LoadedProject:
        def run(connection: apsw.Connection) -> LoadedProject:
            return load_document(
                connection,
                budget,
                lambda tile: mend(connection, self.folder / BACKUPS, tile),
                lambda: lost_tiles(connection),
            )

        return self._open_writer.call(run)

    def _repair(self) -> None:
        self._open_writer.stop().close(True)
        connection, self.recovery = recovery.open_file(self.file, vfs=self._vfs, damaged=True)
        self._start(connection)

    def _start(self, connection: apsw.Connection) -> None:
        try:
            self.settings = SettingTable(connection, self._submit)
            self.runs = RunTable(connection, self._submit)
        except BaseException:
            connection.close(True)
            raise
        self._writer: Writer | None = Writer(
            self._opened, connection, self._reconnect, self._on_stored, self.failed.emit
        )

    def attach(self, document: Document) -> None:
        """From now on store every change of `document`.

        A document that does not come from this store's `load` is stored whole first, which only an empty
        project accepts (ValueError). Does nothing when the project is read-only.
        """
        if self.read_only:
            return
        if self._recorder is not None:
            raise ValueError("a document is attached already")
        if document is not self._loaded:
            taken = self._open_writer.call(lambda db: db.execute("SELECT 1 FROM image LIMIT 1").get)
            if taken:
                raise ValueError("the project holds another document")
        self._recorder = Recorder(document, self._open_writer)
        if document is not self._loaded:
            self._recorder.save_everything()
        self.back_up()

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything is durable, trying failed writes again; False if that took too long."""
        return self._open_writer.flush(timeout)

    def close(self, *, timeout: float = 10.0, discard: bool = False) -> None:
        """Store the rest and leave the project as one plain file.

        Raises UserError, and stays open, when something cannot be stored; with `discard` it is dropped.
        """
        if self._writer is None:
            return
        if self._recorder is not None:
            self._recorder.catch_up()
        if not self._writer.flush(timeout) and not discard:
            if (lost := self._writer.aside.problem) is not None:
                raise UserError(lost.what, why=lost.why, hint="Export what it holds, or close without it.")
            why = self.problem.why if self.problem else "The disk is too slow."
            raise UserError("Not everything is saved yet.", why=why, hint="Save a copy elsewhere, or close without it.")
        if self._recorder is not None:
            self._recorder.detach()
        writer, self._writer = self._writer, None
        connection = writer.stop(abandon=discard)
        try:
            if not self.read_only:
                put_meta(connection, "clean", 1)
            close_plain(connection)
        except apsw.Error:
            connection.close(True)  # everything is in the log; the next opening moves it into the file
        finally:
            self._leave()

    def image_path(self, entry: ImageEntry) -> Path:
        """Where the image's file is; UserError when there is none."""
        file = found_path(entry.path, self.folder)
        if not file.exists():
            raise missing(entry.name, file)
        return file

    def image_problem(self, entry: ImageEntry) -> str:
        """One sentence if the image's file is missing or changed since it was added, else "". Reads it."""
        return image_problem(entry.name, found_path(entry.path, self.folder), entry.digest)

    def relative_path(self, image: Path) -> str:
        """What to give to `Document.add_image` as the path of an image file; see `paths.stored_path`."""
        return stored_path(image, self.folder)

    def verify_journal(self) -> journal.JournalVerdict:
        """Recompute the hash chain over all edits ever made."""
        return self._open_writer.call(journal.verify)

    def back_up(self) -> None:
        """Make a backup in the idle moments; also done on opening and every half hour of work."""
        self._next_backup = time.monotonic() + backup.EVERY_SECONDS
        if not self.read_only:
            self._open_writer.when_idle(lambda connection: backup.steps(connection, self.folder / BACKUPS))

    def save_copy(self, path: Path) -> None:
        """Write the project as it is now, compacted and with its models, to the new folder `path`."""
        if self._recorder is not None:
            self._recorder.catch_up()
        self._open_writer.call(lambda connection: copy_project(connection, self.folder, project_file(path)))

    @property
    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise UserError("The project is no longer open.")
        return self._writer

    def _submit(self, job: StoreJob) -> None:
        if self.read_only:
            raise UserError("This project is open read-only.", hint="Save a copy to change it.")
        self._open_writer.submit(job)

    def _reconnect(self) -> apsw.Connection:
        return connect(self._opened, vfs=self._vfs)

    def _on_stored(self, stored: Stored) -> None:
        self.last_stored = stored
        self.stored.emit(stored)
        if time.monotonic() > self._next_backup:
            self.back_up()

    def _leave(self) -> None:
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        if self._lock is not None:
            self._lock.release()
