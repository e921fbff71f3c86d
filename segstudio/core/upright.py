"""Upright: how slices of a patient stand on the screen, and the letters at their sides.

Radiologists see a body from its feet (axial: the patient's left at the right, the back at the bottom), from the front
(coronal: the left at the right, the feet at the bottom) and from the side (sagittal: the back at the right, the feet at
the bottom).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.grid import Grid
from segstudio.core.reslice import ORDER, Axis

SHOWN = {0: ((1, 1), (2, -1)), 1: ((0, 1), (2, -1)), 2: ((0, 1), (1, 1))}
"""World axis (LPS) across the slices -> (world axis, direction) of the screen's right and of its bottom."""

LETTERS = ("RL", "AP", "IS")
"""Of each world axis the letter at its low and at its high end: right and left, front and back, feet and head."""

Direction = NDArray[np.float64]


def directions(grid: Grid, axis: Axis) -> tuple[Direction, Direction, Direction]:
    """Unit vectors in the world along slices, rows (downwards) and columns (to the right) of the image seen along an
    axis."""
    steps = grid.matrix[:3, :3]
    along = [steps[:, 2 - place] / np.linalg.norm(steps[:, 2 - place]) for place in ORDER[axis]]
    return along[0], along[1], along[2]


def wanted(grid: Grid, axis: Axis) -> tuple[Direction, Direction]:
    """Where the screen's right and its bottom should point in the world."""
    _, rows, columns = directions(grid, axis)
    through = int(np.abs(np.cross(rows, columns)).argmax())
    (across, right), (down, below) = SHOWN[through]
    return right * np.eye(3)[across], below * np.eye(3)[down]


def letter(direction: Direction) -> str:
    """The side of the patient that a direction points to most."""
    axis = int(np.abs(direction).argmax())
    return LETTERS[axis][int(direction[axis] > 0)]
