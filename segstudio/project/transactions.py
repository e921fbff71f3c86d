"""Transactions: what the writer stores, what it says of them, and what an SQLite error means for the user."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import apsw

from segstudio.errors import UserError


@dataclass(frozen=True, slots=True)
class Stored:
    """A transaction is durable: `edit` is the id of the edit in it (0 if none), `seconds` since it was
    handed over.

    `when` is seconds since the epoch.
    """

    title: str
    edit: int
    when: float
    seconds: float


@dataclass(slots=True)
class Job:
    """One transaction; `run` may be called again after a failure, on another connection."""

    title: str
    run: Callable[[apsw.Connection], None]
    edit: int = 0
    queued: float = field(default_factory=time.monotonic)
    revision: int = 0


@dataclass(slots=True)
class Call:
    """A question to the connection, outside of any transaction, and how to say that nobody will answer."""

    run: Callable[[apsw.Connection], None]
    refuse: Callable[[BaseException], None]


def explain(error: apsw.Error, what: str) -> UserError:
    """What an SQLite error means for the user."""
    if isinstance(error, apsw.FullError):
        return UserError(
            what, why="The disk is full.", hint="Free some space; it is kept and saved as soon as possible."
        )
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        return UserError(
            what, why="The project file is damaged.", hint="Close the project and open it again to repair it."
        )
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return UserError(what, why="Another program is using the project file.")
    return UserError(what, why=f"The disk reports an error ({error}).", hint="It is kept and tried again.")
