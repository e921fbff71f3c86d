"""Viewport: which part of the image is seen, and how large. Pure arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass

from segstudio.core.geometry import Box, Shape

SMALLEST, LARGEST = 1 / 512, 64.0
"""Limits of the scale in widget pixels for each image pixel."""


@dataclass(slots=True)
class Viewport:
    """`scale` widget pixels for each image pixel; (`row`, `column`) is the image point at the widget's top left."""

    scale: float = 1.0
    row: float = 0.0
    column: float = 0.0
    width: int = 1
    height: int = 1

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Row and column under a widget point."""
        return self.row + y / self.scale, self.column + x / self.scale

    def to_widget(self, row: float, column: float) -> tuple[float, float]:
        """x and y of an image point."""
        return (column - self.column) * self.scale, (row - self.row) * self.scale

    def zoom(self, factor: float, x: float, y: float) -> None:
        """Scale by `factor`, keeping the image point under (x, y) where it is."""
        row, column = self.to_image(x, y)
        self.scale = min(LARGEST, max(SMALLEST, self.scale * factor))
        self.row, self.column = row - y / self.scale, column - x / self.scale

    def fit(self, shape: Shape, margin: int = 24) -> None:
        """Show the whole image in the middle."""
        _, rows, columns = shape
        if rows and columns:
            wide = max(1, self.width - 2 * margin) / columns
            self.scale = min(LARGEST, max(SMALLEST, min(wide, max(1, self.height - 2 * margin) / rows)))
            self.center(rows / 2, columns / 2)

    def center(self, row: float, column: float) -> None:
        """Bring an image point to the middle of the widget."""
        self.row = row - self.height / 2 / self.scale
        self.column = column - self.width / 2 / self.scale

    def keep_near(self, shape: Shape) -> None:
        """Never lose the image: its edge stays at least 64 widget pixels inside."""
        _, rows, columns = shape
        keep = 64 / self.scale
        self.row = min(max(self.row, keep - self.height / self.scale), rows - keep)
        self.column = min(max(self.column, keep - self.width / self.scale), columns - keep)

    def visible(self, z: int, shape: Shape) -> Box:
        """The part of slice `z` that is seen; may be empty."""
        bottom, right = self.to_image(self.width, self.height)
        box = Box(z, math.floor(self.row), math.floor(self.column), math.ceil(bottom), math.ceil(right))
        return box.clip(shape)

    @property
    def level(self) -> int:
        """Level of detail to draw: image pixels are taken in steps of 2 ** level."""
        return max(0, math.floor(math.log2(1 / self.scale) + 0.25)) if self.scale < 1 else 0
