"""Other copies of damaged annotation tiles: in the undo history, and in the backups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from segstudio.project.loading import DamagedTile, unpack_frame
from segstudio.project.repair import backup
from segstudio.project.saving import UNSET_FRAME
from segstudio.project.schema import get_meta
from segstudio.project.sums import step_sum, tile_sum

_STEPS = """
SELECT edit, edit_tile.z, ty, tx, before, after, checksum FROM edit_tile JOIN edit ON edit.id = edit_tile.edit
WHERE image = ? AND layer = ? AND edit_tile.z = ? AND ty = ? AND tx = ?
"""


def mend(connection: apsw.Connection, backups: Path, tile: DamagedTile) -> DamagedTile:
    """Look for a good copy of an annotation tile, first in the undo history, then in the backups."""
    if tile.plane != "annotation":
        return tile  # predictions are made again
    frame = _from_history(connection, tile)
    if frame is not None:
        return DamagedTile(tile.image, tile.layer, tile.plane, tile.key, history_source(connection), frame)
    for file in backup.newest_first(backups):
        frame = _from_backup(file, tile)
        if frame is not None:
            source = f"the backup of {file.stem}"
            return DamagedTile(tile.image, tile.layer, tile.plane, tile.key, source, frame)
    return tile


def lost_tiles(connection: apsw.Connection) -> Iterator[DamagedTile]:
    """Annotation tiles without a row although the last edit that is done left them with one."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT image, layer, z, ty, tx FROM (SELECT image, layer, t.z, ty, tx, after, max(edit.id)"
        " FROM edit_tile AS t JOIN edit ON edit.id = t.edit WHERE edit.id <= ?"
        " GROUP BY image, layer, t.z, ty, tx) AS last WHERE after != ? AND NOT EXISTS (SELECT 1 FROM tile"
        " WHERE tile.image = last.image AND tile.layer = last.layer AND plane = 'annotation'"
        " AND tile.z = last.z AND tile.ty = last.ty AND tile.tx = last.tx)",
        (get_meta(connection, "done"), UNSET_FRAME),
    ).fetchall()
    for image, layer, z, ty, tx in rows:
        tile = DamagedTile(image, layer, "annotation", (z, ty, tx))
        frame = _from_history(connection, tile)
        if frame is not None:
            yield DamagedTile(image, layer, "annotation", (z, ty, tx), history_source(connection), frame)


def history_source(connection: apsw.Connection) -> str:
    """What to call the undo history as a source: with steps missing, it may hold an earlier state."""
    try:
        whole = connection.execute("SELECT count(*) FROM edit").get == get_meta(connection, "steps")
    except KeyError:
        whole = False
    return "the undo history" if whole else "an earlier undo step; later strokes there may be missing"


def _from_history(connection: apsw.Connection, tile: DamagedTile) -> bytes | None:
    """What the last edit that is done left of a tile, or else what the first undone one found of it."""
    place = (tile.image, tile.layer, *tile.key, get_meta(connection, "done"))
    for after, condition in ((True, "edit <= ? ORDER BY edit DESC"), (False, "edit > ? ORDER BY edit")):
        for *row, checksum in connection.execute(f"{_STEPS} AND {condition} LIMIT 1", place):
            frame = row[5] if after else row[4]
            sound = step_sum(*row) == checksum and unpack_frame(frame, tile.plane) is not None
            return frame if sound else None
    return None


def _from_backup(file: Path, tile: DamagedTile) -> bytes | None:
    place = (tile.image, tile.layer, tile.plane, *tile.key)
    try:
        connection = backup.open_backup(file)
    except apsw.Error:
        return None
    try:
        for frame, version, checksum in connection.execute(
            "SELECT frame, version, checksum FROM tile"
            " WHERE image = ? AND layer = ? AND plane = ? AND z = ? AND ty = ? AND tx = ?",
            place,
        ):
            sound = tile_sum(*place, frame, version) == checksum
            return frame if sound and unpack_frame(frame, tile.plane) is not None else None
    except apsw.Error:
        pass
    finally:
        connection.close(True)
    return None
