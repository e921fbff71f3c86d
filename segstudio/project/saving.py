"""Objects of a document to rows of a project file. Every function runs inside the writer's transaction."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apsw
import numpy as np

from segstudio.core.classes import ClassEntry
from segstudio.core.codes import NOTHING
from segstudio.core.document import Document, EditEvent, ImageEntry, Version
from segstudio.core.geometry import TileKey
from segstudio.core.history import Edit, Frames
from segstudio.core.packing import pack
from segstudio.core.plane import Tile
from segstudio.project import journal
from segstudio.project.schema import put_meta
from segstudio.project.sums import step_sum, tile_sum

REMOVED = -1
"""Position of a layer that was taken away and that undo can bring back."""

KEPT_EDITS = 1000
KEPT_BYTES = 256 * 2**20
"""How much history comes back after a restart: whichever limit is reached first."""

UNSET_FRAME = pack(np.zeros((256, 256), np.uint16))
CERTAIN_FRAME = pack(np.zeros((256, 256), np.uint8))
NOTHING_FRAME = pack(np.full((256, 256), NOTHING, np.uint8))

TileRow = tuple[int, int, str, int, int, int, bytes, int]
"""Image, layer, plane, slice, tile row, tile column, frame, model version (0 unless predicted)."""


def to_json(value: Any) -> str:
    """JSON without NaN and infinities, which JSON does not know: they become null."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, np.generic):
        return _finite(value.item())
    return value


_NO_SCORE = (slice(0, 7), slice(9, None))
"""The columns of an image without seen and agreed."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image and its layers as they were at one moment."""

    image: tuple[Any, ...]
    layers: tuple[tuple[Any, ...], ...]

    @classmethod
    def of(cls, entry: ImageEntry) -> ImageRow:
        image = (
            entry.id, entry.path, entry.digest, to_json(entry.info.to_json()), entry.group, entry.role,
            int(entry.done), int(entry.seen), int(entry.agreed), int(entry.gone),
        )  # fmt: skip
        layers = tuple(
            (entry.id, layer.id, place, layer.name, int(layer.visible), float(layer.opacity))
            for place, layer in (*enumerate(entry.layers), *((REMOVED, gone) for gone in entry.removed.values()))
        )
        return cls(image, layers)

    def same_but_score(self, other: ImageRow) -> bool:
        """Whether only the score, which is stored with each edit, differs."""
        return all(self.image[part] == other.image[part] for part in _NO_SCORE) and self.layers == other.layers

    def save(self, connection: apsw.Connection) -> None:
        """Add or update; layers that are gone take their tiles and edits with them."""
        connection.execute(
            "INSERT INTO image VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
            " path = excluded.path, digest = excluded.digest, info = excluded.info,"
            " group_name = excluded.group_name, role = excluded.role, done = excluded.done,"
            " seen = excluded.seen, agreed = excluded.agreed, removed = excluded.removed",
            self.image,
        )
        kept = {layer[1] for layer in self.layers}
        stored = [row[0] for row in connection.execute("SELECT id FROM layer WHERE image = ?", self.image[:1])]
        for layer in stored:
            if layer not in kept:
                connection.execute("DELETE FROM layer WHERE image = ? AND id = ?", (self.image[0], layer))
                count_steps(connection)
        connection.executemany(
            "INSERT INTO layer VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (image, id) DO UPDATE SET"
            " position = excluded.position, name = excluded.name, visible = excluded.visible,"
            " opacity = excluded.opacity",
            self.layers,
        )


@dataclass(frozen=True, slots=True)
class EditRecord:
    """An edit that was just done, undone or redone, with what must be stored together with it."""

    event: EditEvent
    done: int
    """Id of the last edit that is done now, 0 at the start of the history."""
    seen: int
    agreed: int
    when: float
    classes: tuple[ClassEntry, ...]

    @classmethod
    def of(cls, event: EditEvent, document: Document) -> EditRecord:
        when = event.edit.when if event.direction == "do" else time.time()
        number, last = event.edit.image, document.history.next_undo()
        image = document.images.get(number) or document.removed_images.get(number)
        seen, agreed = (image.seen, image.agreed) if image else (0, 0)
        return cls(event, last.id if last else 0, seen, agreed, when, tuple(document.classes))

    def save(self, connection: apsw.Connection) -> None:
        """Tiles, history, position and journal row: together or not at all."""
        edit, direction = self.event.edit, self.event.direction
        known = bool(connection.execute("SELECT 1 FROM edit WHERE id = ?", (edit.id,)).fetchall())
        if direction == "do":
            done = connection.execute("SELECT value FROM meta WHERE key = 'done'").get
            connection.execute("DELETE FROM edit WHERE id > ?", (done,))  # what was undone is gone for good
            insert_edit(connection, edit)
            _forget_oldest(connection)
        elif direction == "undo" and not known:
            connection.execute("DELETE FROM edit")  # older than what is kept: later edits no longer build on it
        elif direction == "redo" and not known:
            insert_edit(connection, edit)
        count_steps(connection)
        save_annotation(connection, edit.image, edit.layer, self.event.frames)
        if edit.state and "classes" in edit.state:
            save_classes(connection, self.classes)
        put_meta(connection, "done", self.done)
        connection.execute(
            "UPDATE image SET seen = ?, agreed = ? WHERE id = ?",
            (int(self.seen), int(self.agreed), edit.image),
        )
        journal.append(connection, journal.entry(self.event, self.when))


def insert_edit(connection: apsw.Connection, edit: Edit) -> None:
    """Add an edit with its tiles before and after."""
    box = edit.box
    connection.execute(
        "INSERT INTO edit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            edit.id, edit.image or None, edit.layer or None, edit.title, edit.tool, float(edit.when),
            *map(int, (box.z, box.top, box.left, box.bottom, box.right, edit.seen, edit.agreed)), edit.nbytes,
            _state_of(edit),
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO edit_tile VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (*step, step_sum(*step))
            for step in (
                (edit.id, int(z), int(ty), int(tx), before, edit.after[z, ty, tx])
                for (z, ty, tx), before in edit.before.items()
            )
        ],
    )


def _state_of(edit: Edit) -> str:
    """What the column `state` holds: JSON, or nothing for pixels alone."""
    state = {**(edit.state or {}), **({"step": edit.step} if edit.step else {})}
    return to_json(state) if state else ""


def count_steps(connection: apsw.Connection) -> None:
    """Remember how long the history is, so that steps which are lost by damage are missed."""
    put_meta(connection, "steps", connection.execute("SELECT count(*) FROM edit").get)


def _forget_oldest(connection: apsw.Connection) -> None:
    connection.execute(
        "DELETE FROM edit WHERE id <= (SELECT id FROM edit ORDER BY id DESC LIMIT 1 OFFSET ?)", (KEPT_EDITS,)
    )
    total = connection.execute("SELECT sum(bytes) FROM edit").get
    while total > KEPT_BYTES:
        oldest, size = next(iter(connection.execute("SELECT id, bytes FROM edit ORDER BY id LIMIT 1").fetchall()))
        connection.execute("DELETE FROM edit WHERE id = ? AND id < (SELECT max(id) FROM edit)", (oldest,))
        total = total - size if connection.changes() else 0


def save_annotation(connection: apsw.Connection, image: int, layer: int, frames: Frames) -> None:
    """Replace annotation tiles by packed ones; a tile where nobody has spoken has no row."""
    rows: list[TileRow] = []
    for (z, ty, tx), frame in frames.items():
        if frame == UNSET_FRAME:
            connection.execute(
                "DELETE FROM tile WHERE image = ? AND layer = ? AND plane = 'annotation'"
                " AND z = ? AND ty = ? AND tx = ?",
                (image, layer, int(z), int(ty), int(tx)),
            )
        else:
            rows.append((image, layer, "annotation", int(z), int(ty), int(tx), frame, 0))
    save_tiles(connection, rows)


def save_tiles(connection: apsw.Connection, rows: Iterable[TileRow]) -> None:
    """Add or replace tiles. Tiles of a layer that was removed meanwhile are dropped."""
    connection.executemany(
        "INSERT OR REPLACE INTO tile SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9"
        " WHERE EXISTS (SELECT 1 FROM layer WHERE image = ?1 AND id = ?2)",
        [(*row, tile_sum(*row)) for row in rows],
    )


def prediction_rows(
    image: int, layer: int, key: TileKey, prediction: Tile, uncertainty: Tile, version: int
) -> list[TileRow]:
    """A predicted tile as rows; both are written even when uniform, so that an older tile is replaced."""
    z, ty, tx = map(int, key)
    return [
        (image, layer, "prediction", z, ty, tx, _pack(prediction), int(version)),
        (image, layer, "uncertainty", z, ty, tx, _pack(uncertainty), int(version)),
    ]


def _pack(tile: Tile) -> bytes:
    if tile.strides == (0, 0):
        if tile[0, 0] == 0:
            return CERTAIN_FRAME
        if tile[0, 0] == NOTHING:
            return NOTHING_FRAME
    return pack(tile)


def save_classes(connection: apsw.Connection, entries: Iterable[ClassEntry]) -> None:
    entries = tuple(entries)
    known = connection.execute("SELECT value FROM meta WHERE key = 'highest_class'").get or 0
    put_meta(connection, "highest_class", max(known, *(entry.id for entry in entries)))
    connection.execute("DELETE FROM class")
    connection.executemany(
        "INSERT INTO class VALUES (?, ?, ?, ?, ?, ?)",
        [(entry.id, entry.name, entry.color, int(entry.locked), int(entry.visible), entry.code) for entry in entries],
    )


def save_version(connection: apsw.Connection, version: Version) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO version VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            version.number, version.file, version.digest, version.parent, version.status,
            version.architecture, float(version.created), version.verdict, to_json(version.metrics),
        ),
    )  # fmt: skip
