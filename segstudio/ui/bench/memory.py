"""Resident memory of the window's process while strokes are painted all over a very large image."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent

from segstudio.core.geometry import Shape
from segstudio.ui.bench.scene import application, mouse, resident, scene, settle

SHAPE: Shape = (1, 100_000, 100_000)


def measure(strokes: int) -> list[int]:
    """Resident bytes before the first stroke and after each tenth of them; the last is the highest seen at all."""
    application()
    rng = np.random.default_rng(2)
    with scene(SHAPE, 1, blobs=False) as here:
        canvas = here.canvas
        here.session.set_tool("brush")
        found = [resident()]
        highest = found[0]
        for number in range(strokes):
            here.session.set_brush_radius(float(rng.choice([10, 50, 200])))
            canvas.center_on(*rng.uniform(2000, 98_000, 2))
            place = np.array([canvas.width() / 2, canvas.height() / 2])
            mouse(canvas, QEvent.Type.MouseButtonPress, *place)
            for _ in range(12):
                place = np.clip(place + rng.normal(0, 40, 2), 5, (canvas.width() - 5, canvas.height() - 5))
                mouse(canvas, QEvent.Type.MouseMove, *place)
            mouse(canvas, QEvent.Type.MouseButtonRelease, *place)
            settle(0)
            highest = max(highest, resident())
            if (number + 1) % max(1, strokes // 10) == 0:
                found.append(resident())
    return [*found, highest]
