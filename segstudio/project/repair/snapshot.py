"""A project file copied with its write-ahead log, for when the original itself cannot be opened."""

from __future__ import annotations

import shutil
from pathlib import Path

from segstudio.errors import UserError
from segstudio.project.paths import FILE

TRIES = 5


def wal_of(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def wal_bytes(file: Path) -> int:
    """Size of the write-ahead log that lies beside a project file; 0 without one."""
    wal = wal_of(file)
    return wal.stat().st_size if wal.exists() else 0


def copy_with_wal(file: Path, folder: Path) -> Path:
    """Copy the database and then its log into `folder`; returns the copy.

    Another process may be writing: the database file itself only changes when the log is moved into it, so a
    copy during which it did not change is a state that really was. Raises UserError when it never rests.
    """
    copy = folder / FILE
    for _ in range(TRIES):
        before = file.stat()
        shutil.copyfile(file, copy)
        wal_of(copy).unlink(missing_ok=True)
        if wal_of(file).exists():
            shutil.copyfile(wal_of(file), wal_of(copy))
        after = file.stat()
        if (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size):
            return copy
    raise UserError("The project could not be copied.", why="It is being changed all the time.", hint="Try again.")
