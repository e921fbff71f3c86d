"""Brush events through the real mouse-event path until the repaint is done, beside the raw floor."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from segstudio.ui.bench.floor import Floor
from segstudio.ui.bench.scene import application, mouse, scene, settle, walk

RADII = (10, 50, 200, 2000)
SIDES = (4096, 16384, 100_000)
LAYERS = (1, 10)
WARM_UP = 20
"""Events of the stroke before the measured one."""
Times = np.ndarray


def measure(steps: int) -> dict[tuple[int, int, int], tuple[Times, float]]:
    """Milliseconds of each event, and of undoing the stroke, by (radius, side, layers); side 0 is the floor.

    All cases of one radius are measured in turns, so that a busy moment of the machine touches all of them.
    """
    application()
    found: dict[tuple[int, int, int], tuple[Times, float]] = {}
    for radius in RADII:
        count = steps if radius <= 200 else max(40, steps // 5)
        found[radius, 0, 0] = _floor(radius, count), 0.0
        for layers in LAYERS:
            for side in SIDES:
                found[radius, side, layers] = _ours(radius, side, layers, count)
        again = _floor(radius, count)
        found[radius, 0, 0] = np.concatenate([found[radius, 0, 0][0], again]), 0.0
    return found


def _floor(radius: float, steps: int) -> Times:
    widget = Floor(SIDES[0], radius)
    widget.resize(900, 640)
    widget.show()
    settle()
    times = _stroke(widget, steps)
    widget.close()
    widget.deleteLater()
    settle()
    return times


def _ours(radius: float, side: int, layers: int, steps: int) -> tuple[Times, float]:
    with scene((1, side, side), layers) as here:
        here.session.set_tool("brush")
        here.session.set_brush_radius(radius)
        times = _stroke(here.canvas, steps)
        start = time.perf_counter()
        here.session.editing.undo()
        settle(0)
        return times, 1000 * (time.perf_counter() - start)


def _stroke(widget: QWidget, steps: int) -> Times:
    """One long stroke around the widget; milliseconds of each move until everything is painted.

    A short one goes before, so that nothing is measured that happens only once.
    """
    if steps > WARM_UP:
        _stroke(widget, WARM_UP)
    path = walk(widget.width(), widget.height(), steps, seed=steps)
    mouse(widget, QEvent.Type.MouseButtonPress, *path[0])
    times = []
    for place in path[1:]:
        start = time.perf_counter()
        mouse(widget, QEvent.Type.MouseMove, *place)
        times.append(1000 * (time.perf_counter() - start))
    mouse(widget, QEvent.Type.MouseButtonRelease, *path[-1])
    return np.array(times)
