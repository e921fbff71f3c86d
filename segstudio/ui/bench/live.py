"""Learning while painting in the real program with its real workers: how long after a stroke what is seen is new."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from segstudio.ui.bench.scene import application, mouse
from segstudio.ui.shell.app import Program

SIDE = 1024
SEEN = 512
"""As many image pixels are seen as a square of this side has."""

PATIENCE = 120.0
"""Seconds after which something is wrong."""


@dataclass(slots=True)
class LiveScore:
    """Milliseconds of each mouse move until everything is painted, and of each refit: from the end of a stroke until
    the last part of the new prediction is painted."""

    moves: list[float] = field(default_factory=list)
    refits: list[float] = field(default_factory=list)


def measure(strokes: int) -> tuple[LiveScore, LiveScore, tuple[int, int]]:
    """Without and with a training beside it, and how many rows and columns of the image were seen."""
    application()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEGSTUDIO_HOME"] = str(Path(folder) / "home")
        picture = Path(folder) / "discs.png"
        Image.fromarray(_picture()).save(picture)
        program = Program()
        try:
            return _measure(program, picture, strokes)
        finally:
            program.window.close()
            program.shut_down()
            program.window.deleteLater()


def _measure(program: Program, picture: Path, strokes: int) -> tuple[LiveScore, LiveScore, tuple[int, int]]:
    window = program.window
    session = program.studio.session
    session.settings = session.settings.with_(live=True, train_seconds=36000)
    window.resize(1280, 800)
    program.start([picture])
    _wait(lambda: session.pixels is not None)
    canvas = window.canvas
    canvas.actual_size()
    canvas.zoom_by((canvas.width() * canvas.height()) ** 0.5 / SEEN)
    random = np.random.default_rng(0)
    for number in range(4):
        _stroke(program, number, random)
    idle, training = LiveScore(), LiveScore()
    for number in range(strokes):
        _add(idle, _stroke(program, number, random))
    program.studio.training.start()
    _wait(lambda: program.studio.training.state.step > 0)
    for number in range(strokes):
        _add(training, _stroke(program, number, random))
    if not program.studio.training.running:
        raise RuntimeError("the training ended before the strokes did")
    view = session.view
    program.studio.training.cancel()
    return idle, training, (view.height, view.width)


def _add(found: LiveScore, stroke: tuple[list[float], float]) -> None:
    found.moves += stroke[0]
    found.refits.append(stroke[1])


def _stroke(program: Program, number: int, random: np.random.Generator) -> tuple[list[float], float]:
    """A stroke of the background or the first class; milliseconds of its moves and until what is seen is new."""
    canvas, live, predicting = program.window.canvas, program.studio.live, program.studio.predicting
    program.studio.session.choose_class(number % 2)
    x, y = random.uniform(60, canvas.width() - 160), random.uniform(60, canvas.height() - 60)
    mouse(canvas, QEvent.Type.MouseButtonPress, x, y)
    moves = []
    for step in range(25):
        start = time.perf_counter()
        mouse(canvas, QEvent.Type.MouseMove, x + 4 * step, y + 8 * np.sin(step / 4))
        moves.append(1000 * (time.perf_counter() - start))
    mouse(canvas, QEvent.Type.MouseButtonRelease, x + 96, y)
    start = time.perf_counter()
    _wait(lambda: not live.waiting and not predicting.busy)
    QApplication.processEvents()
    return moves, 1000 * (time.perf_counter() - start)


def _wait(condition: Callable[[], bool]) -> None:
    end = time.perf_counter() + PATIENCE
    while not condition():
        QApplication.processEvents()
        time.sleep(0.002)
        if time.perf_counter() > end:
            raise RuntimeError("nothing happened for too long")


def _picture() -> np.ndarray:
    """Bright discs in noise (SIDE, SIDE)."""
    random = np.random.default_rng(1)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    pixels = random.normal(90, 15, (SIDE, SIDE))
    for _ in range(120):
        row, column = random.integers(0, SIDE, 2)
        pixels[(rows - row) ** 2 + (columns - column) ** 2 < 24**2] += 40
    return np.clip(pixels, 0, 255).astype(np.uint8)
