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
class StoreJob:
    """One transaction, about an `image` (0: none); `run` may be called again after a failure, on another connection."""

    title: str
    run: Callable[[apsw.Connection], None]
    edit: int = 0
    image: int = 0
    queued: float = field(default_factory=time.monotonic)
    revision: int = 0


@dataclass(slots=True)
class Call:
    """A question to the connection, outside of any transaction, and how to say that nobody will answer."""

    run: Callable[[apsw.Connection], None]
    refuse: Callable[[BaseException], None]


class SetAside:
    """Transactions that cannot be stored however often it is tried, and all later ones of the same images: these build
    on them. They are kept, so that it can be said on closing that something is missing, and what."""

    def __init__(self) -> None:
        self.jobs: list[StoreJob] = []
        self.problem: UserError | None = None

    def takes(self, job: StoreJob) -> bool:
        """Whether the job builds on one that could not be stored; then it is kept here."""
        follows = bool(job.image) and any(job.image == kept.image for kept in self.jobs)
        if follows:
            self.jobs.append(job)
        return follows

    def put(self, job: StoreJob, error: Exception) -> UserError:
        """Keep a job that failed for good; what there is to say about it."""
        self.jobs.append(job)
        title = job.title.encode("utf-8", "replace").decode()
        self.problem = UserError(
            f"“{title}” cannot be saved.",
            why=f"{type(error).__name__}: {error}.".encode("utf-8", "replace").decode(),
            hint="Everything else is saved as before. Export what this image holds before you close the project."
            if job.image else "Everything else is saved as before.",
        )  # fmt: skip
        return self.problem


def lasting(error: Exception) -> bool:
    """Whether trying again would not help: a value that cannot be stored, or a bug."""
    if isinstance(error, apsw.Error):
        return isinstance(error, apsw.ConstraintError | apsw.SQLError | apsw.MisuseError)
    return not isinstance(error, MemoryError | OSError)


def explain(error: Exception, what: str) -> UserError:
    """What an error in storing means for the user."""
    if not isinstance(error, apsw.Error):
        return UserError(what, why=f"{type(error).__name__}: {error}.", hint="It is kept and tried again.")
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
