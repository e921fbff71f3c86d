"""Spill: tiles of old undo steps in a temporary file, so that undo reaches far back without taking memory."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path

from segstudio.core.geometry import TileKey


class UndoSpill:
    """An unnamed file that the system removes when the program ends, however it ends.

    `live` counts the bytes that are still wanted, `size` those the file takes. Safe to read from several threads.
    """

    def __init__(self, folder: Path | None = None) -> None:
        import tempfile  # needed by few, and slow to import: the window is to be on screen first

        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder, prefix="segstudio-undo-")  # noqa: SIM115 lives as long as this
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self.size = self.live = 0

    def put(self, frames: Mapping[TileKey, bytes]) -> SpilledFrames:
        """Write frames and return them as a mapping that reads them back when asked."""
        places: dict[TileKey, tuple[int, int]] = {}
        with self._lock:
            self._file.seek(self.size)
            for key, frame in frames.items():
                self._file.write(frame)
                places[key] = self.size, len(frame)
                self.size += len(frame)
        spilled = SpilledFrames(self, places)
        self.live += spilled.nbytes
        return spilled

    def read(self, start: int, length: int) -> bytes:
        """Bytes of the file."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(length)

    def drop(self, frames: Mapping[TileKey, bytes]) -> None:
        """These frames are not wanted any more; the file shrinks once nothing in it is."""
        if isinstance(frames, SpilledFrames) and frames.spill is self:
            self.live -= frames.nbytes
            if self.live == 0:
                with self._lock:
                    self._file.truncate(0)
                self.size = 0


class SpilledFrames(Mapping[TileKey, bytes]):
    """Packed tiles by key, on disk."""

    def __init__(self, spill: UndoSpill, places: dict[TileKey, tuple[int, int]]) -> None:
        self.spill = spill
        self._places = places
        self.nbytes = sum(length for _, length in places.values())

    def __getitem__(self, key: TileKey) -> bytes:
        return self.spill.read(*self._places[key])

    def __iter__(self) -> Iterator[TileKey]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
