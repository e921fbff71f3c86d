"""The tables of a project file, the migrations that lead to them, and how a connection is made safe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

from segstudio.errors import UserError

APPLICATION_ID = 0x53656753
"""`SegS` in the file's header: tells a project from any other SQLite file."""

OLDEST_SQLITE = (3, 51, 3)
"""Earlier releases can lose committed pages (the WAL-reset bug)."""

LONGEST_VALUE = 2**20
"""Longest row or value in bytes: a forged file cannot fill the memory. Checkpoints are files beside it."""

_VERSION_1 = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY, value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE class (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 254),
    name TEXT NOT NULL, color TEXT NOT NULL, locked INTEGER NOT NULL, visible INTEGER NOT NULL
) STRICT;

CREATE TABLE image (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, digest TEXT NOT NULL, info TEXT NOT NULL,
    group_name TEXT NOT NULL, role TEXT NOT NULL, done INTEGER NOT NULL,
    seen INTEGER NOT NULL, agreed INTEGER NOT NULL
) STRICT;

CREATE TABLE layer (
    image INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE, id INTEGER NOT NULL,
    position INTEGER NOT NULL, name TEXT NOT NULL, visible INTEGER NOT NULL, opacity REAL NOT NULL,
    PRIMARY KEY (image, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE tile (
    image INTEGER NOT NULL, layer INTEGER NOT NULL,
    plane TEXT NOT NULL CHECK (plane IN ('annotation', 'prediction', 'uncertainty')),
    z INTEGER NOT NULL, ty INTEGER NOT NULL, tx INTEGER NOT NULL,
    frame BLOB NOT NULL, version INTEGER NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (image, layer, plane, z, ty, tx),
    FOREIGN KEY (image, layer) REFERENCES layer (image, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE edit (
    id INTEGER PRIMARY KEY, image INTEGER NOT NULL, layer INTEGER NOT NULL,
    title TEXT NOT NULL, tool TEXT NOT NULL, time REAL NOT NULL,
    z INTEGER NOT NULL, row0 INTEGER NOT NULL, column0 INTEGER NOT NULL, row1 INTEGER NOT NULL,
    column1 INTEGER NOT NULL, seen INTEGER NOT NULL, agreed INTEGER NOT NULL, bytes INTEGER NOT NULL,
    FOREIGN KEY (image, layer) REFERENCES layer (image, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE edit_tile (
    edit INTEGER NOT NULL REFERENCES edit (id) ON DELETE CASCADE,
    z INTEGER NOT NULL, ty INTEGER NOT NULL, tx INTEGER NOT NULL,
    before BLOB NOT NULL, after BLOB NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (edit, z, ty, tx)
) STRICT, WITHOUT ROWID;

CREATE INDEX edit_layer ON edit (image, layer);

CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, time REAL NOT NULL, utc_offset INTEGER NOT NULL, user TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('do', 'undo', 'redo')),
    edit INTEGER NOT NULL, title TEXT NOT NULL, tool TEXT NOT NULL,
    image INTEGER NOT NULL, layer INTEGER NOT NULL,
    z INTEGER NOT NULL, row0 INTEGER NOT NULL, column0 INTEGER NOT NULL, row1 INTEGER NOT NULL,
    column1 INTEGER NOT NULL, seen INTEGER NOT NULL, agreed INTEGER NOT NULL,
    content BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL
) STRICT;

CREATE TRIGGER journal_is_never_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER journal_is_never_shortened BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE version (
    number INTEGER PRIMARY KEY, file TEXT NOT NULL, digest TEXT NOT NULL, parent INTEGER NOT NULL,
    status TEXT NOT NULL, architecture TEXT NOT NULL, created REAL NOT NULL, verdict TEXT NOT NULL,
    metrics TEXT NOT NULL
) STRICT;

CREATE TABLE run (
    id INTEGER PRIMARY KEY, spec TEXT NOT NULL, state TEXT NOT NULL, progress TEXT NOT NULL,
    started REAL NOT NULL, updated REAL NOT NULL
) STRICT;

CREATE TABLE setting (
    key TEXT PRIMARY KEY, value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta VALUES
    ('revision', 0), ('done', 0), ('clean', 1), ('session_start', 0), ('steps', 0), ('journal_head', x'');
"""


def _first_tables(connection: apsw.Connection) -> None:
    connection.execute(_VERSION_1)


def _steps_without_pixels(connection: apsw.Connection) -> None:
    """Undo steps that change classes or layers: `state` tells how, and they may belong to no image."""
    connection.execute("""
        CREATE TABLE edit_new (
            id INTEGER PRIMARY KEY, image INTEGER, layer INTEGER,
            title TEXT NOT NULL, tool TEXT NOT NULL, time REAL NOT NULL,
            z INTEGER NOT NULL, row0 INTEGER NOT NULL, column0 INTEGER NOT NULL, row1 INTEGER NOT NULL,
            column1 INTEGER NOT NULL, seen INTEGER NOT NULL, agreed INTEGER NOT NULL, bytes INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT '',
            FOREIGN KEY (image, layer) REFERENCES layer (image, id) ON DELETE CASCADE
        ) STRICT;
        INSERT INTO edit_new SELECT *, '' FROM edit;
        DROP TABLE edit;
        ALTER TABLE edit_new RENAME TO edit;
        CREATE INDEX edit_layer ON edit (image, layer);
    """)


def _codes_of_classes(connection: apsw.Connection) -> None:
    """What each class is in a coding system (core.classes)."""
    connection.execute("ALTER TABLE class ADD COLUMN code TEXT NOT NULL DEFAULT ''")


def _removed_images(connection: apsw.Connection) -> None:
    """Whether an image was taken out of the project; undo may bring it back."""
    connection.execute("ALTER TABLE image ADD COLUMN removed INTEGER NOT NULL DEFAULT 0")


MIGRATIONS: list[Callable[[apsw.Connection], None]] = [
    _first_tables, _steps_without_pixels, _codes_of_classes, _removed_images,
]  # fmt: skip
"""The step at index n leads from user_version n to n + 1. Only ever append. Foreign keys are off meanwhile."""


def require_sqlite() -> None:
    """Refuse an SQLite with the WAL-reset bug."""
    found = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if found < OLDEST_SQLITE:
        raise UserError(
            f"The SQLite library is too old ({apsw.sqlite_lib_version()}).",
            why="Versions before 3.51.3 can lose saved work.",
            hint="Install the apsw package that SegStudio asks for.",
        )


def connect(file: Path, *, create: bool = False, vfs: str | None = None) -> apsw.Connection:
    """The one connection to a project file: exclusive, WAL, every commit synced, hostile content bounded.

    Raises apsw.Error subclasses when the file is not a database, is damaged or cannot be opened.
    """
    require_sqlite()
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    connection = apsw.Connection(str(file), flags=flags, vfs=vfs)
    try:
        connection.limit(apsw.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        connection.set_busy_timeout(1000)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        if create:
            connection.pragma("page_size", 4096)
        connection.pragma("locking_mode", "EXCLUSIVE")  # before WAL: then no shared-memory file is needed
        connection.pragma("trusted_schema", False)
        connection.pragma("cell_size_check", True)
        if connection.pragma("journal_mode", "WAL") != "wal":
            raise UserError("This disk cannot hold a project.", why="It does not support write-ahead logging.")
        connection.pragma("synchronous", "FULL")
        connection.pragma("wal_autocheckpoint", 1000)
        connection.pragma("journal_size_limit", 16 * 2**20)
        connection.pragma("foreign_keys", True)
    except BaseException:
        connection.close(True)
        raise
    return connection


def migrate(connection: apsw.Connection) -> int:
    """Bring the tables up to date, each step in its own transaction; returns how many steps were taken.

    Raises UserError when a newer SegStudio made the file or when it is no project at all.
    """
    start = int(connection.pragma("user_version"))
    if start and connection.pragma("application_id") != APPLICATION_ID:
        raise UserError("This is not a SegStudio project.", why="It is a database of another program.")
    if start > len(MIGRATIONS):
        raise UserError(
            "This project was made by a newer SegStudio.",
            why=f"Its format is {start}; this program knows up to {len(MIGRATIONS)}.",
            hint="Update SegStudio.",
        )
    connection.pragma("foreign_keys", False)  # or a table that is made anew would take its dependants with it
    try:
        for number in range(start, len(MIGRATIONS)):
            _migrate_once(connection, number)
    finally:
        connection.pragma("foreign_keys", True)
    return len(MIGRATIONS) - start


def _migrate_once(connection: apsw.Connection, number: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        MIGRATIONS[number](connection)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", number + 1)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def get_meta(connection: apsw.Connection, key: str) -> Any:
    """A value of the meta table; KeyError if there is none."""
    for (value,) in connection.execute("SELECT value FROM meta WHERE key = ?", (key,)):
        return value
    raise KeyError(key)


def put_meta(connection: apsw.Connection, key: str, value: Any) -> None:
    connection.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (key, value))


def close_plain(connection: apsw.Connection) -> None:
    """Close so that the project is one plain file: all of the WAL moved into it, and no WAL mode any more."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.pragma("journal_mode", "DELETE")
    connection.close()
