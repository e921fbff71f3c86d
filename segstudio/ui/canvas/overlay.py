"""What is drawn over the picture: brush ring, previews, pixel grid, scale bar, minimap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPixmap, QPolygonF, QTransform

from segstudio.core.geometry import Shape
from segstudio.core.image import ImageInfo
from segstudio.core.selection import Selection
from segstudio.tools.base import Area, Circle, Handles, Path, Preview
from segstudio.ui.canvas.viewport import Viewport

PLATE = QColor(18, 19, 22, 190)
INK = QColor(245, 246, 248)
TINT = 0x66_2A_50_66
"""Premultiplied colour of what a tool would select."""
RING = ((QColor(0, 0, 0, 170), 3.0), (INK, 1.2))
"""Colour and width of outlines: dark below, light above, so that they show on any image."""
LARGEST_RING = 700.0
"""Radius in widget pixels up to which a brush outline is kept as a picture."""
HANDLE = 8.0
"""Side of a handle in widget pixels."""


def draw_previews(painter: QPainter, view: Viewport, previews: Sequence[Preview]) -> None:
    """The shapes that a tool wants to show."""
    for preview in previews:
        if isinstance(preview, Area):
            _draw_area(painter, view, preview)
        elif isinstance(preview, Circle):
            _draw_ring(painter, view, preview)
    lines = [preview for preview in previews if isinstance(preview, Path | Handles)]
    if not lines:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, width in RING:
        painter.setPen(QPen(color, width))
        for preview in lines:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if isinstance(preview, Path):
                line = QPolygonF([QPointF(*view.to_widget(r, c)) for r, c in preview.points])
                painter.drawPolygon(line) if preview.closed else painter.drawPolyline(line)
            elif isinstance(preview, Handles):
                _draw_handles(painter, view, preview)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def selection_path(selection: Selection, shape: Shape) -> QPainterPath:
    """The border of what is selected, in image coordinates (x is the column)."""
    path = QPainterPath()
    for part in selection.parts:
        area = QPainterPath()
        area.addPolygon(QPolygonF([QPointF(column, row) for row, column in (*part.outline, part.outline[0])]))
        path = path.united(area) if part.adds else path.subtracted(area)
    if selection.inverted:
        path.addRect(QRectF(0, 0, shape[2], shape[1]))
    return path


def draw_selection(painter: QPainter, view: Viewport, path: QPainterPath) -> None:
    """A border of light and dark dashes, which shows on any image."""
    (x, y), scale = view.to_widget(0, 0), (view.scale, view.row_scale)
    shown = QTransform(scale[0], 0, 0, scale[1], x, y).map(path)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for color, style in ((INK, Qt.PenStyle.SolidLine), (QColor(0, 0, 0), Qt.PenStyle.CustomDashLine)):
        pen = QPen(color, 1.3, style)
        if style == Qt.PenStyle.CustomDashLine:
            pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.drawPath(shown)


def preview_rect(view: Viewport, previews: Sequence[Preview]) -> QRectF:
    """Widget pixels that `draw_previews` may touch."""
    rect = QRectF()
    for preview in previews:
        if isinstance(preview, Circle):
            x, y = view.to_widget(preview.row, preview.column)
            wide, tall = _radii(view, preview)
            rect = rect.united(QRectF(x - wide, y - tall, 2 * wide, 2 * tall))
        elif isinstance(preview, Area):
            rect = rect.united(_area_rect(view, preview))
        else:
            line = QPolygonF([QPointF(*view.to_widget(r, c)) for r, c in preview.points])
            rect = rect.united(line.boundingRect().adjusted(-HANDLE, -HANDLE, HANDLE, HANDLE))
    return rect.adjusted(-3, -3, 3, 3) if not rect.isNull() else rect


def _radii(view: Viewport, circle: Circle) -> tuple[float, float]:
    """Half the width and height of a circle of image pixels, in widget pixels."""
    return max(1.5, circle.radius * view.scale), max(1.5, circle.radius * view.row_scale)


def _draw_ring(painter: QPainter, view: Viewport, circle: Circle) -> None:
    """The outline of a round brush; drawn once for each size, since smooth circles are slow to draw."""
    (x, y), (wide, tall) = view.to_widget(circle.row, circle.column), _radii(view, circle)
    if max(wide, tall) > LARGEST_RING:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in RING:
            painter.setPen(QPen(color, width))
            painter.drawEllipse(QPointF(x, y), wide, tall)
        return
    ring = _ring(wide, tall, painter.device().devicePixelRatio())
    size = ring.deviceIndependentSize() / 2
    painter.drawPixmap(QPoint(round(x - size.width()), round(y - size.height())), ring)


@lru_cache(maxsize=8)
def _ring(wide: float, tall: float, ratio: float) -> QPixmap:
    width, height = 2 * math.ceil(wide + 3) + 1, 2 * math.ceil(tall + 3) + 1
    made = QPixmap(round(width * ratio), round(height * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for color, pen in RING:
        painter.setPen(QPen(color, pen))
        painter.drawEllipse(QPointF(width / 2, height / 2), wide, tall)
    painter.end()
    return made


def _draw_area(painter: QPainter, view: Viewport, area: Area) -> None:
    """A tint over the pixels; a large one is drawn from every n-th pixel, since the screen shows no more."""
    step = max(1, int(1 / max(view.scale, view.row_scale)))
    shown = area.stencil[::step, ::step]
    if shown.size:
        argb = np.where(shown, np.uint32(TINT), np.uint32(0))
        height, width = argb.shape
        picture = QImage(argb.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        x, y = view.to_widget(area.top, area.left)
        painter.drawImage(QRectF(x, y, width * step * view.scale, height * step * view.row_scale), picture)


def _area_rect(view: Viewport, area: Area) -> QRectF:
    x, y = view.to_widget(area.top, area.left)
    height, width = area.stencil.shape
    return QRectF(x, y, width * view.scale, height * view.row_scale)


def _draw_handles(painter: QPainter, view: Viewport, handles: Handles) -> None:
    for number, (row, column) in enumerate(handles.points):
        x, y = view.to_widget(row, column)
        painter.setBrush(INK if number == handles.active else PLATE)
        painter.drawRect(QRectF(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE))


def draw_grid(painter: QPainter, view: Viewport, shape: Shape) -> None:
    """Lines between pixels, above 800 %."""
    if min(view.scale, view.row_scale) < 8:
        return
    _, rows, columns = shape
    painter.setPen(QPen(QColor(128, 128, 128, 70), 1))
    top, left = max(0, math.floor(view.row)), max(0, math.floor(view.column))
    bottom = min(rows, math.ceil(view.row + view.height / view.row_scale))
    right = min(columns, math.ceil(view.column + view.width / view.scale))
    x0, y0 = view.to_widget(top, left)
    x1, y1 = view.to_widget(bottom, right)
    for row in range(top, bottom + 1):
        y = view.to_widget(row, 0)[1]
        painter.drawLine(QPointF(x0, y), QPointF(x1, y))
    for column in range(left, right + 1):
        x = view.to_widget(0, column)[0]
        painter.drawLine(QPointF(x, y0), QPointF(x, y1))


def scale_bar_rect(view: Viewport, info: ImageInfo, left: float = 0) -> QRectF:
    """Where the scale bar is, with so many widget pixels taken at the left."""
    return QRectF(left + 12, view.height - 42, _scale_bar(view, info)[1] + 24, 30)


def _scale_bar(view: Viewport, info: ImageInfo) -> tuple[str, float]:
    """What the scale bar says, and how long it is in widget pixels."""
    spacing = info.spacing[2] if info.spacing else 1.0
    unit = info.unit if info.spacing and info.unit else "px"
    length = _round_length(120 / view.scale * spacing)
    return f"{length:g} {unit}", length / spacing * view.scale


def draw_scale_bar(painter: QPainter, view: Viewport, info: ImageInfo, plate: QRectF) -> None:
    """A bar of a round length on a plate, in pixels or the image's own unit."""
    text, width = _scale_bar(view, info)
    font = QFont(painter.font())
    font.setPixelSize(11)
    painter.setFont(font)
    _plate(painter, plate)
    painter.setPen(QPen(INK, 2))
    y = plate.bottom() - 9
    painter.drawLine(QPointF(plate.left() + 12, y), QPointF(plate.left() + 12 + width, y))
    painter.setPen(INK)
    painter.drawText(QRectF(plate.left(), plate.top() + 3, plate.width(), 14), Qt.AlignmentFlag.AlignCenter, text)


def minimap_rect(view: Viewport, shape: Shape) -> QRectF:
    """Where the minimap is; null when the whole image is seen."""
    rows, columns = float(shape[1]), shape[2]
    inside = view.row <= 0 and view.column <= 0
    if inside and view.row + view.height / view.row_scale >= rows and view.column + view.width / view.scale >= columns:
        return QRectF()
    side, rows = 140.0, rows * view.aspect  # as it looks
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
        view.height / view.row_scale * ky,
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
