"""Rows of a project file to a document; damaged tiles are left out and told, never shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import apsw

from segstudio.core.classes import ClassEntry, ClassTable
from segstudio.core.codes import CODES
from segstudio.core.document import Document, ImageEntry, Version
from segstudio.core.geometry import TILE, Box, TileKey
from segstudio.core.history import Edit, History
from segstudio.core.image import ImageInfo
from segstudio.core.layer import MaskLayer
from segstudio.core.packing import unpack
from segstudio.core.plane import MEMORY, Plane, Tile
from segstudio.errors import UserError
from segstudio.project.saving import REMOVED
from segstudio.project.schema import get_meta
from segstudio.project.sums import step_sum, tile_sum

LONGEST_FRAME = 200_000
"""A stored tile of more bytes than this is damaged or forged."""


@dataclass(frozen=True, slots=True)
class DamagedTile:
    """A tile whose checksum did not match, and where a good copy came from ("" if there was none)."""

    image: int
    layer: int
    plane: str
    key: TileKey
    source: str = ""
    frame: bytes = b""

    @property
    def sentence(self) -> str:
        z, ty, tx = self.key
        what = f"{self.plane} of image {self.image}, slice {z}, rows from {ty * TILE}, columns from {tx * TILE}"
        return f"{what}: restored from {self.source}." if self.source else f"{what}: lost."


Mend = Callable[[DamagedTile], DamagedTile]
"""Looks for another copy of a damaged tile; the result's `source` and `frame` tell of it, if there is one."""


@dataclass(slots=True)
class LoadedProject:
    """A document, and what was found to be damaged on the way."""

    document: Document
    damaged: list[DamagedTile] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def load_document(
    connection: apsw.Connection, budget: int, mend: Mend, lost: Callable[[], Iterable[DamagedTile]]
) -> LoadedProject:
    """The whole project.

    `budget` bounds the history's bytes. Tiles whose checksum fails go through `mend`; when there was one,
    `lost` tells which tiles have no row at all.
    """
    document = Document(ClassTable(_classes(connection)), History(budget))
    highest = connection.execute("SELECT value FROM meta WHERE key = 'highest_class'").get
    document.classes.highest = max(document.classes.highest, highest or 0)
    for entry in _images(connection):
        (document.removed_images if entry.gone else document.images)[entry.id] = entry
        document.last_image = entry.id
    loaded = LoadedProject(document, _tiles(connection, document, mend))
    if loaded.damaged:
        for tile in lost():
            if put_frame(document.kept_layer(tile.image, tile.layer), tile.plane, tile.key, tile.frame):
                loaded.damaged.append(tile)
    done = int(get_meta(connection, "done"))
    edits, loaded.missing = load_edits(connection, budget, done)
    document.history.restore(edits, sum(edit.id <= done for edit in edits))
    document.forget_removed()
    last = connection.execute("SELECT max(ifnull((SELECT max(edit) FROM journal), 0), ?)", (done,)).get
    document.next_edit = max([last, connection.execute("SELECT ifnull(max(id), 0) FROM edit").get]) + 1
    for number, file, digest, parent, status, architecture, created, verdict, metrics in connection.execute(
        "SELECT * FROM version ORDER BY number"
    ):
        document.versions[number] = Version(
            number, file, digest, parent, status, architecture, created, verdict, json.loads(metrics)
        )
    return loaded


def _classes(connection: apsw.Connection) -> tuple[ClassEntry, ...]:
    return tuple(
        ClassEntry(class_id, name, color, bool(locked), bool(visible), code)
        for class_id, name, color, locked, visible, code in connection.execute("SELECT * FROM class ORDER BY id")
    )


def _images(connection: apsw.Connection) -> list[ImageEntry]:
    images: dict[int, ImageEntry] = {}
    for row in connection.execute("SELECT * FROM image ORDER BY id"):
        number, path, digest, info, group, role, done, seen, agreed, gone = row
        about = ImageInfo.from_json(json.loads(info))
        images[number] = ImageEntry(
            number, path, digest, about, group, role, bool(done), seen=seen, agreed=agreed, gone=bool(gone)
        )  # fmt: skip
    for number, layer_id, place, name, visible, opacity in connection.execute(
        "SELECT * FROM layer ORDER BY image, position"
    ):
        layer = MaskLayer(layer_id, name, images[number].info.shape)
        layer.visible, layer.opacity = bool(visible), opacity
        images[number].next_layer = max(images[number].next_layer, layer_id + 1)
        if place == REMOVED:
            images[number].removed[layer_id] = layer
        else:
            images[number].layers.append(layer)
    return list(images.values())


def _tiles(connection: apsw.Connection, document: Document, mend: Mend) -> list[DamagedTile]:
    damaged: list[DamagedTile] = []
    layers = {
        (entry.id, layer.id): layer
        for entry in (*document.images.values(), *document.removed_images.values())
        for layer in (*entry.layers, *entry.removed.values())
    }
    for *row, checksum in connection.execute("SELECT * FROM tile"):
        image, number, plane, z, ty, tx, frame, version = row
        layer, key = layers[image, number], (z, ty, tx)
        if tile_sum(*row) != checksum or not put_frame(layer, plane, key, frame):
            tile = mend(DamagedTile(image, number, plane, key))
            if tile.source and not put_frame(layer, plane, key, tile.frame):
                tile = DamagedTile(image, number, plane, key)
            damaged.append(tile)
            if not tile.source:
                continue
        if plane == "prediction":
            layer.versions[key] = version
    return damaged


def put_frame(layer: MaskLayer, plane: str, key: TileKey, frame: bytes) -> bool:
    """Unpack a stored tile into its plane; False when it is damaged or lies outside the image."""
    target: Plane = getattr(layer, plane)
    tile = unpack_frame(frame, plane)
    if tile is None or not 0 <= key[0] < layer.shape[0] or Box.of_tile(key).clip(layer.shape).empty:
        return False
    if plane == "annotation":
        if tile.max() >= CODES:
            return False
        layer.put_annotated(key, tile)
    else:
        target.put_tile(key, tile)
    MEMORY.trim()
    return True


def unpack_frame(frame: bytes, plane: str) -> Tile | None:
    """A stored tile of the named plane, or None when its checksum does not match."""
    if len(frame) > LONGEST_FRAME:
        return None
    try:
        return unpack(frame, "uint16" if plane == "annotation" else "uint8")
    except UserError:
        return None


def load_edits(connection: apsw.Connection, budget: int, done: int) -> tuple[list[Edit], list[str]]:
    """The stored history, oldest first, without the oldest edits beyond `budget` bytes.

    Only the steps around the position `done` that can be reached without crossing a damaged one are returned,
    with a sentence if that left some out.
    """
    heads: list[tuple[Any, ...]] = []
    total = 0
    for row in connection.execute("SELECT * FROM edit ORDER BY id DESC"):
        total += row[13]
        if total > budget and heads:
            break
        heads.append(row)
    edits: list[Edit] = []
    missing: list[str] = []
    for head in heads[::-1]:
        edit = _edit(connection, head)
        if edit is not None:
            edits.append(edit)
        elif head[0] <= done:
            edits.clear()
            missing = [f"The undo history up to “{head[3]}” is damaged and was left out."]
        else:
            return edits, [*missing, f"What was undone from “{head[3]}” on is damaged and was left out."]
    return edits, missing


def _edit(connection: apsw.Connection, head: tuple[Any, ...]) -> Edit | None:
    """One edit with its tiles, or None when they are damaged."""
    number, image, layer, title, tool, when, z, row0, column0, row1, column1, seen, agreed, size, state = head
    before: dict[TileKey, bytes] = {}
    after: dict[TileKey, bytes] = {}
    for *row, checksum in connection.execute("SELECT * FROM edit_tile WHERE edit = ?", (number,)):
        _, tz, ty, tx, old, new = row
        if step_sum(*row) != checksum:
            return None
        before[tz, ty, tx], after[tz, ty, tx] = old, new
    box = Box(z, row0, column0, row1, column1)
    changes = json.loads(state) if state else {}
    step = changes.pop("step", 0)
    edit = Edit(
        number, image or 0, layer or 0, title, tool, when, box, before, after, seen, agreed, changes or None, step
    )  # fmt: skip
    return edit if edit.nbytes == size else None
