"""Pixels and masks to pictures: arrays in, QImages out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from segstudio.core.classes import ClassTable
from segstudio.core.codes import NOTHING, UNSET, Origin
from segstudio.core.geometry import TILE, Box, TileKey
from segstudio.core.layer import MaskLayer
from segstudio.core.plane import Plane
from segstudio.ui.session.display import MaskStyle
from segstudio.ui.session.tone import Tone

Argb = NDArray[np.uint32]
"""Pixels as 0xAARRGGBB, premultiplied."""

PREDICTED = 0.62
"""Opacity of what only the model says, relative to what a person said."""


def image_tile(part: NDArray[np.generic], tone: Tone) -> QImage:
    """Pixels (rows, columns, channels) as RGB32."""
    return to_image(tone.argb(part), QImage.Format.Format_RGB32)


def to_image(argb: Argb, kind: QImage.Format = QImage.Format.Format_ARGB32_Premultiplied) -> QImage:
    """A QImage that owns a copy of the pixels."""
    argb = np.ascontiguousarray(argb, np.uint32)
    height, width = argb.shape
    return QImage(argb.data, width, height, 4 * width, kind).copy()


def premultiplied(color: str, opacity: float) -> int:
    """0xAARRGGBB of a colour with an opacity 0..1."""
    c = QColor(color)
    alpha = round(255 * opacity)
    red, green, blue = (round(part * opacity) for part in (c.red(), c.green(), c.blue()))
    return alpha << 24 | red << 16 | green << 8 | blue


class Colors:
    """Lookup tables of one layer: colour by annotation code, where codes below 256 are predicted classes."""

    def __init__(self, classes: ClassTable, opacity: float) -> None:
        self.shown = np.zeros(6 * 256, np.uint32)
        self.edge = np.zeros(256, np.uint32)
        for entry in classes:
            if not entry.visible:
                continue
            self.edge[entry.id] = premultiplied(entry.color, min(1.0, opacity + 0.35))
            if entry.id == 0:
                continue  # background is what is left free, so that the image stays visible
            self.shown[entry.id] = premultiplied(entry.color, opacity * PREDICTED)
            for origin in (Origin.PAINTED, Origin.ACCEPTED, Origin.TOOL, Origin.IMPORTED):
                self.shown[int(origin) * 256 + entry.id] = premultiplied(entry.color, opacity)
        self.shown[int(Origin.UNSURE) * 256 :] = premultiplied("#ffffff", opacity * 0.5)
        self.background = premultiplied("#9aa4b0", opacity * 0.22)
        for origin in (Origin.PAINTED, Origin.TOOL, Origin.ACCEPTED, Origin.IMPORTED):
            self.shown[int(origin) * 256] = self.background if origin == Origin.PAINTED else 0


def mask_pixels(layer: MaskLayer, colors: Colors, box: Box, level: int, *, style: MaskStyle = "fill") -> Argb:
    """The mask in `box` (image pixels, on the grid of the level) as colours, one for each 2**level-th pixel."""
    codes = strided(layer.annotation, box, level)
    if style != "fill" or not layer.prediction.is_empty():
        np.copyto(codes, strided(layer.prediction, box, level), where=codes == UNSET)  # below 256: predicted
    if style != "fill":
        shown = (codes & 0xFF).astype(np.uint8)
        edges = _edges(shown)
        drawn = edges if style == "outline" else edges | (_diagonals(codes.shape, box, level, 8) < 2) & (shown != 0)
        return np.where(drawn, colors.edge[shown], np.uint32(0))
    argb = np.take(colors.shown, codes, mode="clip")
    unsure = codes >= int(Origin.UNSURE) * 256
    if unsure.any():
        argb[unsure & (_diagonals(codes.shape, box, level, 6) > 2)] = 0  # hatched
    return argb


def _diagonals(shape: tuple[int, ...], box: Box, level: int, period: int) -> NDArray[np.intp]:
    """For each drawn pixel its place 0 .. period - 1 across diagonal stripes that fit together at tile borders."""
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    return np.asarray((rows + columns + (box.top >> level) + (box.left >> level)) % period)


def uncertainty_pixels(layer: MaskLayer, box: Box, level: int) -> Argb:
    """Uncertainty in `box` as a warm veil: clear where certain, amber to red where not."""
    return veil_pixels(strided(layer.uncertainty, box, level).astype(np.float32) / 255)


def veil_pixels(value: NDArray[np.floating]) -> Argb:
    """Values 0..1 as a warm veil: clear, then amber to red."""
    alpha = value * 0.75
    red, green, blue = alpha * 255, alpha * (190 * (1 - value) + 20), alpha * 20
    parts = [np.asarray(part, np.uint32) for part in (alpha * 255, red, green, blue)]
    return np.asarray(parts[0] << 24 | parts[1] << 16 | parts[2] << 8 | parts[3], np.uint32)


def proposal_pixels(classes: NDArray[np.uint8], colors: Colors, level: int, corner: tuple[int, int]) -> Argb:
    """A proposed class map as diagonal stripes of its classes' colours."""
    step = 1 << level
    shown = classes[::step, ::step]
    rows = np.arange(shown.shape[0])[:, None] + corner[0] // step
    columns = np.arange(shown.shape[1])[None, :] + corner[1] // step
    stripes = (rows + columns) % 8 < 5
    return np.where(stripes & (shown != NOTHING) & (shown != 0), colors.edge[shown], np.uint32(0))


def strided(plane: Plane, box: Box, level: int) -> NDArray[np.integer]:
    """Every 2**level-th pixel of `box`, whose corner lies on that grid; visits only tiles that hold something."""
    step = 1 << level
    if level == 0:
        return plane.read(box)
    height, width = -(-box.height // step), -(-box.width // step)
    out = np.full((height, width), plane.fill, plane.dtype)
    if plane.is_empty():
        return out
    for key in _keys_in(plane, box):
        value = plane.uniform(key)
        if value == plane.fill:
            continue
        area = Box.of_tile(key)
        part = area.intersect(box)
        top, left = -(-part.top // step) * step, -(-part.left // step) * step
        tile = plane.tile(key)[
            top - area.top : part.bottom - area.top : step, left - area.left : part.right - area.left : step
        ]
        row, column = (top - box.top) // step, (left - box.left) // step
        out[row : row + tile.shape[0], column : column + tile.shape[1]] = tile
    return out


def _keys_in(plane: Plane, box: Box) -> Iterable[TileKey]:
    """Keys of the tiles in a box: by place where they are few, else by looking at those that hold something."""
    if box.height * box.width < 2**24:
        return box.tiles()
    first, last = (box.top // TILE, box.left // TILE), ((box.bottom - 1) // TILE, (box.right - 1) // TILE)
    return [
        key
        for key in plane.keys()  # noqa: SIM118
        if key[0] == box.z and first[0] <= key[1] <= last[0] and first[1] <= key[2] <= last[1]
    ]


def _edges(shown: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels that differ from a neighbour below or to the right, on both sides."""
    edges = np.zeros(shown.shape, bool)
    down, right = shown[1:] != shown[:-1], shown[:, 1:] != shown[:, :-1]
    edges[1:] |= down
    edges[:-1] |= down
    edges[:, 1:] |= right
    edges[:, :-1] |= right
    return np.asarray(edges & (shown != NOTHING), np.bool_)
