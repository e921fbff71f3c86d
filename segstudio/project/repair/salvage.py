"""What can still be read of a damaged project file, written into a new one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from segstudio.core.image import ImageInfo
from segstudio.project.repair.tile_repair import lost_tiles
from segstudio.project.saving import count_steps, save_tiles
from segstudio.project.schema import APPLICATION_ID, close_plain, connect, get_meta, migrate, put_meta

_KEYS = {
    "meta": "key", "class": "id", "image": "id", "layer": "image, id", "edit": "id", "journal": "seq",
    "version": "number", "run": "id", "setting": "key", "edit_tile": "edit, z, ty, tx",
    "tile": "image, layer, plane, z, ty, tx",
}  # fmt: skip

_JSON = {"version": (8,), "run": (1, 3), "setting": (1,)}
_READ = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI

Row = tuple[Any, ...]


def salvage(damaged: Path, target: Path, good: Path | None) -> list[str]:
    """Copy every readable row of `damaged` (a scratch copy: it is opened for writing) into the new file
    `target`.

    Returns one sentence for each thing that is missing. Annotation tiles that could not be read are rebuilt
    from the history, missing images, layers, classes and versions are taken from the backup `good`; checksums
    of the tiles are checked when the document is loaded. Raises apsw.Error when no tables can be found.
    """
    source = apsw.Connection(str(damaged))
    try:
        source.limit(apsw.SQLITE_LIMIT_LENGTH, 2**20)
        source.pragma("trusted_schema", False)
        if source.pragma("application_id") != APPLICATION_ID:
            raise apsw.NotADBError("not a project")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        return _rebuild(source, target, good)
    finally:
        source.close(True)


def _rebuild(source: apsw.Connection, target: Path, good: Path | None) -> list[str]:
    missing: list[str] = []
    new = connect(target, create=True)
    try:
        migrate(new)
        new.pragma("foreign_keys", False)
        new.execute("BEGIN")
        new.execute("DELETE FROM meta")
        for table, keys in _KEYS.items():
            trouble = _copy_table(source, new, table, keys)
            if trouble and good is not None and table in ("class", "image", "layer", "version"):
                trouble.append(_complete(new, table, good))
            missing += filter(None, trouble)
        missing += _drop_orphans(new)
        _mend_meta(new)
        restored = list(lost_tiles(new))
        count_steps(new)
        save_tiles(new, [(t.image, t.layer, t.plane, *t.key, t.frame, 0) for t in restored])
        if restored:
            missing.append(f"{len(restored)} annotation tiles were restored from {restored[0].source}.")
        new.execute("COMMIT")
    except BaseException:
        new.close(True)
        raise
    close_plain(new)
    return missing


def _copy_table(source: apsw.Connection, new: apsw.Connection, table: str, keys: str) -> list[str]:
    """Copy rows from both ends of the table, as far as they can be read from either."""
    refused = 0
    broken = False
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{key.strip()} {direction}" for key in keys.split(","))
        try:
            for row in source.execute(f"SELECT * FROM {table} NOT INDEXED ORDER BY {order}"):
                refused += not (_is_sound(table, row) and _insert(new, table, row))
        except (apsw.Error, UnicodeDecodeError):
            broken = True
        if not broken:
            break
    if broken:
        found = new.execute(f"SELECT count(*) FROM {table}").get
        return [f"Part of the table “{table}” could not be read ({found} rows were)."]
    return [f"{refused} damaged rows of the table “{table}” were left out."] if refused else []


def _is_sound(table: str, row: Row) -> bool:
    """Whether the text in a row still means something."""
    try:
        if table == "image":
            ImageInfo.from_json(json.loads(row[3]))
        for column in _JSON.get(table, ()):
            json.loads(row[column])
    except (ValueError, KeyError, TypeError):
        return False
    return True


def _complete(new: apsw.Connection, table: str, good: Path) -> str:
    """Take rows that are missing from a backup; what was removed since then comes back, too."""
    backup = apsw.Connection(good.resolve().as_uri() + "?immutable=1", flags=_READ)
    try:
        before = new.total_changes()
        for row in backup.execute(f"SELECT * FROM {table}"):
            _insert(new, table, row)
        count = new.total_changes() - before
    except (apsw.Error, UnicodeDecodeError):
        return ""
    finally:
        backup.close(True)
    return f"{count} rows of the table “{table}” were taken from the backup of {good.stem}." if count else ""


def _insert(new: apsw.Connection, table: str, row: Row) -> bool:
    """Add a row; one of an older format has fewer columns, the newer ones come after them."""
    marks = ", ".join("?" * len(row))
    columns = new.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    names = ", ".join(str(name) for (name,) in columns[: len(row)])
    try:
        new.execute(f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})", row)
    except apsw.Error:
        return False
    return True


def _mend_meta(new: apsw.Connection) -> None:
    """Give what is missing of the meta table the value that follows from the other rows."""
    last = new.execute("SELECT ifnull(max(id), 0) FROM edit").get
    head = new.execute("SELECT hash FROM journal ORDER BY seq DESC LIMIT 1").get or b""
    defaults = {"revision": 1, "done": last, "clean": 0, "session_start": 0, "journal_head": head}
    for key, value in defaults.items():
        try:
            get_meta(new, key)
        except KeyError:
            put_meta(new, key, value)


def _drop_orphans(new: apsw.Connection) -> Iterator[str]:
    """Remove rows that point to rows which are lost, and say how many."""
    for table, without, reference in (
        ("layer", "an image", "SELECT 1 FROM image WHERE image.id = layer.image"),
        ("tile", "a layer", "SELECT 1 FROM layer WHERE layer.image = tile.image AND layer.id = tile.layer"),
        (
            "edit",
            "a layer",
            "SELECT 1 FROM layer WHERE (layer.image = edit.image AND layer.id = edit.layer) OR edit.image IS NULL",
        ),
        ("edit_tile", "an edit", "SELECT 1 FROM edit WHERE edit.id = edit_tile.edit"),
    ):
        new.execute(f"DELETE FROM {table} WHERE NOT EXISTS ({reference})")
        if new.changes():
            yield f"{new.changes()} rows of the table “{table}” without {without} were left out."
    # an undo step without all of its tiles would tear a stroke: keep only what follows the last such edit
    torn = new.execute(
        "SELECT max(id) FROM edit WHERE bytes != (SELECT ifnull(sum(length(before) + length(after)), 0)"
        " FROM edit_tile WHERE edit_tile.edit = edit.id)"
    ).get
    if torn is not None:
        new.execute("DELETE FROM edit_tile WHERE edit <= ?", (torn,))
        new.execute("DELETE FROM edit WHERE id <= ?", (torn,))
        yield f"The undo history before step {torn} is lost."
