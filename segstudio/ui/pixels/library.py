"""Pixels of the images in use, whole or piece by piece, within a budget."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.document import ImageEntry
from segstudio.core.events import Event
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.source import ArraySource
from segstudio.core.source import Pixels as Values
from segstudio.errors import UserError
from segstudio.folders import cache_folder
from segstudio.settings import Settings
from segstudio.ui.compute.owner import Owner
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.file_problem import FileProblem, Stamp, changed, gone, stamp
from segstudio.ui.pixels.on_demand_source import ImageFile, OnDemandSource
from segstudio.ui.pixels.pixel_cache import PixelCache
from segstudio.worker.messages import Failed, ImageRead, Message, OpenWindow, Pixels, ReadImage, WindowOpened
from segstudio.worker.shared import attach

SOURCES = 4
"""Images larger than memory that are kept open."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """An image in shared memory: `array` is (slices, rows, columns, channels), `coarse` its levels 2, 4, ..."""

    address: Pixels
    array: NDArray[np.generic]
    coarse: tuple[tuple[Pixels, NDArray[np.generic]], ...] = ()

    @property
    def source(self) -> ArraySource:
        return ArraySource(self.array, [array for _, array in self.coarse])

    @property
    def nbytes(self) -> int:
        return self.array.nbytes + sum(array.nbytes for _, array in self.coarse)

    def fetch(self, boxes: list[Box], done: Callable[[list[Values]], None], failed: Callable[[Failed], None]) -> None:
        """As OnDemandSource.fetch, at once."""
        done([np.ascontiguousarray(self.array[box.z, box.rows, box.columns]) for box in boxes])


Item = Loaded | OnDemandSource
Done = Callable[[ImageEntry, Item], None]
NotDone = Callable[[ImageEntry, Failed], None]


class Home(Owner, Protocol):
    """The project that the images belong to."""

    def path_of(self, entry: ImageEntry) -> Path: ...
    def note(self, entry: ImageEntry, problem: FileProblem | None) -> None: ...


class Library:
    """Loads images of one project through the readers and keeps the last ones used.

    An image of more than `window_above` bytes whose format allows it is never loaded: what is seen of it is read.
    """

    def __init__(self, project: Home, workers: Workers, settings: Settings) -> None:
        self.failed: Event[Failed] = Event()
        self._project = project
        self._workers, self._budget_per_file = workers, settings.read_megabytes * 2**20
        self._budget = settings.pixel_megabytes * 2**20
        self._tiles = PixelCache(self._budget)
        self._loaded: OrderedDict[int, Item] = OrderedDict()
        self._stamps: dict[int, Stamp] = {}  # of the files as they were read
        self._waiting: dict[int, list[tuple[Done, NotDone]]] = {}  # for an image that is being read

    @property
    def window_above(self) -> int:
        """Bytes of pixels above which an image is read piece by piece: so that two others fit beside its tiles."""
        return self._budget // 2

    def get(self, image: int) -> Item | None:
        """The image if it is in memory or open."""
        found = self._loaded.get(image)
        if found is not None:
            self._loaded.move_to_end(image)
        return found

    def load(self, entry: ImageEntry, done: Done, failed: NotDone) -> None:
        """Call `done` with the image, now or when it was read; `failed` if it could not be.

        Neither is called once the project is closed.
        """
        path: Path | None = None
        try:
            path = self._project.path_of(entry)
        except UserError as error:
            problem = gone(error)
            self._project.note(entry, problem)
        if path is not None and self._stamps.get(entry.id) != stamp(path):
            self.forget(entry.id)  # another program has written it
        found = self.get(entry.id)
        if found is not None:
            done(entry, found)
            return
        if path is None:
            failed(entry, problem.reply)
            return
        self._waiting.setdefault(entry.id, []).append((done, failed))
        if len(self._waiting[entry.id]) > 1:
            return
        if entry.info.nbytes > self.window_above:
            self._open(entry, path)
        else:
            self._read(entry, path)

    def forget(self, image: int) -> None:
        """Read an image anew when it is wanted next."""
        if (item := self._loaded.pop(image, None)) is not None:
            self._drop(item)

    def _changed(self, entry: ImageEntry, path: Path, digest: str, info: dict[str, Any]) -> bool:
        """Whether the file is not the one that was added; then whoever waits for it is told so."""
        problem = changed(entry, digest, ImageInfo.from_json(info))
        self._project.note(entry, problem)
        if problem is not None:
            self._tell_failed(entry, problem.reply)
        elif (now := stamp(path)) is not None:
            self._stamps[entry.id] = now
        return problem is not None

    def rest(self, shown: int) -> None:
        """All images but `shown` stop fetching what nobody sees."""
        for image, item in self._loaded.items():
            if image != shown and isinstance(item, OnDemandSource):
                item.rest()

    def clear(self) -> None:
        """Forget all images, and who waits for some."""
        self._waiting.clear()
        for item in self._loaded.values():
            self._drop(item)
        self._loaded.clear()

    def _open(self, entry: ImageEntry, path: Path) -> None:
        def on_reply(reply: Message) -> None:
            if isinstance(reply, WindowOpened) and not reply.possible:
                self._read(entry, path)
            elif isinstance(reply, WindowOpened):
                if self._changed(entry, path, reply.digest, reply.info):
                    return
                file = ImageFile(
                    path, entry.digest, entry.info, reply.levels, cache_folder() / "levels",
                    self._budget_per_file,
                )  # fmt: skip
                source = OnDemandSource(file, self._workers, self._tiles, self._project)
                source.failed.connect(self.failed.emit)
                self._keep(entry.id, source)
                self._tell(entry, source)
            elif isinstance(reply, Failed):
                self._tell_failed(entry, reply)

        budget = self._budget_per_file
        self._workers.tiles.submit(
            lambda job: OpenWindow(job, str(path), budget), on_reply, project=self._project, seconds=60
        )

    def _read(self, entry: ImageEntry, path: Path) -> None:
        def on_reply(reply: Message) -> None:
            if isinstance(reply, ImageRead):
                if self._changed(entry, path, reply.digest, reply.info):
                    for address in (reply.pixels, *reply.coarse):
                        self._workers.scratch.drop(address)
                    return
                coarse = tuple((level, attach(level)) for level in reply.coarse)
                loaded = Loaded(reply.pixels, attach(reply.pixels), coarse)
                self._keep(entry.id, loaded)
                self._tell(entry, loaded)
            elif isinstance(reply, Failed):
                self._tell_failed(entry, reply)

        folder = str(self._workers.scratch.folder)
        budget = self._budget_per_file
        self._workers.reader.submit(
            lambda job: ReadImage(job, str(path), folder, budget), on_reply, project=self._project, seconds=120
        )

    def _tell(self, entry: ImageEntry, item: Item) -> None:
        for done, _ in self._waiting.pop(entry.id, []):
            done(entry, item)

    def _tell_failed(self, entry: ImageEntry, reply: Failed) -> None:
        for _, failed in self._waiting.pop(entry.id, []):
            failed(entry, reply)

    def _keep(self, image: int, item: Item) -> None:
        self._loaded[image] = item
        whole = [key for key, kept in self._loaded.items() if isinstance(kept, Loaded)]
        total = sum(kept.nbytes for kept in self._loaded.values() if isinstance(kept, Loaded))
        while total > self._budget and len(whole) > 1:
            oldest = self._loaded.pop(whole.pop(0))
            assert isinstance(oldest, Loaded)
            total -= oldest.nbytes
            self._drop(oldest)
        self._tiles.budget = self._budget - total
        self._tiles.trim()
        pieces = [key for key, kept in self._loaded.items() if isinstance(kept, OnDemandSource)]
        for key in pieces[:-SOURCES]:
            self._drop(self._loaded.pop(key))

    def _drop(self, item: Item) -> None:
        if isinstance(item, OnDemandSource):
            item.close()
            return
        for address in (item.address, *(level for level, _ in item.coarse)):
            self._workers.scratch.drop(address)
