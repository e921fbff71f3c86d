"""One project, one window: an operating-system lock beside the project that says who holds it."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from segstudio.errors import UserError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCKED_BYTE = 2**30  # far behind the text: Windows forbids reading a locked byte


class ProjectInUse(UserError):
    """Another window holds the project; `holder` says who. It can be opened read-only."""

    def __init__(self, holder: Holder | None, file: Path) -> None:
        super().__init__(
            "This project is already open.",
            why=holder.sentence if holder else "Another window is using it.",
            hint="Open it read-only, or close the other window."
            + (f" If that window is gone, delete “{file.name}”." if holder and not holder.is_here else ""),
        )
        self.holder = holder


class NotWritable(UserError):
    """The project's folder cannot be written to. It can be opened read-only."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a project: host name, user name, process id, and since when (seconds since the epoch)."""

    host: str
    user: str
    pid: int
    time: float

    @property
    def is_here(self) -> bool:
        """Whether it is this computer."""
        return self.host == platform.node()

    @property
    def sentence(self) -> str:
        place = "on this computer" if self.is_here else f"on “{self.host}”"
        since = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.time))
        return f"{self.user} has had it open {place} since {since} (process {self.pid})."


def user_name() -> str:
    """The operating system's name of the user, or "unknown"."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


class ProjectLock:
    """A lock file that dies with its process, so that a crash never locks anybody out."""

    def __init__(self, project_file: Path) -> None:
        self.path = project_file.with_name(project_file.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self, *, take_over: bool = False) -> None:
        """Take the lock. Raises ProjectInUse or NotWritable.

        What a dead process of this computer left behind is taken over silently. A name from another computer
        is believed, because locks do not reach through every network drive, unless `take_over`.
        """
        while True:
            descriptor = self._open()
            if not _lock(descriptor):
                os.close(descriptor)
                raise ProjectInUse(self.holder(), self.path)
            if _same_file(descriptor, self.path):
                break
            os.close(descriptor)  # the one before us removed its file between our open and our lock
        left = self.holder()
        if left is not None and not left.is_here and not take_over:
            os.close(descriptor)
            raise ProjectInUse(left, self.path)
        self._descriptor = descriptor
        me = Holder(platform.node(), user_name(), os.getpid(), time.time())
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(asdict(me)).encode())

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if self._descriptor is None:
            return
        if sys.platform != "win32":
            self.path.unlink(missing_ok=True)  # while still held, so that nobody locks a removed file
        os.close(self._descriptor)
        self._descriptor = None
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                self.path.unlink()

    def holder(self) -> Holder | None:
        """Who the lock file names, or None."""
        try:
            return Holder(**json.loads(self.path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError as error:
            raise UserError("There is no project here.", why=f"“{self.path.parent}” does not exist.") from error
        except OSError as error:
            raise NotWritable(
                "This project cannot be changed.",
                why=f"Its folder cannot be written to ({error.strerror}).",
                hint="Open it read-only and save a copy elsewhere.",
            ) from error


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        return sys.platform == "win32" or os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
