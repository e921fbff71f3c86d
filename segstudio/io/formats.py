"""The formats that can be opened: one row each, told apart by their first bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from segstudio.errors import UserError


@dataclass(frozen=True, slots=True)
class Format:
    """One format. `magics` are first bytes ("?" stands for any byte); `module` has `probe` and `read`."""

    id: str
    title: str
    suffixes: tuple[str, ...]
    magics: tuple[bytes, ...]
    module: str

    def load(self, function: str) -> Callable[..., Any]:
        """The format's `probe` or `read`; imports its library."""
        found: Callable[..., Any] = getattr(import_module(self.module), function)
        return found

    def matches(self, head: bytes) -> bool:
        return any(_matches(head, magic) for magic in self.magics)


_PICTURE = "segstudio.io.picture"

FORMATS = (
    Format("png", "PNG", (".png",), (b"\x89PNG\r\n\x1a\n",), _PICTURE),
    Format("jpeg", "JPEG", (".jpg", ".jpeg"), (b"\xff\xd8\xff",), _PICTURE),
    Format(
        "tiff", "TIFF", (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "segstudio.io.tiff",
    ),
    Format("bmp", "BMP", (".bmp",), (b"BM",), _PICTURE),
    Format("webp", "WebP", (".webp",), (b"RIFF????WEBP",), _PICTURE),
    Format("gif", "GIF", (".gif",), (b"GIF87a", b"GIF89a"), _PICTURE),
)  # fmt: skip


def sniff(path: Path) -> Format:
    """The format of a file, by its content; the name does not matter.

    Raises UserError for a missing or unreadable file, a folder, an empty file, and an unknown format.
    """
    what = f"“{path.name}” could not be opened."
    try:
        if path.is_dir():
            raise UserError(what, why="It is a folder, not an image file.", hint="Use Open folder.")
        with path.open("rb") as file:
            head = file.read(32)
    except FileNotFoundError:
        raise UserError(what, why="There is no such file.", hint="It may have been moved or renamed.") from None
    except OSError as error:
        raise UserError(what, why=f"The system says: {error.strerror}.") from error
    if not head:
        raise UserError(what, why="The file is empty (0 bytes).", hint="Copy it again from where it came.")
    found = next((row for row in FORMATS if row.matches(head)), None)
    if found is None:
        known = ", ".join(row.title for row in FORMATS)
        looks = "It holds text, not an image." if _is_text(head) else "Its content is of no known image format."
        raise UserError(what, why=looks, hint=f"Formats that open: {known}.")
    return found


def _matches(head: bytes, magic: bytes) -> bool:
    wild = ord("?")
    return len(head) >= len(magic) and all(m in (wild, h) for m, h in zip(magic, head, strict=False))


def _is_text(head: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\r\n" for byte in head)
