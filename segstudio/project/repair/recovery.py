"""Opening a project whatever happened to it: what was found, and the ladder of repairs."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import apsw

from segstudio.errors import UserError
from segstudio.project import schema
from segstudio.project.loading import DamagedTile
from segstudio.project.paths import BACKUPS, sync_folder
from segstudio.project.repair import backup
from segstudio.project.repair.salvage import salvage
from segstudio.project.repair.snapshot import copy_with_wal, wal_bytes, wal_of
from segstudio.project.schema import APPLICATION_ID, connect, get_meta, migrate, put_meta

ALWAYS_CHECKED = 64 * 2**20
CHECKED_AFTER_CRASH = 256 * 2**20
"""Files up to this size are checked on opening; backups, which hold the same pages, are always checked."""


class _Damaged(Exception):
    """The quick check found something."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was found on opening. `strokes` are those stored since the project was opened before a crash."""

    clean: bool = True
    strokes: int = 0
    undo_steps: int = 0
    redo_steps: int = 0
    wal_bytes: int = 0
    interrupted: tuple[int, ...] = ()
    """Ids of training runs that a crash stopped."""
    damaged: tuple[DamagedTile, ...] = ()
    missing: tuple[str, ...] = ()
    """One sentence for everything that a repair could not bring back."""
    kept: Path | None = None
    """Where the damaged file was put."""
    backup: Path | None = None
    """The backup that took its place."""

    @property
    def notable(self) -> bool:
        """Whether there is anything the user should be told."""
        return not self.clean or bool(self.interrupted or self.damaged or self.kept)

    @property
    def sentence(self) -> str:
        """All of it in one line for the user."""
        if not self.notable:
            return "The project was closed properly."
        parts: list[str] = []
        if self.backup:
            parts.append(f"The project file was damaged; the backup of {self.backup.stem} was opened instead.")
        elif self.kept:
            parts.append("The project file was damaged and was repaired. " + " ".join(self.missing))
        elif not self.clean and not self.strokes:
            parts.append("SegStudio ended unexpectedly; nothing was lost: nobody had painted in that session.")
        elif not self.clean:
            parts.append(
                f"SegStudio ended unexpectedly; {_count(self.strokes, 'stroke')} of that session"
                f" {'is' if self.strokes == 1 else 'are'} here and"
                f" {_count(self.undo_steps, 'step')} can be undone."
            )
        if self.interrupted:
            parts.append(f"{_count(len(self.interrupted), 'training run')} can be resumed.")
        if lost := [tile for tile in self.damaged if not tile.source]:
            parts.append(f"{_count(len(lost), 'damaged tile')} left empty ({lost[0].sentence})")
        for source in sorted({tile.source for tile in self.damaged if tile.source}):
            mended = sum(tile.source == source for tile in self.damaged)
            parts.append(f"{_count(mended, 'damaged tile')} restored from {source}.")
        if self.kept:
            parts.append(f"The damaged file was kept as “{self.kept.name}”.")
        return " ".join(part.strip() for part in parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def open_file(file: Path, *, vfs: str | None = None, damaged: bool = False) -> tuple[apsw.Connection, Recovery]:
    """Open a project file, repairing it if it must be (or is known to be `damaged`); never deletes it.

    Raises UserError when it is no project, of a newer SegStudio, or beyond repair without a good backup.
    """
    leftover = wal_bytes(file)
    kept: Path | None = None
    restored: Path | None = None
    missing: list[str] = []
    try:
        if damaged:
            raise _Damaged
        _check(file, leftover, vfs)
        connection = connect(file, vfs=vfs)
    except (apsw.CorruptError, apsw.NotADBError, _Damaged):
        kept, restored, missing = repair(file)
        connection = connect(file, vfs=vfs)
    except apsw.Error as error:
        raise UserError("The project could not be opened.", why=f"{error}.") from error
    try:
        _migrate_after_backup(connection, file)
        return connection, _examine(connection, leftover, kept, restored, missing)
    except BaseException:
        connection.close(True)
        raise


def open_copy(file: Path) -> tuple[apsw.Connection, Recovery, Path]:
    """Open a copy of a project in a scratch folder (returned last); nothing beside `file` is touched."""
    scratch = Path(tempfile.mkdtemp(prefix="segstudio-"))
    try:
        connection, found = open_file(copy_with_wal(file, scratch))
    except BaseException as error:
        shutil.rmtree(scratch, ignore_errors=True)
        if isinstance(error, OSError):
            raise UserError("The project could not be read.", why=f"{error.strerror}.") from error
        raise
    if not found.kept:  # whether the window that writes it is alive is not known here
        found = replace(found, clean=True, strokes=0, interrupted=())
    return connection, found, scratch


def _check(file: Path, leftover: int, vfs: str | None) -> None:
    """Look at a project file without changing a byte of it or of its log."""
    size = file.stat().st_size
    if size == 0:
        raise _Damaged
    connection = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, schema.LONGEST_VALUE)
        connection.pragma("locking_mode", "EXCLUSIVE")
        connection.pragma("trusted_schema", False)
        connection.pragma("cell_size_check", True)
        if connection.pragma("application_id") != APPLICATION_ID:
            raise UserError("This is not a SegStudio project.", why="It is a database of another program.")
        checked = size <= ALWAYS_CHECKED or (leftover and size <= CHECKED_AFTER_CRASH)
        if checked and connection.execute("PRAGMA quick_check(1)").get != "ok":
            raise _Damaged
    finally:
        connection.close(True)


def _migrate_after_backup(connection: apsw.Connection, file: Path) -> None:
    """Older formats are brought up to date only after a copy was put aside."""
    try:
        version = int(connection.pragma("user_version"))
        if 0 < version < len(schema.MIGRATIONS):
            folder = file.parent / BACKUPS
            for _ in backup.steps(connection, folder):
                pass
        migrate(connection)
    except apsw.Error as error:
        raise UserError(
            "The project could not be brought up to date.", why=f"{error}.", hint="Nothing was changed."
        ) from error


def _examine(
    connection: apsw.Connection, leftover: int, kept: Path | None, restored: Path | None, missing: list[str]
) -> Recovery:
    clean = bool(get_meta(connection, "clean")) and not leftover
    last = connection.execute("SELECT ifnull(max(seq), 0) FROM journal").get
    done = get_meta(connection, "done")
    strokes = connection.execute(
        "SELECT count(*) FROM journal WHERE direction = 'do' AND seq > ?",
        (get_meta(connection, "session_start"),),
    ).get
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE run SET state = 'interrupted' WHERE state = 'running'")
    put_meta(connection, "clean", 0)
    put_meta(connection, "session_start", last)
    connection.execute("COMMIT")
    return Recovery(
        clean=clean,
        strokes=0 if clean else strokes,
        undo_steps=connection.execute("SELECT count(*) FROM edit WHERE id <= ?", (done,)).get,
        redo_steps=connection.execute("SELECT count(*) FROM edit WHERE id > ?", (done,)).get,
        wal_bytes=leftover,
        interrupted=tuple(row[0] for row in connection.execute("SELECT id FROM run WHERE state = 'interrupted'")),
        missing=tuple(missing),
        kept=kept,
        backup=restored,
    )


def repair(file: Path) -> tuple[Path, Path | None, list[str]]:
    """Put a readable file in the place of a damaged one; returns where that is kept, the backup used, what
    is missing.

    First what can be read is copied into a new file; where that fails or finds no image, the newest good
    backup is taken. Raises UserError, having changed nothing, when there is neither.
    """
    good = backup.newest_good(file.parent / BACKUPS)
    with tempfile.TemporaryDirectory(prefix=".repair-", dir=file.parent) as scratch:
        rescued = Path(scratch) / "rescued.segstudio"
        missing, images = _try_salvage(copy_with_wal(file, Path(scratch)), rescued, good)
        used = good if images < 1 and good is not None else None
        if used is not None:
            missing = [f"What was done after {used.stem} is missing."]
            shutil.copyfile(used, rescued)
        elif images < 0:
            raise UserError(
                "This is not a SegStudio project, or it is damaged beyond repair.",
                why="Nothing in it can be read and there is no good backup.",
                hint="The file was left as it is.",
            )
        kept = file.with_name(f"{file.stem}.damaged-{backup.timestamp()}{file.suffix}")
        file.rename(kept)
        if wal_of(file).exists():
            wal_of(file).rename(wal_of(kept))
        rescued.replace(file)
        sync_folder(file.parent)
    return kept, used, missing


def _try_salvage(damaged: Path, target: Path, good: Path | None) -> tuple[list[str], int]:
    """What is missing, and how many images were found (-1 if nothing can be read at all)."""
    try:
        missing = salvage(damaged, target, good)
    except apsw.Error:
        return [], -1
    connection = backup.open_backup(target)
    try:
        return missing, int(connection.execute("SELECT count(*) FROM image").get)
    finally:
        connection.close()
