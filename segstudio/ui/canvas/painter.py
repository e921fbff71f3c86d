"""Draws the image and its masks: tiles of the level that fits, and only where asked."""

from __future__ import annotations

import math
import time
from functools import cached_property, partial
from typing import Protocol

import numpy as np
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter

from segstudio.core.geometry import TILE, Box
from segstudio.core.layer import MaskLayer
from segstudio.ui.canvas import render
from segstudio.ui.canvas.tiles import Key, TileCache
from segstudio.ui.canvas.viewport import Viewport
from segstudio.ui.pixels.tile_grid import tile_box, tiles_in
from segstudio.ui.session.shown_plane import ShownPlane
from segstudio.ui.session.tone import Tone

PATIENCE = 0.006
"""Seconds that one frame may spend on making tiles."""


class TileAt(Protocol):
    """The tile at (level, row, column), or None while there is none; without `fetch` only if it costs nothing."""

    def __call__(self, level: int, row: int, column: int, *, fetch: bool = True) -> QImage | None: ...


class ScenePainter:
    """The picture under the tools' outlines. Keeps tiles; changes to a mask repaint only their own pixels."""

    def __init__(self, session: ShownPlane) -> None:
        self._session = session
        self._images, self._masks = TileCache(), TileCache()
        self._colors: dict[int, render.Colors] = {}
        self._minimap: QImage | None = None
        self._late, self._until, self._begun = False, 0.0, False

    def forget_image(self) -> None:
        """Another image or another look: everything is drawn anew."""
        self._images.clear()
        self.__dict__.pop("_tone", None)
        self._minimap = None
        self.forget_masks()

    def update_image(self, box: Box) -> None:
        """The pixels of a tile have arrived, or better ones."""
        shape = self._session.shape
        for level in self._images.levels("image", box.z):
            for row, column in tiles_in(box, level):
                if tile_box(box.z, level, row, column, shape) == box:
                    self._images.drop(("image", box.z, level, row, column))
        if 4 * max(box.height, box.width) > max(shape[1:]):  # of the overview
            self._minimap = None

    def forget_masks(self) -> None:
        """Colours, opacity or mode changed."""
        self._masks.clear()
        self._colors.clear()

    def update_mask(self, layer: MaskLayer, box: Box, level: int) -> None:
        """Pixels of a layer changed: repaint them in the tiles of the shown level, forget those of others."""
        masks = self._masks
        for what in (layer.id, "uncertainty"):
            for known in masks.levels(what, box.z):
                for row, column in tiles_in(box, known):
                    key = (what, box.z, known, row, column)
                    if known != level or what != layer.id or not self._repaint(layer, key, box):
                        masks.drop(key)

    def _repaint(self, layer: MaskLayer, key: Key, box: Box) -> bool:
        """Bring a kept tile up to date inside `box`; False if it had better be made anew when it is next seen."""
        _, z, level, row, column = key
        area = tile_box(z, level, row, column, layer.shape)
        part, step = box.intersect(area), 1 << level
        tile = self._masks.find(key)
        if tile is None or self._session.display.mask_style != "fill" or part == area:
            return False
        part = Box(z, part.top // step * step, part.left // step * step, part.bottom, part.right)
        pixels = render.mask_pixels(layer, self._colors_of(layer), part, level, style="fill")
        target = np.frombuffer(tile.bits(), np.uint32).reshape(tile.height(), tile.bytesPerLine() // 4)
        top, left = (part.top - area.top) // step, (part.left - area.left) // step
        target[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        return True

    def limit(self, bytes_: int) -> None:
        """Keep at most this much of drawn tiles, half of it of the image and half of the masks."""
        self._images.budget = self._masks.budget = bytes_ // 2

    def begin_frame(self) -> None:
        """The time for making tiles begins to run."""
        self._until, self._begun = time.perf_counter() + PATIENCE, False

    def draw(self, painter: QPainter, view: Viewport, clip: QRect) -> bool:
        """Draw the part of the scene inside `clip` (widget pixels); whether all of it is as it should be.

        Tiles are made for `PATIENCE` seconds at most, so that no frame takes long; where there was no time left,
        coarser tiles are shown, or nothing, and it has to be drawn again.
        """
        session = self._session
        if session.image is None or session.pixels is None:
            return True
        self._late = False
        box, level = self._box_under(view, clip), view.level
        session.pixels.look(view, view.visible(session.slice, session.shape), level)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, view.scale < 1 or session.display.smooth)
        self._draw_tiles(painter, view, box, level, self._image_tile)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        if (
            session.display.masks_visible and not session.display.peeking and session.value_overlay is None
        ):  # its colours would mix with theirs
            for layer in session.image.layers:
                if layer.visible and not (layer.annotation.is_empty() and layer.prediction.is_empty()):
                    self._draw_tiles(painter, view, box, level, partial(self._mask_tile, layer))
        if session.display.uncertainty_visible and not session.display.peeking:
            self._draw_tiles(painter, view, box, level, self._uncertainty_tile)
        self._draw_veil(painter, view)
        self._draw_proposal(painter, view)
        return not self._late

    def _draw_tiles(self, painter: QPainter, view: Viewport, box: Box, level: int, tile_at: TileAt) -> None:
        for row, column in tiles_in(box, level):
            tile = tile_at(level, row, column)
            if tile is not None:
                self._draw_tile(painter, view, level, row, column, tile)
            else:
                self._draw_coarser(painter, view, level, row, column, tile_at)

    @cached_property
    def _tone(self) -> Tone:
        return self._session.tone

    def minimap(self) -> QImage:
        """The shown slice, small."""
        if self._minimap is None:
            session = self._session
            assert session.pixels is not None
            sample = session.pixels.sample(session.slice)
            if sample is None:
                return QImage()
            step = max(1, max(sample.shape[:2]) // 280)
            self._minimap = render.image_tile(sample[::step, ::step], self._tone)
        return self._minimap

    def forget_minimap(self) -> None:
        self._minimap = None

    def _box_under(self, view: Viewport, clip: QRect) -> Box:
        top, left = view.to_image(clip.left(), clip.top())
        bottom, right = view.to_image(clip.right() + 1, clip.bottom() + 1)
        box = Box(self._session.slice, math.floor(top), math.floor(left), math.ceil(bottom), math.ceil(right))
        return box.clip(self._session.shape)

    def _draw_tile(self, painter: QPainter, view: Viewport, level: int, row: int, column: int, tile: QImage) -> None:
        step = 1 << level
        x, y = view.to_widget(row * TILE * step, column * TILE * step)
        width, height = tile.width() * step * view.scale, tile.height() * step * view.row_scale
        painter.drawImage(QRectF(x, y, width, height), tile)

    def _draw_coarser(
        self, painter: QPainter, view: Viewport, level: int, row: int, column: int, tile_at: TileAt
    ) -> None:
        """Until the tile is there: its part of the finest coarser one that is."""
        x, y = view.to_widget(row * TILE << level, column * TILE << level)
        for up in range(1, TILE.bit_length()):
            tile = tile_at(level + up, row >> up, column >> up, fetch=False)
            if tile is None:
                continue
            side = TILE >> up
            top, left = (row % (1 << up)) * side, (column % (1 << up)) * side
            part = QRect(left, top, side, side).intersected(tile.rect())
            step = 1 << (level + up)
            width, height = part.width() * step * view.scale, part.height() * step * view.row_scale
            painter.drawImage(QRectF(x, y, width, height), tile, QRectF(part))
            return

    def _image_tile(self, level: int, row: int, column: int, *, fetch: bool = True) -> QImage | None:
        session = self._session
        key: Key = ("image", session.slice, level, row, column)
        tile = self._images.find(key)
        if tile is not None or self._late or (fetch and self._too_late()):
            return tile
        assert session.shown_pixels is not None
        part = session.shown_pixels.tile(session.slice, level, row, column, fetch=fetch)
        return None if part is None else self._images.keep(key, render.image_tile(part, self._tone))

    def _mask_tile(self, layer: MaskLayer, level: int, row: int, column: int, *, fetch: bool = True) -> QImage | None:
        session = self._session
        key: Key = (layer.id, session.slice, level, row, column)
        tile = self._masks.find(key)
        if tile is not None or not fetch or self._too_late():
            return tile
        box = tile_box(session.slice, level, row, column, session.shape)
        pixels = render.mask_pixels(layer, self._colors_of(layer), box, level, style=session.display.mask_style)
        return self._masks.keep(key, render.to_image(pixels))

    def _uncertainty_tile(self, level: int, row: int, column: int, *, fetch: bool = True) -> QImage | None:
        session = self._session
        key: Key = ("uncertainty", session.slice, level, row, column)
        tile = self._masks.find(key)
        if tile is not None or not fetch or self._too_late():
            return tile
        box = tile_box(session.slice, level, row, column, session.shape)
        return self._masks.keep(key, render.to_image(render.uncertainty_pixels(session.layer, box, level)))

    def _too_late(self) -> bool:
        """Whether this frame has no time left to make tiles. There is always time for one: where drawing those that
        are there takes all of it, the others would never be made."""
        self._late = self._late or (self._begun and time.perf_counter() > self._until)
        self._begun = True
        return self._late

    def _draw_veil(self, painter: QPainter, view: Viewport) -> None:
        value_overlay, session = self._session.value_overlay, self._session
        if value_overlay is None or session.image is None or session.display.peeking:
            return
        if value_overlay.image != session.image.id or value_overlay.box.z != session.slice:
            return
        key: Key = (("veil", id(value_overlay)), session.slice, 0, 0, 0)
        tile = self._masks.find(key) or self._masks.keep(key, render.to_image(render.veil_pixels(value_overlay.values)))
        x, y = view.to_widget(value_overlay.box.top, value_overlay.box.left)
        painter.drawImage(QRectF(x, y, tile.width() * view.scale, tile.height() * view.row_scale), tile)

    def _draw_proposal(self, painter: QPainter, view: Viewport) -> None:
        proposal, session = self._session.proposal, self._session
        if proposal is None or session.image is None or proposal.image != session.image.id or session.display.peeking:
            return
        classes = proposal.slice(session.slice)
        if classes is None:
            return
        colors, level = self._colors_of(session.layer), view.level
        box, step = proposal.box, 1 << level

        def make() -> QImage:
            return render.to_image(render.proposal_pixels(classes, colors, level, (box.top, box.left)))

        key: Key = (("proposal", id(proposal)), session.slice, level, 0, 0)
        tile = self._masks.find(key) or self._masks.keep(key, make())
        x, y = view.to_widget(box.top, box.left)
        painter.drawImage(QRectF(x, y, tile.width() * step * view.scale, tile.height() * step * view.row_scale), tile)

    def _colors_of(self, layer: MaskLayer) -> render.Colors:
        if layer.id not in self._colors:
            self._colors[layer.id] = render.Colors(self._session.classes, layer.opacity)
        return self._colors[layer.id]
