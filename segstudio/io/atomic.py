"""Write a file so that it is either the old one or the whole new one, never half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segstudio.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path` to write to; on leaving it takes the place of `path`.

    The data is on disk before the name changes (fsync of file and folder). When the block raises, the
    temporary file is removed and `path` is untouched. Raises UserError when `path` is a symbolic link (what
    it points to would silently be cut off from it) or a folder, and when it cannot be written.
    """
    if path.is_symlink():
        raise UserError(
            f"“{path.name}” was not written.", why="It is a symbolic link.", hint="Choose the file it points to."
        )
    if path.is_dir():
        raise UserError(f"“{path.name}” was not written.", why="A folder has that name.", hint="Choose another name.")
    temporary: Path | None = None
    try:
        temporary = _fresh(path)
        yield temporary
        _sync(temporary, os.O_RDWR)
        temporary.replace(path)
        if os.name == "posix":
            _sync(path.parent, os.O_RDONLY)
    except OSError as error:
        raise UserError(
            f"“{path.name}” was not written.",
            why=f"{error.strerror or error}.",
            hint="Check that the folder exists, is writable and has room.",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _fresh(path: Path) -> Path:
    """An empty file beside `path` with the permissions a new file would have (mkstemp makes private ones)."""
    handle, name = tempfile.mkstemp(
        prefix=f".{path.name[:40]}.", suffix=f".part{''.join(path.suffixes[-2:])}", dir=path.parent
    )
    os.close(handle)
    fresh = Path(name)
    mask = os.umask(0)
    os.umask(mask)
    fresh.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask)
    return fresh


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
