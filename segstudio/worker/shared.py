"""Arrays both processes can see: files in memory (tmpfs where there is one), mapped by each side.

Files instead of `multiprocessing.shared_memory`: no tracker process, the same code on every platform, and
after a crash the next start finds the folder by its owner's process id and removes it
(docs/decisions/0001).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from segstudio.worker.messages import Pixels

PREFIX = "segstudio-"
_numbers = count(1)


class Scratch:
    """A private folder of shared arrays; removed on `close`, or by the next start if the owner died."""

    def __init__(self, folder: Path | None = None) -> None:
        self._owned = folder is None
        if folder is None:
            base = _memory_folder()
            _remove_stale(base)
            folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))  # mode 0700
        self.folder = folder

    def create(self, shape: Sequence[int], dtype: DTypeLike, *, fill: int = 0) -> tuple[Pixels, NDArray[np.generic]]:
        """A new array and its address."""
        kind = np.dtype(dtype)
        path = self.folder / f"{os.getpid()}-{next(_numbers)}.pixels"  # never reused: others may still map it
        array = np.memmap(path, kind, "w+", shape=tuple(shape)) if np.prod(shape) else np.zeros(shape, kind)
        if fill:
            array[...] = fill
        return Pixels(str(path), tuple(int(n) for n in shape), kind.str), array

    def share(self, array: NDArray[np.generic]) -> Pixels:
        """The address of a copy of `array`."""
        pixels, target = self.create(array.shape, array.dtype)
        target[...] = array
        return pixels

    def drop(self, pixels: Pixels) -> None:
        """Forget an array; whoever still maps it keeps its pixels (the name goes, the memory stays)."""
        Path(pixels.block).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder with everything in it."""
        if self._owned:
            shutil.rmtree(self.folder, ignore_errors=True)


def attach(pixels: Pixels, *, writable: bool = False) -> NDArray[np.generic]:
    """Map an array made by another process.

    Raises ValueError when the file is smaller than the declared shape.
    """
    if not np.prod(pixels.shape):
        return np.zeros(pixels.shape, pixels.dtype)
    return np.memmap(pixels.block, np.dtype(pixels.dtype), "r+" if writable else "r", shape=pixels.shape)


def _memory_folder() -> Path:
    memory = Path("/dev/shm")  # tmpfs on Linux
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30:
        return memory
    return Path(tempfile.gettempdir())


def _remove_stale(base: Path) -> None:
    """Remove folders whose owner no longer runs."""
    for folder in base.glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
