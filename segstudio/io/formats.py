"""The file formats that can be opened, one row each, told apart by their content."""

from __future__ import annotations

import gzip
import stat
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from segstudio.errors import UserError
from segstudio.io.dicom.start import begins_like_dicom

GZIP = b"\x1f\x8b"

FOLDER_WORDS = (b"multiscales", b"bioformats2raw.layout", b'"plate"')
"""What the metadata of a folder says that is an image, or a set of series of which one is shown."""

HEAD = 512
"""Bytes read to recognise a format."""


@dataclass(frozen=True, slots=True)
class Magic:
    """Bytes that a file of a format holds at an offset."""

    value: bytes
    offset: int = 0

    def matches(self, head: bytes) -> bool:
        """Whether the beginning of a file has these bytes in their place."""
        return head[self.offset : self.offset + len(self.value)] == self.value


@dataclass(frozen=True, slots=True)
class Format:
    """A row of the table: name, usual suffixes, how to recognise it and what reads it.

    A file is of the format when all parts of any entry of `magics` match. `reader` is "module:function",
    imported when first used; the function takes (path, budget in bytes, pixels=wanted, indices=numbers as
    stored, for class ids) and returns the ImageInfo without ranges and the pixels (slices, rows, columns, channels),
    or None for them where only the header is wanted. `windowed` names what reads parts of a file (io.windowed), for
    formats that allow it: it takes (path, bytes of one block at most) and returns a Windowed, or None for a layout that
    needs the whole file.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    magics: tuple[tuple[Magic, ...], ...]
    reader: str
    windowed: str = ""
    marks: tuple[str, ...] = ()
    """For formats that are folders: files of which one tells them, by holding one of `FOLDER_WORDS`."""
    begins: Callable[[bytes], bool] | None = None
    """For formats without fixed bytes: whether a file that begins so is of the format."""

    def matches(self, head: bytes) -> bool:
        """Whether a file that begins with `head` is of this format."""
        if self.begins is not None and self.begins(head):
            return True
        return any(all(part.matches(head) for part in magic) for magic in self.magics)

    def load(self) -> Callable[..., Any]:
        """The function that reads the format."""
        return _function(self.reader)

    def load_windowed(self) -> Callable[..., Any] | None:
        """The function that opens files of the format by window, if there is one."""
        return _function(self.windowed) if self.windowed else None


def _function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    found: Callable[..., Any] = getattr(import_module(module), attribute)
    return found


def _starts(*values: bytes) -> tuple[tuple[Magic, ...], ...]:
    return tuple((Magic(value),) for value in values)


ANALYZE = tuple(
    (Magic((348).to_bytes(4, order)), Magic(axes.to_bytes(2, order), 40))
    for order in ("little", "big")
    for axes in (2, 3, 4, 5)
)
"""ANALYZE 7.5 has no magic: the size of its header comes first, the number of axes later."""

PICTURE = "segstudio.io.picture:decode"
TIFF = "segstudio.io.tiff.reader:decode"
NPY = "segstudio.io.windowed.npy:decode"

FORMATS: tuple[Format, ...] = (
    # Before TIFF: slides are written that are both, and the DICOM half says more.
    Format(
        "dicom",
        "DICOM",
        (".dcm", ".dicom", ".ima"),
        (),
        "segstudio.io.dicom.reader:decode",
        "segstudio.io.dicom.reader:opened",
        begins=begins_like_dicom,
    ),
    Format("png", "PNG", (".png",), _starts(b"\x89PNG\r\n\x1a\n"), PICTURE),
    Format("jpeg", "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), _starts(b"\xff\xd8\xff"), PICTURE),
    Format(
        "tiff",
        "TIFF",
        (".tif", ".tiff", ".btf", ".tf8"),
        _starts(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
        TIFF,
        "segstudio.io.tiff.by_window:opened",
    ),
    Format("bmp", "BMP", (".bmp", ".dib"), _starts(b"BM"), PICTURE),
    Format("webp", "WebP", (".webp",), ((Magic(b"RIFF"), Magic(b"WEBP", 8)),), PICTURE),
    Format("gif", "GIF", (".gif",), _starts(b"GIF87a", b"GIF89a"), PICTURE),
    Format(
        "nifti",
        "NIfTI",
        (".nii", ".nii.gz", ".hdr"),
        (
            *((Magic(word, 344),) for word in (b"n+1\0", b"ni1\0")),
            *((Magic(word + b"\r\n\x1a\n", 4),) for word in (b"n+2\0", b"ni2\0")),
            *ANALYZE,
        ),
        "segstudio.io.nifti:decode",
    ),
    Format(
        "jp2",
        "JPEG 2000",
        (".jp2", ".j2k", ".jpf"),
        _starts(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        "segstudio.io.geo:decode",
        "segstudio.io.geo:opened",
    ),
    Format("nrrd", "NRRD", (".nrrd", ".nhdr"), _starts(b"NRRD"), "segstudio.io.itk:decode"),
    Format(
        "metaimage",
        "MetaImage",
        (".mha", ".mhd"),
        _starts(b"ObjectType", b"NDims", b"Comment"),
        "segstudio.io.itk:decode",
    ),
    Format(
        "ome-zarr",
        "OME-Zarr",
        (".zarr",),
        (),
        "segstudio.io.windowed.omezarr:decode",
        "segstudio.io.windowed.omezarr:opened",
        marks=(".zattrs", "zarr.json"),
    ),
    Format("npy", "NumPy", (".npy",), _starts(b"\x93NUMPY"), NPY, "segstudio.io.windowed.npy:opened"),
)


SUFFIXES = tuple(suffix for row in FORMATS for suffix in row.suffixes)
SHARED = (".hdr",)
"""Suffixes that others use for other files: what is named so is an image only if it begins like one."""


def named_like_an_image(path: Path) -> bool:
    """Whether a file is to be opened with its folder."""
    name = path.name.lower()
    if not name.endswith(SUFFIXES) or not name.endswith(SHARED):
        return name.endswith(SUFFIXES)
    try:
        sniff(path)
    except UserError:
        return False
    return True


def sniff(path: Path) -> Format:
    """The format of a file, by its first bytes and not by its name.

    Raises UserError for anything that is not a readable file of a known format.
    """
    if (folder := folder_format(path)) is not None:
        return folder
    head = _head(path)
    packed = head.startswith(GZIP)
    if packed:
        head = _unpacked(path) or head
    for row in FORMATS:
        if row.matches(head) and (not packed or any(suffix.endswith(".gz") for suffix in row.suffixes)):
            return row
    if path.suffix.lower() == ".img" and path.with_suffix(".hdr").is_file():
        raise refusal(path, "It holds voxels only.", f"Open “{path.stem}.hdr”, which says what they mean.")
    known = ", ".join(row.title for row in FORMATS)
    named = next((row.title for row in FORMATS if path.suffix.lower() in row.suffixes), "")
    if _is_text(head):
        why = f"It is a text file, not a {named} image." if named else "It is a text file, not an image."
    elif not any(head):
        why = "It holds only zero bytes; the copy or download may not have finished."
    elif named:
        why = f"It is named like a {named} file, but its content is not {named}."
    else:
        why = "Its content is of no known image format."
    raise refusal(path, why, f"Formats that can be opened: {known}.")


def folder_format(path: Path) -> Format | None:
    """The format of a folder that is an image; None for other folders, and for files."""
    try:
        for row in FORMATS:
            for mark in row.marks:
                if (path / mark).is_file():
                    said = (path / mark).read_bytes()[: 2**20]
                    if any(word in said for word in FOLDER_WORDS):
                        return row
    except (OSError, ValueError):
        pass
    return None


def refusal(path: Path, why: str, hint: str = "") -> UserError:
    """The error every reader raises: which file, why, and what to try."""
    return UserError(f"“{path.name}” could not be opened.", why=why, hint=hint)


def _head(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise refusal(path, "It is a folder.", "Open the images in it, or drop the folder on the window.")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise refusal(path, "It is not a regular file.", "Choose an image file.")
        if status.st_size == 0:
            raise refusal(path, "The file is empty (0 bytes).", "Copy or download it again.")
        with path.open("rb") as file:
            return file.read(HEAD)
    except FileNotFoundError:
        raise refusal(path, "There is no such file.", "It may have been moved or renamed.") from None
    except PermissionError:
        raise refusal(path, "You are not allowed to read it.", "Check the permissions of the file.") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        why = getattr(error, "strerror", None) or str(error)
        raise refusal(path, f"The system reports: {why}.", "Check the disk or the network connection.") from error


def _unpacked(path: Path) -> bytes:
    """The first bytes of what a gzip file holds; b"" where it is damaged."""
    try:
        with gzip.open(path) as file:
            return file.read(HEAD)
    except (OSError, EOFError, ValueError, zlib.error):
        return b""


def _is_text(head: bytes) -> bool:
    """Whether the beginning of a file is readable text in UTF-8 (a cut last character is forgiven) or Latin-1."""
    if any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3
    return True
