"""Ellipse: drag from corner to corner of the box around it to fill it."""

from __future__ import annotations

import math

from segstudio.core.spans import Point
from segstudio.tools.rectangle import Rectangle

CORNERS = 256
"""Of the polygon that stands for the ellipse: it lies less than a pixel inside up to radius 13,000."""


class Ellipse(Rectangle):
    id = "ellipse"
    title = "Ellipse"
    shortcut = "Shift+E"
    icon = "ellipse"
    hint = "Drag across the box around it; letting go fills it. Shift makes a circle, Ctrl erases, Esc drops it."

    def outline(self, start: Point, end: Point) -> tuple[Point, ...]:
        row, column = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        high, wide = (end[0] - start[0]) / 2, (end[1] - start[1]) / 2
        turns = (2 * math.pi * corner / CORNERS for corner in range(CORNERS))
        return tuple((row + high * math.sin(turn), column + wide * math.cos(turn)) for turn in turns)
