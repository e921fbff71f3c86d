"""MaskWriter: the only way to write into an annotation plane."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.codes import NOTHING, UNSET, ClassMap, Codes, Origin, encode
from segstudio.core.geometry import TILE, Box, TileKey
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer
from segstudio.core.packing import pack
from segstudio.core.plane import Tile
from segstudio.core.spans import Spans


class MaskWriter:
    """Collects one edit of a mask layer: clips, honours class locks, keeps tiles before, reports dirty boxes.

    Keeps the old content of each tile the first time the tile is touched, so a stroke of a thousand dabs costs
    one copy per tile. Nothing is final until `commit`; `rollback` puts everything back. After either the writer is
    `closed` and writes nothing more. With `seen` it leaves alone what shows a class that is hidden, as if locked.
    """

    def __init__(
        self, layer: MaskLayer, classes: ClassTable, *, image: int, title: str, tool: str, origin: Origin,
        seen: bool = False,
    ) -> None:  # fmt: skip
        self.layer = layer
        self.image, self.title, self.tool, self.origin = image, title, tool, origin
        self.blocked = ""
        self.closed = False
        self._names = classes
        self._locked = classes.locked() | classes.hidden() if seen else classes.locked()
        self._any_locked = bool(self._locked.any())
        self.allowed: Callable[[Box], NDArray[np.bool_]] | None = None
        """Asked for each box that is about to change, where painting is restricted (core.restriction)."""
        self._before: dict[TileKey, Tile] = {}
        self._own: set[TileKey] = set()  # tiles that are this edit's own copy and may be changed in place
        self._touched: Box | None = None  # rows and columns over all slices
        self._swept: dict[int, tuple[int, Spans]] = {}  # by slice, code and shape of the last sweep

    def set(self, z: int, top: int, left: int, stencil: NDArray[np.bool_], class_id: int | None) -> None:
        """Give the pixels that `stencil` selects a class, or unset them with None.

        `stencil` is (rows, columns) with its first pixel at (top, left) of slice `z`; parts outside the image
        are dropped.
        """
        if class_id is not None and self._locked[class_id]:
            self.blocked = self._why(class_id)
            return
        code = UNSET if class_id is None else encode(class_id, self.origin)
        self._write(Box(z, top, left, top + stencil.shape[0], left + stencil.shape[1]), code, stencil)

    def sweep(self, z: int, spans: Spans, class_id: int | None) -> None:
        """Give the pixels of a convex shape a class, or unset them with None. Costs its outline, not its area."""
        if class_id is not None and self._locked[class_id]:
            self.blocked = self._why(class_id)
            return
        code = UNSET if class_id is None else encode(class_id, self.origin)
        swept, self._swept[z] = self._swept.get(z), (code, spans)
        if swept is not None and swept[0] == code and not self._careful:
            self._report(self._scatter(z, *spans.beyond(swept[1], self.layer.shape), code))
            return
        parts: list[Box] = []
        whole = spans.box(z).clip(self.layer.shape)
        for band in spans.bands(whole):
            for key in band.box.tiles():
                if band.full_from <= key[2] * TILE and (key[2] + 1) * TILE <= band.full_to and not self._careful:
                    changed = self._fill_tile(key, code)
                else:
                    part = Box.of_tile(key).intersect(band.box)
                    changed = self._write_tile(key, part, code, spans.stencil(part))
                if changed is not None:
                    parts.append(changed)
        self._report(parts)

    def put(self, z: int, top: int, left: int, classes: ClassMap, where: NDArray[np.bool_] | None = None) -> None:
        """Write a class map (rows, columns) at (top, left); NOTHING (255) and pixels outside `where` stay."""
        where = classes != NOTHING if where is None else where & (classes != NOTHING)
        if self._any_locked:
            where = where & ~self._locked[classes]
        codes = classes.astype(np.uint16) + np.uint16(int(self.origin) * 256)
        self._write(Box(z, top, left, top + classes.shape[0], left + classes.shape[1]), codes, where)

    def exchange(self, source: int, target: int) -> None:
        """Give all pixels of a class, wherever they are, to another one; their origin stays, locks do not count."""
        parts: list[Box] = []
        for key in self.layer.annotation.keys():  # noqa: SIM118  a Plane is no dict
            old = self.layer.annotation.tile(key)
            chosen = (old & 0xFF == source) & (old != UNSET)
            if chosen.any():
                self._make_own(key)
                np.copyto(self.layer.annotation.tile(key), old & 0xFF00 | np.uint16(target), where=chosen)
                parts.append(Box.of_tile(key).clip(self.layer.shape))
        self._report(parts)

    def commit(self) -> Edit | None:
        """Finish the edit, or return None if no pixel really changed. The edit's id is given by the document."""
        self.closed = True
        plane = self.layer.annotation
        changed = [key for key, tile in self._before.items() if not np.array_equal(tile, plane.tile(key))]
        if not changed or self._touched is None:
            self._restore()
            return None
        seen, agreed = self._score(changed)
        box = replace(self._touched, z=min(key[0] for key in changed))
        before = {key: pack(self._before[key]) for key in changed}
        after = {key: pack(plane.tile(key)) for key in changed}
        for key in self._before:
            self.layer.put_annotated(key, plane.tile(key))
        self._before.clear()
        self._own.clear()
        return Edit(
            0, self.image, self.layer.id, self.title, self.tool, time.time(), box, before, after, seen, agreed
        )  # fmt: skip

    def rollback(self) -> None:
        """Put every touched tile back."""
        self.closed = True
        slices = sorted({key[0] for key in self._before})
        self._restore()
        for z in slices:
            assert self._touched is not None
            self.layer.changed.emit(replace(self._touched, z=z))

    def _restore(self) -> None:
        for key, tile in self._before.items():
            self.layer.annotation.put_tile(key, tile)
        self._before.clear()
        self._own.clear()

    def _why(self, class_id: int) -> str:
        return f"“{self._names.name(class_id)}” is {'locked' if self._names.locked()[class_id] else 'hidden'}."

    def _write(self, area: Box, codes: Codes | int, stencil: NDArray[np.bool_]) -> None:
        self._swept.clear()
        parts: list[Box] = []
        box = area.clip(self.layer.shape)
        for key in box.tiles():
            part = Box.of_tile(key).intersect(box)
            where = np.s_[part.top - area.top : part.bottom - area.top, part.left - area.left : part.right - area.left]
            values = codes if isinstance(codes, int) else codes[where]
            changed = self._write_tile(key, part, values, stencil[where])
            if changed is not None:
                parts.append(changed)
        self._report(parts)

    def _scatter(self, z: int, rows: NDArray[np.int64], columns: NDArray[np.int64], code: int) -> list[Box]:
        """Give single pixels inside the image a code; the boxes of what changed, at most one for each tile."""
        plane, parts = self.layer.annotation, []
        tiles = rows // TILE << 32 | columns // TILE
        if len(tiles) and tiles.min() != tiles.max():
            order = np.argsort(tiles, kind="stable")
            tiles, rows, columns = tiles[order], rows[order], columns[order]
        cuts = [0, *(np.flatnonzero(tiles[1:] != tiles[:-1]) + 1).tolist(), len(tiles)]
        for first, last in pairwise(cuts):
            if first == last:
                continue
            key = (z, int(rows[first]) // TILE, int(columns[first]) // TILE)
            if plane.uniform(key) == code:
                continue
            r, c = rows[first:last], columns[first:last]
            self._make_own(key)
            places = (r % TILE * TILE) + c % TILE
            flat = plane.tile(key).reshape(-1)
            if (flat[places] != code).any():
                flat[places] = code
                parts.append(Box(z, int(r.min()), int(c.min()), int(r.max()) + 1, int(c.max()) + 1))
        return parts

    def _make_own(self, key: TileKey) -> None:
        """Give the edit its own copy of a tile, which it may change in place."""
        if key not in self._own:
            plane = self.layer.annotation
            self._keep(key)
            self._own.add(key)
            plane.put_tile(key, plane.tile(key).copy(), compact=False)

    def _report(self, parts: list[Box]) -> None:
        """Remember and tell what changed."""
        if not parts:
            return
        whole = reduce(Box.union, parts)
        self._touched = whole if self._touched is None else self._touched.union(whole)
        self.layer.tell(parts)

    def _write_tile(self, key: TileKey, part: Box, values: Codes | int, stencil: NDArray[np.bool_]) -> Box | None:
        """Write into one tile; the box of what changed, or None."""
        plane, corner = self.layer.annotation, Box.of_tile(key)
        inside = np.s_[
            part.top - corner.top : part.bottom - corner.top,
            part.left - corner.left : part.right - corner.left,
        ]
        old = plane.tile(key)[inside]
        chosen = stencil & (old != values)
        if self._any_locked:
            chosen = self._without_locked(key, inside, old, chosen)
        if self.allowed is not None and chosen.any():
            chosen = chosen & self.allowed(part)
        rows = np.flatnonzero(chosen.any(axis=1))
        if not rows.size:
            return None
        self._make_own(key)
        np.copyto(plane.tile(key)[inside], values, where=chosen)
        columns = np.flatnonzero(chosen.any(axis=0))
        return Box(
            part.z, part.top + int(rows[0]), part.left + int(columns[0]),
            part.top + int(rows[-1]) + 1, part.left + int(columns[-1]) + 1,
        )  # fmt: skip

    def _fill_tile(self, key: TileKey, code: int) -> Box | None:
        """Give a whole tile one value; the tile's box, or None where it has that value already."""
        plane = self.layer.annotation
        if plane.uniform(key) == code:
            return None
        self._keep(key)
        self._own.discard(key)
        plane.fill_tile(key, code)
        return Box.of_tile(key)

    @property
    def _careful(self) -> bool:
        """Whether single pixels may have to be spared."""
        return self._any_locked or self.allowed is not None

    def _keep(self, key: TileKey) -> None:
        """Remember a tile as it was before this edit. Everything that writes comes by here."""
        if self.closed:
            raise RuntimeError(f"the edit “{self.title}” is over")
        if key not in self._before:
            self._before[key] = self.layer.annotation.tile(key)

    def _without_locked(
        self, key: TileKey, inside: tuple[slice, slice], old: Tile, chosen: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Drop pixels whose shown class (annotation, else prediction) is locked, and remember that it happened."""
        shown = np.where(old == UNSET, self.layer.prediction.tile(key)[inside], old & 0xFF)
        protected = self._locked[shown] & (old >> 8 != Origin.UNSURE)
        if (chosen & protected).any():
            self.blocked = self._why(int(shown[chosen & protected][0]))
        return np.asarray(chosen & ~protected)

    def _score(self, changed: list[TileKey]) -> tuple[int, int]:
        """How many pixels were annotated for the first time under a prediction, and how many agreed with it."""
        seen = agreed = 0
        for key in changed:
            after, predicted = self.layer.annotation.tile(key), self.layer.prediction.tile(key)
            new = (self._before[key] == UNSET) & (after != UNSET) & (after >> 8 != Origin.UNSURE)
            new &= predicted != NOTHING
            seen += int(new.sum())
            agreed += int((new & (predicted == after & 0xFF)).sum())
        return seen, agreed


def write_prediction(
    layer: MaskLayer,
    z: int,
    top: int,
    left: int,
    classes: ClassMap,
    uncertainty: NDArray[np.uint8],
    version: int,
    *,
    in_part: bool = False,
) -> list[TileKey]:
    """The gate for models: replace the prediction tiles of a 256-aligned block, leaving the annotation alone.

    With `in_part` the block may lie anywhere, and tiles keep what they hold outside of it.

    `classes` and `uncertainty` are (rows, columns) of the block at (top, left), `version` the number of the
    model version. Returns the keys of the replaced tiles. Raises ValueError when the block is not aligned.
    """
    box = Box(z, top, left, top + classes.shape[0], left + classes.shape[1])
    keys = list(box.tiles())
    for key in keys:
        whole = Box.of_tile(key)
        part = whole.clip(layer.shape)
        covered = part.intersect(box)
        if covered != part and not in_part:
            raise ValueError(f"block {box} does not cover tile {key}")
        part = covered
        where = np.s_[part.top - top : part.bottom - top, part.left - left : part.right - left]
        if layer.versions.get(key, version) != version:
            layer.previous.put_tile(key, layer.prediction.tile(key))
        for plane, values in ((layer.prediction, classes), (layer.uncertainty, uncertainty)):
            tile = plane.tile(key).copy() if in_part else np.full((TILE, TILE), plane.fill, plane.dtype)
            row, column = part.top - whole.top, part.left - whole.left
            tile[row : row + part.height, column : column + part.width] = values[where]
            plane.put_tile(key, tile)
        layer.versions[key] = version
    layer.changed.emit(box.clip(layer.shape))
    return keys
