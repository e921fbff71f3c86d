"""What is drawn over the picture: brush ring, previews, pixel grid, scale bar, minimap."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPolygonF

from segstudio.core.geometry import Shape
from segstudio.core.image import ImageInfo
from segstudio.tools.base import Area, Circle, Handles, Path, Preview
from segstudio.ui.canvas.viewport import Viewport

PLATE = QColor(18, 19, 22, 190)
INK = QColor(245, 246, 248)
TINT = 0x66_2A_50_66
"""Premultiplied colour of what a tool would select."""
HANDLE = 8.0
"""Side of a handle in widget pixels."""


def draw_previews(painter: QPainter, view: Viewport, previews: Sequence[Preview]) -> None:
    """Tool outlines, twice: dark below, light above, so that they show on any image."""
    for preview in previews:
        if isinstance(preview, Area):
            _draw_area(painter, view, preview)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, width in ((QColor(0, 0, 0, 170), 3.0), (INK, 1.2)):
        painter.setPen(QPen(color, width))
        for preview in previews:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if isinstance(preview, Circle):
                x, y = view.to_widget(preview.row, preview.column)
                radius = max(1.5, preview.radius * view.scale)
                painter.drawEllipse(QPointF(x, y), radius, radius)
            elif isinstance(preview, Path):
                line = QPolygonF([QPointF(*view.to_widget(r, c)) for r, c in preview.points])
                painter.drawPolygon(line) if preview.closed else painter.drawPolyline(line)
            elif isinstance(preview, Handles):
                _draw_handles(painter, view, preview)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def preview_rect(view: Viewport, previews: Sequence[Preview]) -> QRectF:
    """Widget pixels that `draw_previews` may touch."""
    rect = QRectF()
    for preview in previews:
        if isinstance(preview, Circle):
            x, y = view.to_widget(preview.row, preview.column)
            radius = max(1.5, preview.radius * view.scale)
            rect = rect.united(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))
        elif isinstance(preview, Area):
            rect = rect.united(_area_rect(view, preview))
        else:
            line = QPolygonF([QPointF(*view.to_widget(r, c)) for r, c in preview.points])
            rect = rect.united(line.boundingRect().adjusted(-HANDLE, -HANDLE, HANDLE, HANDLE))
    return rect.adjusted(-3, -3, 3, 3) if not rect.isNull() else rect


def _draw_area(painter: QPainter, view: Viewport, area: Area) -> None:
    """A tint over the pixels; a large one is drawn from every n-th pixel, since the screen shows no more."""
    step = max(1, int(1 / view.scale))
    shown = area.stencil[::step, ::step]
    if shown.size:
        argb = np.where(shown, np.uint32(TINT), np.uint32(0))
        height, width = argb.shape
        picture = QImage(argb.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        x, y = view.to_widget(area.top, area.left)
        painter.drawImage(QRectF(x, y, width * step * view.scale, height * step * view.scale), picture)


def _area_rect(view: Viewport, area: Area) -> QRectF:
    x, y = view.to_widget(area.top, area.left)
    height, width = area.stencil.shape
    return QRectF(x, y, width * view.scale, height * view.scale)


def _draw_handles(painter: QPainter, view: Viewport, handles: Handles) -> None:
    for number, (row, column) in enumerate(handles.points):
        x, y = view.to_widget(row, column)
        painter.setBrush(INK if number == handles.active else PLATE)
        painter.drawRect(QRectF(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE))


def draw_grid(painter: QPainter, view: Viewport, shape: Shape) -> None:
    """Lines between pixels, above 800 %."""
    if view.scale < 8:
        return
    _, rows, columns = shape
    painter.setPen(QPen(QColor(128, 128, 128, 70), 1))
    top, left = max(0, math.floor(view.row)), max(0, math.floor(view.column))
    bottom = min(rows, math.ceil(view.row + view.height / view.scale))
    right = min(columns, math.ceil(view.column + view.width / view.scale))
    x0, y0 = view.to_widget(top, left)
    x1, y1 = view.to_widget(bottom, right)
    for row in range(top, bottom + 1):
        y = view.to_widget(row, 0)[1]
        painter.drawLine(QPointF(x0, y), QPointF(x1, y))
    for column in range(left, right + 1):
        x = view.to_widget(0, column)[0]
        painter.drawLine(QPointF(x, y0), QPointF(x, y1))


def draw_scale_bar(painter: QPainter, view: Viewport, info: ImageInfo) -> None:
    """A bar of a round length at the bottom left, in pixels or the image's own unit."""
    spacing = info.spacing[2] if info.spacing else 1.0
    unit = info.unit if info.spacing and info.unit else "px"
    length = _round_length(120 / view.scale * spacing)
    width = length / spacing * view.scale
    font = QFont(painter.font())
    font.setPixelSize(11)
    painter.setFont(font)
    text = f"{length:g} {unit}"
    plate = QRectF(12, view.height - 42, width + 24, 30)
    _plate(painter, plate)
    painter.setPen(QPen(INK, 2))
    y = plate.bottom() - 9
    painter.drawLine(QPointF(plate.left() + 12, y), QPointF(plate.left() + 12 + width, y))
    painter.setPen(INK)
    painter.drawText(QRectF(plate.left(), plate.top() + 3, plate.width(), 14), Qt.AlignmentFlag.AlignCenter, text)


def minimap_rect(view: Viewport, shape: Shape) -> QRectF:
    """Where the minimap is; null when the whole image is seen."""
    _, rows, columns = shape
    inside = view.row <= 0 and view.column <= 0
    if inside and view.row + view.height / view.scale >= rows and view.column + view.width / view.scale >= columns:
        return QRectF()
    side = 140.0
    width, height = (side, side * rows / columns) if columns >= rows else (side * columns / rows, side)
    return QRectF(view.width - width - 14, view.height - height - 14, max(width, 8), max(height, 8))


def draw_minimap(painter: QPainter, view: Viewport, shape: Shape, picture: QImage) -> None:
    """The whole image, small, with a frame around what is seen."""
    where = minimap_rect(view, shape)
    if where.isNull():
        return
    _plate(painter, where.adjusted(-4, -4, 4, 4))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(where, picture)
    _, rows, columns = shape
    kx, ky = where.width() / columns, where.height() / rows
    seen = QRectF(
        where.left() + view.column * kx,
        where.top() + view.row * ky,
        view.width / view.scale * kx,
        view.height / view.scale * ky,
    ).intersected(where)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 150), 3))
    painter.drawRect(seen)
    painter.setPen(QPen(INK, 1.2))
    painter.drawRect(seen)


def _plate(painter: QPainter, rect: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(PLATE)
    painter.drawRoundedRect(rect, 6, 6)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _round_length(length: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not longer."""
    power = 10 ** math.floor(math.log10(length))
    return float(next(step * power for step in (5, 2, 1) if step * power <= length))
