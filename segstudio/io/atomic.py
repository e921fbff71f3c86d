"""Write a file completely or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segstudio.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path in the same folder that takes the place of `path` when the block ends well.

    Synced before the rename, the folder after it. When the block raises, nothing is left and the old file is
    untouched. Raises UserError when `path` is a link (it would be replaced, not followed) or cannot be written.
    """
    if path.is_symlink():
        raise UserError(f"“{path.name}” was not written.", why="There is a link of that name.")
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield scratch
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
        scratch.replace(path)
        if os.name != "nt":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise UserError(f"“{path.name}” was not written.", why=f"{error.strerror}.") from error
    finally:
        scratch.unlink(missing_ok=True)
