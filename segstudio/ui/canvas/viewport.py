"""Viewport: which part of the image is seen, and how large. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segstudio.core.geometry import Box, Shape

SMALLEST, LARGEST = 1 / 512, 64.0
"""Limits of the scale in widget pixels for each image pixel."""


@dataclass(slots=True)
class Viewport:
    """`scale` widget pixels for each image column; (`row`, `column`) is the image point at the widget's top left.

    `aspect` is how much taller than wide an image pixel is, where rows and columns lie differently far apart.
    """

    scale: float = 1.0
    row: float = 0.0
    column: float = 0.0
    width: int = 1
    height: int = 1
    aspect: float = 1.0

    @property
    def row_scale(self) -> float:
        """Widget pixels for each image row."""
        return self.scale * self.aspect

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Row and column under a widget point."""
        return self.row + y / self.row_scale, self.column + x / self.scale

    def to_widget(self, row: float, column: float) -> tuple[float, float]:
        """x and y of an image point."""
        return (column - self.column) * self.scale, (row - self.row) * self.row_scale

    def zoom(self, factor: float, x: float, y: float) -> None:
        """Scale by `factor`, keeping the image point under (x, y) where it is."""
        row, column = self.to_image(x, y)
        self.scale = min(LARGEST, max(SMALLEST, self.scale * factor))
        self.row, self.column = row - y / self.row_scale, column - x / self.scale

    def fit(self, shape: Shape, margin: int = 24) -> None:
        """Show the whole image in the middle."""
        _, rows, columns = shape
        if rows and columns:
            wide = max(1, self.width - 2 * margin) / columns
            self.scale = min(LARGEST, max(SMALLEST, min(wide, max(1, self.height - 2 * margin) / rows / self.aspect)))
            self.center(rows / 2, columns / 2)

    def center(self, row: float, column: float) -> None:
        """Bring an image point to the middle of the widget."""
        self.row = row - self.height / 2 / self.row_scale
        self.column = column - self.width / 2 / self.scale

    def keep_near(self, shape: Shape) -> None:
        """Never lose the image: its edge stays at least 64 widget pixels inside."""
        _, rows, columns = shape
        keep, keep_rows = 64 / self.scale, 64 / self.row_scale
        self.row = min(max(self.row, keep_rows - self.height / self.row_scale), rows - keep_rows)
        self.column = min(max(self.column, keep - self.width / self.scale), columns - keep)

    def visible(self, z: int, shape: Shape) -> Box:
        """The part of slice `z` that is seen; may be empty."""
        bottom, right = self.to_image(self.width, self.height)
        box = Box(z, math.floor(self.row), math.floor(self.column), math.ceil(bottom), math.ceil(right))
        return box.clip(shape)

    @property
    def level(self) -> int:
        """Level of detail to draw: image pixels are taken in steps of 2 ** level."""
        finest = max(self.scale, self.row_scale)
        return max(0, math.floor(math.log2(1 / finest) + 0.25)) if finest < 1 else 0
