"""An hour of work in a few minutes: random strokes, undo, slices and layers, against a plain model of the document."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QEvent, QPointF

from segstudio.core.codes import Origin, encode
from segstudio.core.geometry import Box, Shape
from segstudio.core.plane import MEMORY
from segstudio.ui.bench.model import Model
from segstudio.ui.bench.scene import Scene, application, mouse, resident, scene, settle
from segstudio.ui.canvas.drags import MinimapDrag

SHAPE: Shape = (4, 420, 560)
ACTIONS_PER_HOUR = 2400
"""A busy annotator: a stroke, a slice or a step back every second and a half."""
UNPACKED = 2**20
IN_MEMORY = 2**18
"""Bytes of tiles and of undo steps in memory: so few that packing and spilling happen all the time."""
DRAWN = 32 * 2**20
"""Bytes of drawn tiles that are kept: so few that the caches are full in the first tenth."""

WEIGHTS = {"stroke": 60, "undo": 12, "redo": 7, "slice": 9, "layer": 4, "add": 2, "remove": 2, "zoom": 4}


@dataclass
class Report:
    """What became of a run: pixels that differ in the window, and in the project read again from disk."""

    actions: int
    strokes: int = 0
    differ: int = 0
    differ_on_disk: int = 0
    memory: list[int] = field(default_factory=list)
    """Resident bytes after each tenth."""

    @property
    def growth(self) -> int:
        """Bytes gained after the first tenth."""
        return max(self.memory[1:]) - self.memory[0]


def soak(actions: int, seed: int) -> Report:
    """Do `actions` random things through real events and compare every pixel at the end."""
    application()
    rng = np.random.default_rng(seed)
    report, limit = Report(actions), MEMORY.limit
    names, weights = list(WEIGHTS), np.array(list(WEIGHTS.values()), float)
    with scene(SHAPE, 1, blobs=False) as here:
        here.document.history.budget = IN_MEMORY
        MEMORY.limit = UNPACKED
        here.canvas.scene.limit(DRAWN)
        model = Model(SHAPE)
        try:
            for number in range(actions):
                _act(here, model, str(rng.choice(names, p=weights / weights.sum())), rng, report)
                if (number + 1) % max(1, actions // 10) == 0:
                    gc.collect()
                    report.memory.append(resident())
            report.differ = _difference(here, model)
            report.differ_on_disk = _difference_on_disk(here, model)
        finally:
            MEMORY.limit = limit
    return report


def _act(here: Scene, model: Model, action: str, rng: np.random.Generator, report: Report) -> None:
    session = here.session
    if action == "stroke":
        report.strokes += 1
        _stroke(here, model, rng)
    elif action in ("undo", "redo"):
        getattr(session.editing, action)()
        getattr(model, action)()
    elif action == "slice":
        session.set_slice(int(rng.integers(SHAPE[0])))
    elif action == "layer":
        session.set_active_layer(int(rng.choice(model.order)))
    elif action == "add" and len(model.order) < 4:
        here.document.add_layer(1, "Layer")
        model.add_layer()
    elif action == "remove" and len(model.order) > 1:
        gone = int(rng.choice(model.order))
        here.document.remove_layer(1, gone)
        model.remove_layer(gone)
    elif action == "zoom":
        here.canvas.fit()
        here.canvas.zoom_by(float(rng.uniform(0.8, 3)))
    settle(0)


def _stroke(here: Scene, model: Model, rng: np.random.Generator) -> None:
    """Press, drag and release with the mouse; the model gets the same points by its own arithmetic."""
    canvas, session, view = here.canvas, here.session, here.canvas.view
    erase = rng.random() < 0.25
    session.set_tool("eraser" if erase else "brush")
    session.choose_class(int(rng.integers(1, 4)))
    radius = float(rng.choice([0.5, 3, 12, 40, 150]))
    session.set_brush_radius(radius)
    place = np.array([rng.uniform(0, canvas.width()), rng.uniform(0, canvas.height())])
    while MinimapDrag.starts(canvas, QPointF(*place.round())):  # there a press moves the view
        place = np.array([rng.uniform(0, canvas.width()), rng.uniform(0, canvas.height())])
    step = 2 + float(rng.exponential(20))
    points = []
    for _ in range(int(rng.integers(1, 16))):
        points.append((round(place[0]), round(place[1])))
        place = np.clip(place + rng.normal(0, step, 2), 0, (canvas.width() - 1, canvas.height() - 1))
    mouse(canvas, QEvent.Type.MouseButtonPress, *points[0])
    for point in points[1:]:
        mouse(canvas, QEvent.Type.MouseMove, *point)
    mouse(canvas, QEvent.Type.MouseButtonRelease, *points[-1])
    path = [(view.row + y / view.scale, view.column + x / view.scale) for x, y in points]
    code = encode(0 if erase else session.active_class, Origin.PAINTED)
    model.stroke(session.active_layer, session.slice, path, radius, code)


def _difference(here: Scene, model: Model) -> int:
    """Pixels that differ, every pixel of a layer that is there on one side only among them."""
    found = {layer.id: layer for layer in here.document.images[1].layers}
    if list(found) != model.order:
        return int(np.prod(SHAPE)) * max(1, len(set(found) ^ set(model.order)))
    return sum(
        int((found[number].annotation.read(Box.whole(SHAPE, z)) != model.codes[number][z]).sum())
        for number in model.order
        for z in range(SHAPE[0])
    )


def _difference_on_disk(here: Scene, model: Model) -> int:
    """As `_difference`, for the project as it is read again from its file."""
    here.store.flush()
    again = here.read_again()
    return _difference(Scene(here.window, again, here.store), model)
