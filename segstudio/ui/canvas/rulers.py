"""Rulers along the top and the left edge of the canvas, in pixels or the image's own unit."""

from __future__ import annotations

import math
from collections.abc import Iterator

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QPainter

from segstudio.core.image import ImageInfo
from segstudio.ui.canvas import overlay
from segstudio.ui.canvas.viewport import Viewport

SIDE = 18
"""Widget pixels across a ruler."""

APART = 72.0
"""Widget pixels between two numbers, at least."""


def across(view: Viewport) -> QRect:
    """Where the ruler of the columns is."""
    return QRect(0, 0, view.width, SIDE)


def down(view: Viewport) -> QRect:
    """Where the ruler of the rows is."""
    return QRect(0, SIDE, SIDE, max(0, view.height - SIDE))


def marks(start: float, scale: float, length: int, size: float) -> Iterator[tuple[float, str]]:
    """Widget place and number of each mark: `start` is the image pixel at place 0, `scale` widget pixels for each image
    pixel, `size` what an image pixel measures. Numbers are 1, 2 or 5 times a power of ten apart; "" between them."""
    unit = scale / size  # widget pixels for each unit
    step = 10.0 ** math.floor(math.log10(APART / unit))
    step = next(step * factor for factor in (1, 2, 5, 10) if step * factor * unit >= APART)
    digits = max(0, -math.floor(math.log10(step)))
    first = math.floor(start * size / step * 5)
    for number in range(first, math.ceil((start + length / scale) * size / step * 5) + 1):
        value = number * step / 5
        place = (value / size - start) * scale
        yield place, f"{value:.{digits}f}" if number % 5 == 0 else ""


def draw_across(painter: QPainter, view: Viewport, info: ImageInfo) -> None:
    _begin(painter, across(view))
    size, unit = (info.spacing[2], info.unit) if info.spacing else (1.0, "px")
    for place, text in marks(view.column, view.scale, view.width, size):
        painter.drawLine(QPointF(place, SIDE), QPointF(place, SIDE - (8 if text else 4)))
        if text:
            painter.drawText(QRectF(place + 3, 0, APART, SIDE - 4), Qt.AlignmentFlag.AlignVCenter, text)
    painter.fillRect(QRectF(0, 0, SIDE + 6, SIDE), overlay.PLATE.darker(120))
    painter.drawText(QRectF(0, 0, SIDE + 6, SIDE), Qt.AlignmentFlag.AlignCenter, unit)


def draw_down(painter: QPainter, view: Viewport, info: ImageInfo) -> None:
    _begin(painter, down(view))
    size = info.spacing[1] if info.spacing else 1.0
    for place, text in marks(view.row, view.row_scale, view.height, size):
        painter.drawLine(QPointF(SIDE, place), QPointF(SIDE - (8 if text else 4), place))
        if text:
            painter.save()
            painter.translate(0, place - 3)
            painter.rotate(-90)
            painter.drawText(QRectF(0, 0, APART, SIDE - 5), Qt.AlignmentFlag.AlignVCenter, text)
            painter.restore()


def _begin(painter: QPainter, where: QRect) -> None:
    font = QFont(painter.font())
    font.setPixelSize(10)
    painter.setFont(font)
    painter.setClipRect(where)
    painter.fillRect(where, overlay.PLATE)
    painter.setPen(overlay.INK)
