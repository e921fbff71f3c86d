"""Coarse levels of a large slice, made once and kept as files outside the project; usable while they are made."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import TILE, Box
from segstudio.core.image import ImageInfo
from segstudio.core.source import STRIDE, Pixels, block_mean
from segstudio.io.windowed.image import Windowed, sides, window

LIMIT = 8 * 2**30
"""Bytes of all kept levels; those used longest ago go first."""
PIECE = 4 * 2**20
"""Bytes of the file read at a time while levels are made, about: few enough to stay in the caches."""
DONE = 1


@dataclass(frozen=True, slots=True)
class Shelf:
    """The levels of one slice of one file: a folder with a file of tiles and a file of marks for each level.

    Tile (row, column) stands at its place in `N.tiles`, whole (256 x 256), and byte row * columns + column of
    `N.done` is 1 once it is there: what a killed builder left is either whole or not marked.
    """

    folder: Path
    info: ImageInfo

    @classmethod
    def of(cls, cache: Path, file: Path, digest: str, info: ImageInfo, z: int) -> Shelf:
        """Named by the content: another file of the same content shares it, a changed one does not find it."""
        changed = file.stat().st_mtime_ns  # the digest of a very large file is one of samples
        name = hashlib.sha256(f"{digest} {changed} {info.shape} {info.dtype} {z}".encode()).hexdigest()[:32]
        return cls(cache / name, info)

    def grid(self, level: int) -> tuple[int, int]:
        """Tile rows and tile columns of a level."""
        rows, columns = sides(self.info, 1 << level)
        return -(-rows // TILE), -(-columns // TILE)

    @property
    def levels(self) -> list[int]:
        """The levels that are kept: every second one, until a slice is one tile."""
        found = [STRIDE]
        while max(self.grid(found[-1])) > 1:
            found.append(found[-1] + STRIDE)
        return found

    @property
    def _tile_bytes(self) -> int:
        return TILE * TILE * self.info.channels * np.dtype(self.info.dtype).itemsize

    def read(self, level: int, row: int, column: int) -> Pixels | None:
        """A tile, cut to the image; None if it has not been made."""
        place = row * self.grid(level)[1] + column
        try:
            with (self.folder / f"{level}.done").open("rb") as marks:
                marks.seek(place)
                if marks.read(1) != bytes([DONE]):
                    return None
            with (self.folder / f"{level}.tiles").open("rb") as file:
                file.seek(place * self._tile_bytes)
                values = np.frombuffer(file.read(self._tile_bytes), self.info.dtype)
        except FileNotFoundError:
            return None
        rows, columns = sides(self.info, 1 << level)
        tile = values.reshape(TILE, TILE, self.info.channels)
        return tile[: rows - row * TILE, : columns - column * TILE]

    def complete(self) -> bool:
        """Whether the last level is there: the coarser ones are written after the finer ones."""
        return self.read(self.levels[-1], 0, 0) is not None

    def writers(self) -> list[LevelWriter]:
        """Empty levels, finest first; OSError when they cannot be written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return [LevelWriter(self, level) for level in self.levels]


@dataclass
class LevelWriter:
    """Takes the rows of a level from top to bottom and writes its tiles."""

    shelf: Shelf
    level: int
    row: int = 0
    rows: list[Pixels] = field(default_factory=list)

    def __post_init__(self) -> None:
        down, across = self.shelf.grid(self.level)
        (self.shelf.folder / f"{self.level}.done").write_bytes(bytes(down * across))

    def put(self, part: Pixels, *, last: bool) -> Pixels | None:
        """Add rows. Returns what became whole tiles, so that the next level is made from it."""
        self.rows.append(part)
        height = sum(len(rows) for rows in self.rows)
        ready = height if last else height // TILE * TILE
        if not ready:
            return None
        band = self.rows[0] if len(self.rows) == 1 else np.concatenate(self.rows)
        self.rows = [band[ready:]] if ready < height else []
        band = band[:ready]
        for top in range(0, ready, TILE):
            self._write(band[top : top + TILE])
        return band

    def _write(self, band: Pixels) -> None:
        """One row of tiles. Tiles that are all zero leave a hole in the file."""
        across = self.shelf.grid(self.level)[1]
        tile: NDArray[np.generic] = np.zeros((TILE, TILE, band.shape[2]), band.dtype)
        path = self.shelf.folder / f"{self.level}.tiles"
        with path.open("r+b" if path.exists() else "w+b", buffering=0) as file:
            for column in range(across):
                part = band[:, column * TILE : (column + 1) * TILE]
                if part.any():
                    tile[...] = 0
                    tile[: part.shape[0], : part.shape[1]] = part
                    file.seek((self.row * across + column) * tile.nbytes)
                    file.write(tile.tobytes())
            end = (self.row + 1) * across * tile.nbytes
            if file.seek(0, os.SEEK_END) < end:
                file.truncate(end)
        with (self.shelf.folder / f"{self.level}.done").open("r+b") as marks:
            marks.seek(self.row * across)
            marks.write(bytes([DONE]) * across)
        self.row += 1


def build(file: Windowed, z: int, shelf: Shelf, cancelled: Callable[[], bool]) -> Iterator[int]:
    """Make the levels of a slice from top to bottom; yields how many image rows are done on the finest one.

    Raises OSError when the disk is full; what is there then stays usable.
    """
    _, rows, columns = file.info.shape
    writers = shelf.writers()
    line = columns * file.info.channels * np.dtype(file.info.dtype).itemsize
    step = 1 << STRIDE
    tall = max(step, PIECE // line // step * step)
    if file.block[0] > 1 and tall > file.block[0]:  # whole blocks, so that none is decoded twice
        tall = tall // file.block[0] * file.block[0] // step * step or tall
    for top in range(0, rows, tall):
        if cancelled():
            return
        bottom = min(rows, top + tall)
        box = Box(z, top // step, 0, -(-bottom // step), -(-columns // step))
        part: Pixels | None = window(file, z, STRIDE, box)[0]
        for index, writer in enumerate(writers):
            if part is None:
                break
            if index:
                part = block_mean(part, step)
            part = writer.put(part, last=bottom == rows)
        yield min(rows, writers[0].row * TILE * step)


def room(cache: Path, info: ImageInfo) -> bool:
    """Whether the levels of another slice may be kept; removes those used longest ago to make room for them."""
    needed = info.nbytes // info.shape[0] // 15 + 2**20
    cache.mkdir(parents=True, exist_ok=True)
    limit = min(LIMIT, (shutil.disk_usage(cache).free + used(cache)) // 2)
    shelves = sorted((path for path in cache.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    while shelves and used(cache) + needed > limit:
        shutil.rmtree(shelves.pop(0), ignore_errors=True)
    return used(cache) + needed <= limit


def used(cache: Path) -> int:
    """Bytes on disk of all that is kept; holes count nothing where the system tells."""
    total = 0
    for path in cache.glob("*/*"):
        try:
            status = path.stat()
        except FileNotFoundError:  # another window cleans up too
            continue
        total += getattr(status, "st_blocks", -(-status.st_size // 512)) * 512
    return total


def best(file: Windowed, shelf: Shelf | None, z: int, level: int, row: int, column: int) -> tuple[Pixels, bool]:
    """A tile of a level, and whether it is exact: from the file, or from the kept levels where that is slow."""
    rows, columns = sides(file.info, 1 << level)
    box = Box(z, row * TILE, column * TILE, min((row + 1) * TILE, rows), min((column + 1) * TILE, columns))
    if shelf is not None and level >= STRIDE and file.factors[-1] < 1 << level:
        kept = min(level // STRIDE * STRIDE, shelf.levels[-1])
        found = _from_kept(shelf, kept, level - kept, row, column)
        if found is not None:
            return found, True
    return window(file, z, level, box)


def _from_kept(shelf: Shelf, kept: int, up: int, row: int, column: int) -> Pixels | None:
    """A tile made of the 2**up x 2**up tiles of level `kept` under it; None unless all are there."""
    down, across = shelf.grid(kept)
    lines = []
    for r in range(row << up, min((row + 1) << up, down)):
        tiles = [shelf.read(kept, r, c) for c in range(column << up, min((column + 1) << up, across))]
        if any(tile is None for tile in tiles):
            return None
        lines.append(np.concatenate([tile for tile in tiles if tile is not None], axis=1))
    return block_mean(np.concatenate(lines), 1 << up)
