"""Frames while panning, zooming and scrolling slices, each until everything is painted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from segstudio.core.geometry import Shape
from segstudio.ui.bench.scene import application, middle_mouse, scene, settle, walk

SIZE = (1920, 1080)
LAYERS = 3
SHAPES: tuple[Shape, ...] = ((1, 4096, 4096), (1, 16384, 16384), (1, 100_000, 100_000))
VOLUME: Shape = (500, 512, 512)
Times = np.ndarray


def measure(steps: int) -> dict[tuple[Shape, str], Times]:
    """Milliseconds of each frame by shape and what was done, with three mask layers all over the image."""
    application()
    found: dict[tuple[Shape, str], Times] = {}
    for shape in SHAPES:
        with scene(shape, LAYERS, SIZE, everywhere=True) as here:
            found[shape, "pan"] = _pan(here.canvas, steps)
            here.canvas.fit()
            settle()
            found[shape, "zoom"] = _timed(_zooms(here.canvas, steps))
    with scene(VOLUME, LAYERS, SIZE, everywhere=True) as here:
        here.canvas.fit()
        settle()
        turn = [lambda: _wheel(here.canvas, -120, Qt.KeyboardModifier.ShiftModifier)] * (VOLUME[0] - 1)
        found[VOLUME, "slices"] = _timed(turn)
        here.window.views.choose("orthogonal")
        settle()
        for canvas, name in ((here.canvas, "axial"), (here.window.views.coronal, "coronal")):
            back = 120 if name == "axial" else -120
            turn = [lambda canvas=canvas, back=back: _wheel(canvas, back, Qt.KeyboardModifier.ShiftModifier)] * 250  # type: ignore[misc]
            found[VOLUME, f"{name} slices of three views"] = _timed(turn)
    return found


def _pan(canvas: QWidget, steps: int) -> Times:
    path = walk(canvas.width(), canvas.height(), steps)
    middle_mouse(canvas, QEvent.Type.MouseButtonPress, *path[0])
    times = _timed(lambda place=place: middle_mouse(canvas, QEvent.Type.MouseMove, *place) for place in path[1:])  # type: ignore[misc]
    middle_mouse(canvas, QEvent.Type.MouseButtonRelease, *path[-1])
    return times


def _zooms(canvas: QWidget, steps: int) -> list[Callable[[], None]]:
    """In from the whole image to single pixels, out again, and so on."""
    turns = [120] * 30 + [-120] * 30
    return [lambda turn=turn: _wheel(canvas, turn) for turn in (turns * (steps // 60 + 1))[:steps]]  # type: ignore[misc]


def _wheel(widget: QWidget, turn: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Turn the wheel over a point off the middle and wait until everything is painted."""
    at = QPointF(widget.width() * 0.4, widget.height() * 0.6)
    buttons, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, widget.mapToGlobal(at), QPoint(), QPoint(0, turn), buttons, modifiers, phase, False)
    QApplication.sendEvent(widget, event)
    QApplication.processEvents()


def _timed(actions: Iterable[Callable[[], None]]) -> Times:
    times = []
    for action in actions:
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return np.array(times)
