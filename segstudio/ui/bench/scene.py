"""The real window on one made-up image, in a project of its own: what the canvas benchmarks drive."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from segstudio.core.document import Document
from segstudio.core.events import Event
from segstudio.core.geometry import TILE, Box, Shape
from segstudio.core.image import ImageInfo
from segstudio.core.source import Pixels
from segstudio.core.spans import swept_disc
from segstudio.project.store import Store
from segstudio.settings import Settings
from segstudio.ui.canvas.view import Canvas
from segstudio.ui.desk import Controllers
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow
from segstudio.ui.widgets import theme


class Texture:
    """A PixelSource of any size that repeats one noisy tile: no file is read, so that only the canvas is measured."""

    def __init__(self, shape: Shape) -> None:
        self.shape = (*shape, 1)
        self.dtype = np.dtype(np.uint8)
        self.arrived: Event[Box] = Event()
        self._tile = np.random.default_rng(5).integers(40, 200, (2 * TILE, 2 * TILE, 1), dtype=np.uint8)

    def read(self, box: Box) -> Pixels:
        rows, columns = np.arange(box.top, box.bottom) % TILE, np.arange(box.left, box.right) % TILE
        return np.asarray(self._tile[np.ix_(rows, columns)])

    def tile(self, z: int, level: int, row: int, column: int, *, fetch: bool = True) -> Pixels:
        rows, columns = (min(TILE, -(-(self.shape[1 + axis] - (place << level) * TILE) >> level))
                         for axis, place in ((0, row), (1, column)))  # fmt: skip
        return self._tile[z % TILE : z % TILE + rows, :columns]

    def sample(self, z: int) -> Pixels:
        return self._tile

    def look(self, viewer: object, box: Box, level: int) -> None:
        """Nothing to do: all pixels are there."""


@dataclass
class Scene:
    """A window that shows an image of one class and some mask layers, stored in a real project."""

    window: MainWindow
    document: Document
    store: Store

    @property
    def canvas(self) -> Canvas:
        return self.window.canvas

    def read_again(self) -> Document:
        """The project as its file has it, in a copy that is read beside the open one."""
        with tempfile.TemporaryDirectory() as folder:
            copied = Path(folder) / "copy"
            self.store.save_copy(copied)
            again = Store.open(copied)
            try:
                return again.load()
            finally:
                again.close()

    @property
    def session(self) -> Session:
        return self.window.session


@contextmanager
def scene(
    shape: Shape, layers: int, size: tuple[int, int] = (1280, 800), *, everywhere: bool = False, blobs: bool = True
) -> Iterator[Scene]:
    """The window on an image of `shape` (slices, rows, columns), zoomed to 100 % at its middle, until the end.

    Each layer has some `blobs` around the middle, or `everywhere`.
    """
    session = Session(Settings())
    window = MainWindow(session, _nobody)
    window.resize(*size)
    window.show()
    window.build_panels()
    document = Document()
    document.classes.add("Cell")
    info = ImageInfo("made up", shape, 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    entry = document.add_image("made-up.png", "0" * 64, info)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(Path(folder) / "bench")
        store.attach(document)
        for number in range(1, layers):
            document.add_layer(entry.id, f"Layer {number + 1}")
        if blobs:
            _blobs(document, shape, everywhere)
        session.show_project(OpenProject(document))
        session.show_image(entry, Texture(shape))
        canvas = window.canvas
        canvas.setFocus()
        canvas.actual_size()
        canvas.center_on(shape[1] / 2, shape[2] / 2)
        settle()
        try:
            yield Scene(window, document, store)
        finally:
            session.show_project(None)
            store.close(discard=True, timeout=1)
            window.close()
            window.deleteLater()
            settle()


def _nobody() -> Controllers:
    raise AssertionError("a bench asks no controller")


def application() -> QApplication:
    """The one application, styled like the program."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    theme.apply(app, "dark")
    return app


def mouse(
    widget: QWidget, kind: QEvent.Type, x: float, y: float, which: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    """Send a mouse event and wait until everything it caused was painted."""
    none = Qt.MouseButton.NoButton
    held = none if kind == QEvent.Type.MouseButtonRelease else which
    button = none if kind == QEvent.Type.MouseMove else which
    at = QPointF(x, y)
    event = QMouseEvent(kind, at, widget.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, event)
    QApplication.processEvents()


def middle_mouse(widget: QWidget, kind: QEvent.Type, x: float, y: float) -> None:
    """As `mouse`, with the middle button."""
    mouse(widget, kind, x, y, Qt.MouseButton.MiddleButton)


def settle(seconds: float = 0.2) -> None:
    """Let what was put off happen."""
    end = time.perf_counter() + seconds
    QApplication.processEvents()
    while time.perf_counter() < end:
        QApplication.processEvents()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # as the event loop does, which does not run here


def walk(width: int, height: int, steps: int, seed: int = 1) -> list[tuple[float, float]]:
    """A smooth path of about 8 pixels a step that stays inside a widget."""
    rng = np.random.default_rng(seed)
    place, heading = np.array([width / 2, height / 2]), 0.0
    path = []
    for _ in range(steps):
        heading += rng.normal(0, 0.35)
        place = place + 8 * np.array([np.cos(heading), np.sin(heading)])
        for axis, end in ((0, width), (1, height)):
            if not 20 < place[axis] < end - 20:
                heading += np.pi / 2
                place[axis] = np.clip(place[axis], 20, end - 20)
        path.append((float(place[0]), float(place[1])))
    return path


def resident() -> int:
    """Bytes of memory this process has resident."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _blobs(document: Document, shape: Shape, everywhere: bool) -> None:
    """Something on every layer, so that each one is really drawn."""
    rng = np.random.default_rng(3)
    entry = document.images[1]
    for layer in entry.layers:
        writer = document.begin_edit(entry.id, layer.id, "Paint", tool="brush")
        for z in range(0, shape[0], 1 if everywhere else max(1, shape[0] // 16)):
            for _ in range(12 if shape[0] > 1 or not everywhere else 300):
                spread = [side / 4 if everywhere else min(side / 4, 350) for side in shape[1:]]
                row, column = (float(side / 2 + rng.normal(0, s)) for side, s in zip(shape[1:], spread, strict=True))
                writer.sweep(z, swept_disc((row, column), (row, column), min(30, shape[1] / 16)), 1)
        document.finish_edit(writer)
