"""Pixels of the images in use, shared with the workers, within a budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from segstudio.core.document import ImageEntry
from segstudio.ui.workers import Workers
from segstudio.worker.messages import Failed, ImageRead, Message, Pixels, ReadImage
from segstudio.worker.shared import attach

BUDGET = 2 * 2**30
"""Bytes of image pixels kept in shared memory; the images used longest ago go first."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image in shared memory: `array` is (slices, rows, columns, channels)."""

    address: Pixels
    array: NDArray[np.generic]


class Library(QObject):
    """Loads images through the reader process and keeps the last ones used."""

    def __init__(self, workers: Workers, budget_per_file: int) -> None:
        super().__init__(workers)
        self._workers, self._budget_per_file = workers, budget_per_file
        self._loaded: OrderedDict[int, Loaded] = OrderedDict()

    def get(self, image: int) -> Loaded | None:
        """The image if it is in memory."""
        found = self._loaded.get(image)
        if found is not None:
            self._loaded.move_to_end(image)
        return found

    def load(
        self,
        entry: ImageEntry,
        path: Path,
        done: Callable[[ImageEntry, Loaded], None],
        failed: Callable[[ImageEntry, Failed], None],
    ) -> None:
        """Call `done` with the image, now or when it was read; `failed` if it could not be."""
        found = self.get(entry.id)
        if found is not None:
            done(entry, found)
            return

        def on_reply(reply: Message) -> None:
            if isinstance(reply, ImageRead):
                loaded = Loaded(reply.pixels, attach(reply.pixels))
                self._keep(entry.id, loaded)
                done(entry, loaded)
            elif isinstance(reply, Failed):
                failed(entry, reply)

        folder = str(self._workers.scratch.folder)
        budget = self._budget_per_file
        self._workers.reader.submit(lambda job: ReadImage(job, str(path), folder, budget), on_reply, seconds=120)

    def clear(self) -> None:
        """Forget all images (another project is opened)."""
        for loaded in self._loaded.values():
            self._workers.scratch.drop(loaded.address)
        self._loaded.clear()

    def _keep(self, image: int, loaded: Loaded) -> None:
        self._loaded[image] = loaded
        total = sum(item.array.nbytes for item in self._loaded.values())
        while total > BUDGET and len(self._loaded) > 1:
            _, oldest = self._loaded.popitem(last=False)
            self._workers.scratch.drop(oldest.address)
            total -= oldest.array.nbytes
