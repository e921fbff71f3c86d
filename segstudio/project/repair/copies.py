"""New project files: an empty one, and a copy of one that is open."""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw

from segstudio.errors import UserError
from segstudio.project.paths import MODELS, RUNS, found_path, stored_path, sync_folder
from segstudio.project.schema import close_plain, connect, migrate, put_meta


def copy_project(connection: apsw.Connection, folder: Path, file: Path) -> None:
    """Write the open project in `folder`, compacted and with its models, as `file` in another folder."""
    if file.exists():
        raise UserError("There is a project already.", why=f"“{file}” exists.", hint="Choose another folder.")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection.execute("VACUUM INTO ?", (str(file),)).fetchall()
        _point_to_images(file, folder)
        if (folder / MODELS).is_dir():
            shutil.copytree(folder / MODELS, file.parent / MODELS, dirs_exist_ok=True)
        (file.parent / RUNS).mkdir(exist_ok=True)
    except (OSError, apsw.Error) as error:
        raise UserError("The copy could not be written.", why=f"{error}.", hint="Choose another folder.") from error


def make_project(file: Path) -> None:
    """A complete empty project appears under its name at once, or not at all."""
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)
    connection = connect(new, create=True)
    try:
        migrate(connection)
        close_plain(connection)
    except BaseException:
        connection.close(True)
        raise
    new.replace(file)
    sync_folder(file.parent)


def _point_to_images(copy: Path, folder: Path) -> None:
    """Make the image paths of a copy in another folder lead to the same images."""
    connection = connect(copy)
    for number, path in connection.execute("SELECT id, path FROM image").fetchall():
        moved = stored_path(found_path(str(path), folder), copy.parent)
        connection.execute("UPDATE image SET path = ? WHERE id = ?", (moved, number))
    put_meta(connection, "clean", 1)
    close_plain(connection)
