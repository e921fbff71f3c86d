"""The scene as it was last drawn, so that what moves over it costs no drawing of what lies under it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QImage, QPainter, QRegion

Draw = Callable[[QPainter, QRect], None]
"""Draws the part of the scene inside a rectangle of widget pixels."""


class KeptPicture:
    """A picture of the whole widget in device pixels; only its stale parts are drawn again."""

    def __init__(self) -> None:
        self._picture, self._spare = QImage(), QImage()
        self._size = QSize()
        self._stale = QRegion()

    def spoil(self, rect: QRect | None = None) -> None:
        """What is inside `rect` (all, if None) looks different now."""
        whole = QRect(QPoint(), self._size)
        self._stale = QRegion(whole) if rect is None else self._stale.united(rect.intersected(whole))

    def scroll(self, x: float, y: float) -> None:
        """Move everything by widget pixels; what comes into sight is stale, or all where the pixels do not match."""
        ratio = self._picture.devicePixelRatio()
        across, down = x * ratio, y * ratio
        if self._picture.isNull() or abs(across - round(across)) + abs(down - round(down)) > 1e-3:
            self.spoil()
            return
        if self._spare.size() != self._picture.size():
            self._spare = QImage(self._picture.size(), self._picture.format())
        self._picture, self._spare = self._spare, self._picture
        self._picture.setDevicePixelRatio(1)
        self._spare.setDevicePixelRatio(1)
        painter = QPainter(self._picture)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(round(across), round(down), self._spare)
        painter.end()
        self._picture.setDevicePixelRatio(ratio)
        whole = QRegion(QRect(QPoint(), self._size))
        reach = round(across / ratio), round(down / ratio)
        self._stale = whole.subtracted(whole.subtracted(self._stale).translated(*reach))

    def show(self, painter: QPainter, clip: QRect, size: QSize, ratio: float, draw: Draw) -> None:
        """Bring `clip` (widget pixels) up to date and put it on the screen."""
        if self._size != size or self._picture.devicePixelRatio() != ratio:
            self._picture = QImage(size * ratio, QImage.Format.Format_RGB32)
            self._picture.setDevicePixelRatio(ratio)
            self._size = size
            self.spoil()
        if self._stale.intersects(clip):
            due = self._stale.intersected(clip)
            self._stale = self._stale.subtracted(due)
            inner = QPainter(self._picture)
            rects = list(due) if due.rectCount() <= 4 else [due.boundingRect()]  # type: ignore[call-overload]
            for rect in rects:
                inner.setClipRect(rect)
                draw(inner, rect)
            inner.end()
        source = clip if ratio == 1 else QRect(clip.topLeft() * ratio, clip.size() * ratio)
        painter.drawImage(clip, self._picture, source)
