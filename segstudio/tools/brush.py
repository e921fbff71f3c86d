"""Brush: drag to paint the active class, hold Ctrl to erase."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from segstudio.core.codes import BACKGROUND, Origin
from segstudio.core.spans import swept_disc
from segstudio.core.stencils import PIXELS, Axes, capsule, swept_square
from segstudio.tools.base import Circle, Path, Pointer, Preview, Tool

if TYPE_CHECKING:
    from segstudio.tools.base import PixelWriter

RIMS = {
    "round": tuple((math.sin(turn * math.pi / 32), math.cos(turn * math.pi / 32)) for turn in range(64)),
    "square": ((-1.0, -1.0), (-1.0, 1.0), (1.0, 1.0), (1.0, -1.0)),
}
"""The outline of each shape of radius 1: (row, column) around (0, 0)."""

SMALL = 24.0
"""Radius in pixels up to which looking at every pixel around the brush is faster than following its outline."""


class Brush(Tool):
    id = "brush"
    title = "Brush"
    shortcut = "B"
    icon = "brush"
    hint = "Drag to paint. Ctrl erases, [ ] changes the size, Alt+click picks a class."
    options: tuple[str, ...] = ("radius", "class")
    in_volumes = ("sphere",)

    _stroke: PixelWriter | None = None  # None: idle. A writer: painting.
    _last: Pointer | None = None

    @staticmethod
    def form(
        *,
        shape: Annotated[Literal["round", "square"], "Outline of the brush."] = "round",
        unit: Annotated[
            Literal["px", "mm"],
            "px: as wide as high in pixels. mm: in the image's own unit of length, so longer where pixels are finer.",
        ] = "px",
        sphere: Annotated[bool, "Paint a ball over the neighbouring slices (with square: a cube)."] = False,
        tilt: Annotated[bool, "A tilted stylus makes the round brush an ellipse."] = True,
    ) -> None: ...

    def press(self, at: Pointer) -> None:
        self._stroke = self.session.begin_edit(self.stroke_title(at), tool=self.id, origin=self.origin())
        self._last = at
        self.drag(at)

    def drag(self, at: Pointer) -> None:
        if self._stroke is None or self._last is None:
            return
        round_, axes = self.option("shape") == "round", self._axes(at)
        _, rows, columns = self.session.shape
        start, end = (self._last.row, self._last.column), (at.row, at.column)
        for z, radius in self._slices(at):
            if round_ and not axes[1] and not axes[2] and radius > SMALL:  # costs its outline, not its area
                spans = swept_disc(start, end, radius * axes[0], axes[3] / axes[0])
                self._stroke.sweep(z, spans, self.value(at))
                continue
            sweep = capsule if round_ else swept_square
            top, left, stencil = sweep(start, end, radius, rows, columns, axes)
            self._stroke.set(z, top, left, stencil, self.value(at))
        self._last = at

    def release(self, at: Pointer) -> None:
        self.end()

    def end(self) -> None:
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            self.session.finish_edit(stroke)

    def cancel(self) -> None:
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            stroke.rollback()

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        if at is None:
            return ()
        shape, radius, axes = str(self.option("shape")), self.session.brush_radius, self._axes(at)
        if shape == "round" and axes == PIXELS:
            return (Circle(at.row, at.column, radius),)
        a, b, c, d = (radius * part for part in axes)
        rim = ((at.row + a * u + b * v, at.column + c * u + d * v) for u, v in RIMS[shape])
        return (Path(tuple(rim), closed=True),)

    # size and shape in pixels

    def _slices(self, at: Pointer) -> Iterator[tuple[int, float]]:
        """The slices that are painted and the radius there: of a ball, what each slice cuts out of it."""
        radius = max(0.5, self.session.brush_radius * at.pressure)
        slices = self.session.shape[0]
        step = self.session.spacing[0] / self._finest
        depth = int(radius / step) if self.option("sphere") else 0
        for z in range(max(0, at.z - depth), min(slices, at.z + depth + 1)):
            ball = math.sqrt(max(0.0, radius**2 - ((z - at.z) * step) ** 2))
            yield z, radius if self.option("shape") == "square" else ball

    @property
    def _finest(self) -> float:
        """The smaller side of a pixel in the image's unit of length: the radius counts in it."""
        return min(self.session.spacing[1:])

    def _axes(self, at: Pointer) -> Axes:
        """What turns the shape of radius 1 into pixels: the pixels' sides, and the stretch of a tilted stylus.

        A cylinder tilted by t from upright leaves an ellipse longer by 1 / cos t in the direction of the tilt.
        """
        _, high, wide = self.session.spacing
        tall, broad = (self._finest / high, self._finest / wide) if self.option("unit") == "mm" else (1.0, 1.0)
        down, right = (math.tan(math.radians(angle)) for angle in reversed(at.tilt))
        slope = math.hypot(down, right)
        if not slope or self.option("shape") != "round" or self.option("sphere") or not self.option("tilt"):
            return tall, 0.0, 0.0, broad
        longer = (math.hypot(1.0, slope) - 1.0) / slope**2
        across = longer * down * right
        return tall * (1 + longer * down**2), tall * across, broad * across, broad * (1 + longer * right**2)

    # what the eraser and the revert brush do differently

    def stroke_title(self, at: Pointer) -> str:
        return "Erase" if at.erase else "Mark unsure" if self.session.unsure else "Paint"

    def origin(self) -> Origin:
        return Origin.UNSURE if self.session.unsure else Origin.PAINTED

    def value(self, at: Pointer) -> int | None:
        """The class to write, None to unset."""
        return BACKGROUND if at.erase or self.session.unsure else self.session.active_class
