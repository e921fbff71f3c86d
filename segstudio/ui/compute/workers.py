"""The workers of the window and the scratch memory they share with it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from segstudio.settings import Settings
from segstudio.ui.compute.worker_client import WorkerClient
from segstudio.worker.shared import Scratch


class Workers(QObject):
    """Readers, compute worker and trainer; each starts when it is first needed.

    `reader` decodes whole files, `tiles` parts of images larger than memory, and `builder` makes their coarse levels
    in the background, so that none of them waits for another.
    """

    device_known = Signal(str)
    crashed = Signal(str)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scratch = Scratch()
        ceiling = 2 * settings.read_megabytes * 2**20 + 2**30
        self.reader = WorkerClient("reader", reader_memory=ceiling, scratch=self.scratch.folder, parent=self)
        self.tiles = WorkerClient("tiles", reader_memory=ceiling, scratch=self.scratch.folder, parent=self)
        self.builder = WorkerClient("builder", reader_memory=ceiling, parent=self)
        self.compute = WorkerClient("compute", device=settings.device, parent=self)
        self.trainer = WorkerClient("trainer", device=settings.device, parent=self)
        self._all = (self.reader, self.tiles, self.builder, self.compute, self.trainer)
        self.compute.ready.connect(self._on_ready)
        for client in self._all:
            client.crashed.connect(self.crashed)

    def _on_ready(self, device: str) -> None:
        if device:
            self.device_known.emit(device)

    def close(self) -> None:
        """End all processes and free the shared memory."""
        for client in reversed(self._all):
            client.close()
        self.scratch.close()
