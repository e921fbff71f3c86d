"""Backups: whole copies beside the project, made while work goes on, and checked before they count."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from pathlib import Path

import apsw

from segstudio.project.paths import sync_folder
from segstudio.project.schema import APPLICATION_ID, get_meta

KEPT = 5
EVERY_SECONDS = 1800.0
PAGES_PER_STEP = 256


def steps(connection: apsw.Connection, folder: Path) -> Generator[None, None, None]:
    """Make one backup in small steps, between which strokes can be stored; keeps the newest five.

    Does nothing when the newest backup already holds the current state. Raises apsw.Error when the copy
    cannot be written; a copy that fails its check is not kept.
    """
    existing = newest_first(folder)
    if existing and revision(existing[0]) == get_meta(connection, "revision"):
        return
    folder.mkdir(exist_ok=True)
    name = timestamp()
    part, final = folder / f"{name}.part", folder / f"{name}.segstudio"
    target = apsw.Connection(str(part))
    try:
        with target.backup("main", connection, "main") as work:
            while not work.done:
                work.step(PAGES_PER_STEP)
                yield
        target.execute("UPDATE meta SET value = 1 WHERE key = 'clean'")
        target.pragma("journal_mode", "DELETE")
        target.close()
        good: list[bool] = []
        check = threading.Thread(target=lambda: good.append(is_good(part)), name="backup-check", daemon=True)
        check.start()
        while check.is_alive():
            check.join(0.02)
            yield
        if good == [True]:
            part.replace(final)
            sync_folder(folder)
            for old in newest_first(folder)[KEPT:]:
                old.unlink()
    finally:
        target.close(True)
        for rest in (part, part.with_name(part.name + "-wal"), part.with_name(part.name + "-journal")):
            rest.unlink(missing_ok=True)


def timestamp() -> str:
    """The local time as a file name that sorts by time."""
    return time.strftime("%Y-%m-%d_%H-%M-%S")


def newest_first(folder: Path) -> list[Path]:
    """The backups in `folder`; their names are their times."""
    return sorted(folder.glob("*.segstudio"), reverse=True) if folder.is_dir() else []


def newest_good(folder: Path) -> Path | None:
    """The newest backup that passes its check."""
    return next((file for file in newest_first(folder) if is_good(file)), None)


def open_backup(file: Path) -> apsw.Connection:
    """A read-only connection to a closed project file that nobody writes."""
    uri = file.resolve().as_uri() + "?immutable=1"
    connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, 2**20)
    connection.pragma("trusted_schema", False)
    return connection


def is_good(file: Path) -> bool:
    """Whether a closed project file is one and passes SQLite's quick check."""
    try:
        connection = open_backup(file)
    except apsw.Error:
        return False
    try:
        mine = connection.pragma("application_id") == APPLICATION_ID
        return bool(mine and connection.execute("PRAGMA quick_check(1)").get == "ok")
    except apsw.Error:
        return False
    finally:
        connection.close(True)


def revision(file: Path) -> int:
    """The number of transactions in a backup; -1 when it cannot be read."""
    try:
        connection = open_backup(file)
    except apsw.Error:
        return -1
    try:
        return int(get_meta(connection, "revision"))
    except (apsw.Error, KeyError):
        return -1
    finally:
        connection.close(True)
