"""OnDemandSource: an image larger than memory; what is seen of it is fetched, tile by tile."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer

from segstudio.core.events import Event
from segstudio.core.geometry import TILE, Box
from segstudio.core.image import ImageInfo
from segstudio.core.source import Pixels, top_level
from segstudio.ui.compute.owner import Owner
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.box_fetch import BoxFetch, under
from segstudio.ui.pixels.pixel_cache import PixelCache
from segstudio.ui.pixels.tile_grid import tile_box, tiles_in
from segstudio.worker.messages import (
    BuildLevels,
    Cancel,
    Failed,
    LevelsBuilt,
    Message,
    ReadTiles,
    TileRead,
    TileTuple,
)
from segstudio.worker.shared import attach

BATCH = 8
"""Tiles asked for with one message: few, so that what is wanted next does not wait long."""
ASKED = 400
"""Tiles that `read` fetches at most: 4096 x 4096 pixels, and what they cut at the edges."""
AT_ONCE = 4096 * 4096
"""Pixels that a prediction or a classical method works on at most."""
SECONDS = 60
"""After which the tile reader is killed and started anew."""
TRIES = 2
"""How often a tile is tried before it is shown as black."""


_numbers = count(1)  # of sources: the images of two projects have the same ones


@dataclass(frozen=True, slots=True)
class ImageFile:
    """The file behind a source. `levels`: it has no coarse levels and is slow to look at from afar without."""

    path: Path
    digest: str
    info: ImageInfo
    levels: bool
    cache: Path
    block: int


class OnDemandSource:
    """A PixelSource whose tiles come from the tile reader, newest wish first, and stay while the budget lasts.

    The reader may die at any time: its tiles are asked for again. A tile that cannot be read twice is black, and
    `failed` tells once.
    """

    def __init__(self, file: ImageFile, workers: Workers, tiles: PixelCache, project: Owner | None) -> None:
        self.file, self._project = file, project
        self.arrived: Event[Box] = Event()
        self.failed: Event[Failed] = Event()
        self.top = top_level(file.info.shape)
        self._workers, self._tiles = workers, tiles
        self._number = next(_numbers)
        self._closed = False
        self._wishes: set[TileTuple] = set()
        self._asked: OrderedDict[TileTuple, None] = OrderedDict()
        self._gatherings: list[BoxFetch] = []
        self._views: OrderedDict[int, tuple[Box, int]] = OrderedDict()
        self._job = 0
        self._sent: list[TileTuple] = []
        self._planned = self._told = False
        self._failures: Counter[TileTuple] = Counter()
        self._setbacks = 0  # failures with no tile between them
        self._rough: dict[TileTuple, int] = {}  # made from a sample; how often though its levels were there
        self._built: dict[int, int] = {}  # image row down to which the coarse levels of a slice are there
        self._building = (-1, 0)  # slice and job

    # --- a PixelSource --------------------------------------------------------------------------------------

    @property
    def source(self) -> OnDemandSource:
        """Itself; as Loaded.source."""
        return self

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (*self.file.info.shape, self.file.info.channels)

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(self.file.info.dtype)

    def read(self, box: Box) -> Pixels | None:
        """All pixels of a box of up to 4096 x 4096; None while they are fetched, and for larger boxes."""
        keys = list(under(box))
        if len(keys) > ASKED:
            return None
        missing = [key for key in keys if self._kept(key) is None]
        for key in missing:
            self._asked[key] = None
            self._asked.move_to_end(key)
        if missing:
            self._plan()
            return None
        whole = BoxFetch([box], self.shape[3], self.dtype, self._kept)
        return None if whole.missing else whole.arrays[0]

    def tile(self, z: int, level: int, row: int, column: int, *, fetch: bool = True) -> Pixels | None:
        key = (z, level, row, column)
        found = self._kept(key)
        if fetch and (found is None or self._sharper(key)):
            self._wishes.add(key)
            self._plan()
        return found

    def sample(self, z: int) -> Pixels | None:
        down, across = (-(-side // (TILE << self.top)) for side in self.shape[1:3])
        lines = [[self.tile(z, self.top, row, column) for column in range(across)] for row in range(down)]
        if any(tile is None for line in lines for tile in line):
            return None
        return np.concatenate([np.concatenate([t for t in line if t is not None], axis=1) for line in lines])

    def look(self, viewer: object, box: Box, level: int) -> None:
        if self._views.get(id(viewer)) == (box, level):
            return
        self._views[id(viewer)] = (box, level)
        self._views.move_to_end(id(viewer))
        self._setbacks = 0
        self._wishes = {key for key in self._wishes if self._seen(key)}
        if self._sent and not any(self._seen(key) or key in self._asked or self._needed(key) for key in self._sent):
            self._workers.tiles.control(Cancel(self._job))
        self._plan()

    # --- for jobs -------------------------------------------------------------------------------------------

    def fetch(self, boxes: list[Box], done: Callable[[list[Pixels]], None], failed: Callable[[Failed], None]) -> None:
        """Call `done` with the pixels of all boxes once they are there; the caller bounds their size."""
        gathering = BoxFetch(boxes, self.shape[3], self.dtype, self._kept, done, failed)
        if gathering.missing:
            self._gatherings.append(gathering)
            self._setbacks = 0
            self._plan()
        else:
            done(gathering.arrays)

    def too_large(self, box: Box) -> str:
        """Why a job cannot work on a visible box, in one sentence; empty if it can."""
        if box.height * box.width <= AT_ONCE:
            return ""
        name = self.file.path.name
        return f"“{name}” is larger than memory: zoom in until 4096 × 4096 pixels are seen, the job works on those."

    def rest(self) -> None:
        """Another image is shown: fetch nothing but what jobs wait for, and stop making coarse levels."""
        self._views.clear()
        self._wishes.clear()
        self._asked.clear()
        self._stop_building()

    def close(self) -> None:
        """Forget everything; whatever is asked from now on is not there."""
        self._closed = True
        self.rest()
        self._gatherings.clear()
        if self._job:
            self._workers.tiles.control(Cancel(self._job))
        self._tiles.forget(self._number)

    # --- fetching -------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """Send what is wished for once all wishes of this moment are known."""
        if not self._planned:
            self._planned = True
            QTimer.singleShot(0, self._workers, self._send)

    def _send(self) -> None:
        self._planned = False
        if self._job or self._closed or self._setbacks > 2 * TRIES:
            return
        tiles = self._next()
        if not tiles:
            self._build()
            tiles = self._around()
        if not tiles:
            return
        file, folder = self.file, str(self._workers.scratch.folder)
        self._sent = tiles
        self._job = self._workers.tiles.submit(
            lambda job: ReadTiles(job, str(file.path), file.digest, folder, file.block, str(file.cache), tuple(tiles)),
            self._on_reply,
            project=self._project,
            seconds=SECONDS,
        )

    def _next(self) -> list[TileTuple]:
        """The most wanted tiles: the overview, then the middle of the newest view, what tools asked for, jobs."""
        self._wishes = {key for key in self._wishes if self._seen(key)}
        while len(self._asked) > ASKED:
            self._asked.popitem(last=False)
        wished = sorted(self._wishes, key=lambda key: (key[1] != self.top, self._distance(key)))
        if len(wished) < BATCH:
            wished += [key for key in reversed(self._asked) if key not in self._wishes]
        for gathering in self._gatherings:
            if len(wished) < BATCH:
                wished += sorted(gathering.missing - set(wished))[:BATCH]
        tiles = wished[:BATCH]
        self._wishes.difference_update(tiles)
        for key in tiles:
            self._asked.pop(key, None)
        return tiles

    def _around(self) -> list[TileTuple]:
        """Tiles beside the newest view and the same ones of the next slices, when nothing else is wanted."""
        if not self._views or self._tiles.nbytes > self._tiles.budget * 0.8:
            return []
        box, level = self._views[next(reversed(self._views))]
        near = [(box.z, level, *at) for at in tiles_in(box.expand(TILE << level).clip(self.file.info.shape), level)]
        for z in (box.z + 1, box.z - 1):
            if 0 <= z < self.shape[0]:
                near += [(z, level, *at) for at in tiles_in(box, level)]
        return [key for key in near if self._kept(key) is None and not self._failures[key]][:BATCH]

    def _on_reply(self, reply: Message) -> None:
        if isinstance(reply, TileRead):
            pixels = np.array(attach(reply.pixels))
            self._workers.scratch.drop(reply.pixels)
            if not self._closed:
                self._take(reply.tile, pixels, exact=reply.exact)
            return
        self._job, sent, self._sent = 0, self._sent, []
        if isinstance(reply, Failed) and sent and not self._closed:
            self._after_failure(sent, reply)
        self._plan()

    def _take(self, tile: TileTuple, pixels: Pixels, *, exact: bool) -> None:
        if tile in self._sent:
            self._sent.remove(tile)
        self._setbacks = 0
        tried = self._rough.pop(tile, 0)
        if not exact:
            self._rough[tile] = tried + self._is_built(tile)
        if self._seen(tile) or not self._needed(tile):  # what only a job waits for would push out what is looked at
            self._tiles.put((self._number, tile), pixels)
        self.arrived.emit(tile_box(*tile, self.file.info.shape))
        for gathering in [one for one in self._gatherings if tile in one.missing]:
            gathering.take(tile, pixels)
            if not gathering.missing:
                self._gatherings.remove(gathering)
                gathering.done(gathering.arrays)

    def _after_failure(self, sent: list[TileTuple], reply: Failed) -> None:
        """The first unanswered tile is at fault, or the reader died with it; the others are wished for again."""
        self._failures[sent[0]] += 1
        self._setbacks += 1
        self._wishes.update(sent)
        if self._failures[sent[0]] < TRIES:
            return
        if not self._told:
            self._told = True
            self.failed.emit(reply)
        self._wishes.discard(sent[0])
        lost = [one for one in self._gatherings if sent[0] in one.missing or self._setbacks > 2 * TRIES]
        self._gatherings = [one for one in self._gatherings if one not in lost]
        box = tile_box(*sent[0], self.file.info.shape)
        step = 1 << sent[0][1]
        shape = (-(-box.height // step), -(-box.width // step), self.shape[3])
        setbacks = self._setbacks
        self._take(sent[0], np.zeros(shape, self.dtype), exact=True)
        self._setbacks = setbacks
        for gathering in lost:
            gathering.failed(reply)

    # --- coarse levels --------------------------------------------------------------------------------------

    def _build(self) -> None:
        """Make the coarse levels of the shown slice, once the first picture is there."""
        if not self.file.levels or not self._views:
            return
        z = self._views[next(reversed(self._views))][0].z
        if z in self._built or self._building[0] == z:
            return
        self._stop_building()
        file = self.file
        job = self._workers.builder.submit(
            lambda job: BuildLevels(job, str(file.path), file.digest, file.block, str(file.cache), z),
            self._on_built,
            project=self._project,
        )
        self._building = z, job

    def _on_built(self, reply: Message) -> None:
        if isinstance(reply, LevelsBuilt):
            self._built[reply.z] = reply.bottom
            self._wishes |= {key for key in self._rough if self._seen(key) and self._sharper(key)}
            self._plan()
        elif reply.job == self._building[1]:
            if isinstance(reply, Failed):
                self._built.setdefault(self._building[0], 0)  # not again: the samples have to do
                self.failed.emit(reply)
            self._building = (-1, 0)

    def _stop_building(self) -> None:
        z, job = self._building
        if job:
            self._workers.builder.control(Cancel(job))
            if self._built.get(z, 0) < self.shape[1]:
                self._built.pop(z, None)
        self._building = (-1, 0)

    # --- what is what ---------------------------------------------------------------------------------------

    def _kept(self, key: TileTuple) -> Pixels | None:
        return self._tiles.get((self._number, key))

    def _sharper(self, key: TileTuple) -> bool:
        """Whether a rough tile can be had exactly now."""
        return self._rough.get(key, TRIES) < TRIES and self._is_built(key)

    def _is_built(self, key: TileTuple) -> bool:
        """Whether the coarse levels of the slice are there down to the end of the tile."""
        return self._built.get(key[0], 0) >= tile_box(*key, self.file.info.shape).bottom

    def _seen(self, key: TileTuple) -> bool:
        """Whether a viewer shows the tile; the overview always counts."""
        z, level = key[:2]
        area = tile_box(*key, self.file.info.shape)
        return any(
            z == box.z and (level == self.top or (level == shown and not area.intersect(box).empty))
            for box, shown in self._views.values()
        )

    def _needed(self, key: TileTuple) -> bool:
        return any(key in gathering.missing for gathering in self._gatherings)

    def _distance(self, key: TileTuple) -> float:
        """From the middle of the newest view, in pixels of the image."""
        if not self._views:
            return 0.0
        box = self._views[next(reversed(self._views))][0]
        tile = tile_box(*key, self.file.info.shape)
        return abs(tile.top + tile.bottom - box.top - box.bottom) + abs(tile.left + tile.right - box.left - box.right)
