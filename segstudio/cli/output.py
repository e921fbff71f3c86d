"""Progress for people: a bar on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from segstudio.errors import UserError


class ProgressLine:
    """Shows how far a job is, on stderr. In a pipe a line at most every `every` seconds."""

    def __init__(self, title: str, *, every: float = 5.0) -> None:
        self._title, self._every = title, every
        self._bar = sys.stderr.isatty()
        self._last = 0.0

    def show(self, share: float, text: str = "", *, force: bool = False) -> None:
        """`share` of the job is done, 0..1."""
        now = time.monotonic()
        if not force and now - self._last < (0.1 if self._bar else self._every):
            return
        self._last = now
        share = min(1.0, max(0.0, share))
        if self._bar:
            filled = round(share * 28)
            sys.stderr.write(f"\r{self._title}  {'━' * filled}{'╌' * (28 - filled)}  {share:4.0%}  {text}\x1b[K")
        else:
            sys.stderr.write(f"{self._title}: {share:.0%} {text}\n")
        sys.stderr.flush()

    def done(self, text: str) -> None:
        """The last word."""
        sys.stderr.write(f"\r{text}\x1b[K\n" if self._bar else f"{text}\n")


def table(rows: Sequence[Sequence[str]], *, right: int = 1) -> str:
    """Rows as aligned columns, the first row a heading; columns from `right` on are right-aligned."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [c.rjust(w) if i >= right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def out_folder(path: str) -> Path:
    """The folder results go to; made if it is not there."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"The folder “{path}” could not be made.", why=f"{error.strerror}.") from error
    return folder


def out_file(path: str) -> Path:
    """The file that a result goes to; its folder is made. Raises UserError where it could not be written there, so that
    this is known before the work begins."""
    file = Path(path)
    if file.is_dir():
        raise UserError(f"“{path}” is a folder.", why="The result is one file.", hint="Give it a name in the folder.")
    out_folder(str(file.parent))
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name[:100]}."):
            pass
    except OSError as error:
        raise UserError(f"“{path}” could not be written.", why=f"{error.strerror}.") from error
    return file
