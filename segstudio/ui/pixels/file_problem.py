"""What is wrong with the file of an image: it is gone, or it is not the one that was added."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segstudio.core.channels import words
from segstudio.core.document import ImageEntry
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.worker.messages import Failed

Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds: where both are the same, so is the file."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """`reply` says it to the user; `digest` and `info` are of the file that is there now, where one is."""

    kind: Literal["missing", "changed"]
    reply: Failed
    digest: str = ""
    info: ImageInfo | None = None

    def fits(self, entry: ImageEntry) -> bool:
        """Whether the masks of the image lie on the pixels of the file that is there now."""
        return self.info is not None and self.info.shape == entry.info.shape


def gone(error: UserError) -> FileProblem:
    """The file of an image is not where it was."""
    return FileProblem("missing", Failed(0, error.what, error.why, error.hint))


def changed(entry: ImageEntry, digest: str, info: ImageInfo) -> FileProblem | None:
    """The problem of a file whose content has this digest, or None where it is what the project knows."""
    if not entry.digest or digest == entry.digest:
        return None
    before, now = entry.info, info
    if before.shape != now.shape:
        why = f"It is {_size(now)} now and was {_size(before)}: its masks do not fit it."
    elif before.channels != now.channels:
        why = f"It has {words(now.channels)} now and had {before.channels}; its masks may not fit what it shows."
    else:
        why = "It is as large as it was but holds something else; its masks may not fit what it shows."
    hint = "Put the file back, find it elsewhere, or remove the image from the project."
    return FileProblem("changed", Failed(0, f"“{entry.name}” was changed since it was added.", why, hint), digest, info)


def stamp(path: Path) -> Stamp | None:
    """Size and time of a file; None where they cannot be told."""
    try:
        said = path.stat()
    except OSError:
        return None
    return said.st_size, said.st_mtime_ns


def _size(info: ImageInfo) -> str:
    slices, rows, columns = info.shape
    return f"{columns} × {rows}" + (f" × {slices}" if slices > 1 else "")
