"""Where a project keeps things, and how it remembers where its images are."""

from __future__ import annotations

import os
from pathlib import Path

from segstudio.errors import UserError

FILE = "project.segstudio"
MODELS = "models"
RUNS = "runs"
BACKUPS = "backups"

WHOLE, SAMPLE = 2**30, 2**20
"""Bytes up to which all of a file counts for its digest, and bytes of a sample of a larger one."""
BESIDE = {".hdr": (".img", ".IMG"), ".mhd": (".raw", ".zraw"), ".nhdr": (".raw", ".raw.gz")}
"""Headers by suffix, and what the file beside them is called that holds their voxels, usually."""


FOLDER_FILES, FOLDER_SAMPLE = 256, 2**16
"""Files of an image folder that count for its digest, and bytes of each."""


def project_file(path: Path) -> Path:
    """The database that `path` means: a project folder, or the file itself."""
    return path if path.is_file() or path.name == FILE else path / FILE


def stored_path(image: Path, folder: Path) -> str:
    """How a project in `folder` remembers an image file.

    An image below the folder that contains the project folder is remembered relative to the project folder
    (with `/` between the parts, `../` where it lies beside the project), so that project and images can be
    moved together. Any other image is remembered by its absolute path, and so is every image outside a
    project folder that lies directly in the root of the disk. Raises UserError for a name that no text can hold.
    """
    image, folder = image.resolve(), folder.resolve()
    try:
        str(image).encode()
    except UnicodeEncodeError as error:
        shown = image.name.encode("utf-8", "replace").decode()
        raise UserError(
            f"“{shown}” cannot be an image of the project.",
            why="Its name, or that of its folder, is not valid text (UTF-8): an old system or archive wrote it.",
            hint="Rename it and open it again.",
        ) from error
    reach = folder.parent if folder.parent != Path(folder.anchor) else folder
    if image.is_relative_to(reach):
        return Path(os.path.relpath(image, folder)).as_posix()
    return str(image)


def found_path(stored: str, folder: Path) -> Path:
    """The reverse of `stored_path`: an absolute path, whether or not there is a file."""
    return Path(os.path.normpath(folder.resolve() / stored))


def image_problem(name: str, file: Path, digest: str) -> str:
    """One sentence if the image file is missing, unreadable or not the one whose digest is known; else "".

    Reads the whole file. An empty `digest` and image folders (series) are only looked for.
    """
    if file.is_dir():
        return ""
    try:
        found = content_digest(file)
    except FileNotFoundError:
        return f"“{name}” is not where it was ({file})."
    except OSError as error:
        return f"“{name}” cannot be read ({error.strerror})."
    if digest and found != digest:
        return f"“{name}” was changed since it was added to the project; its masks may no longer fit."
    return ""


def content_digest(file: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal: what `ImageEntry.digest` holds.

    Of a file above 1 GiB only its size, both ends and 1 MiB in every 64th part of it count, so that it takes no
    longer than the first picture; of a folder that is an image (OME-Zarr) the names, sizes and beginnings of its first
    files. Where voxels lie in a file beside their header, both count: headers of two patients may be alike.
    """
    import hashlib  # slow to import, and not needed before the first paint

    if file.is_dir():
        return _folder_digest(file)
    beside = (file.with_suffix(suffix) for suffix in BESIDE.get(file.suffix.lower(), ()))
    voxels = next((one for one in beside if one.is_file()), None)
    if voxels is not None:
        return hashlib.sha256(f"{_file_digest(file)} {_file_digest(voxels)}".encode()).hexdigest()
    return _file_digest(file)


def _file_digest(file: Path) -> str:
    import hashlib

    with file.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        if size <= WHOLE:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        found = hashlib.sha256(str(size).encode())
        for part in range(65):
            stream.seek((size - SAMPLE) * part // 64)
            found.update(stream.read(SAMPLE))
        return found.hexdigest()


def _folder_digest(folder: Path) -> str:
    import hashlib

    found, seen = hashlib.sha256(), 0
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = Path(place) / name
            found.update(f"{path.relative_to(folder).as_posix()}:{path.stat().st_size}".encode())
            with path.open("rb") as stream:
                found.update(stream.read(FOLDER_SAMPLE))
            seen += 1
            if seen == FOLDER_FILES:
                return found.hexdigest()
    return found.hexdigest()


def missing(name: str, file: Path) -> UserError:
    return UserError(
        f"“{name}” is not where it was.",
        why=f"There is no file “{file}”.",
        hint="Move it back or point to its new place.",
    )


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable (nothing to do on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
