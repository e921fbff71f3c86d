"""What a drag on the canvas does besides painting: pan, move in the minimap, set the display window, pinch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QEventPoint, QTouchEvent

from segstudio.ui.boundary import guarded
from segstudio.ui.canvas import overlay
from segstudio.ui.session.shown_plane import ShownPlane

if TYPE_CHECKING:
    from segstudio.ui.canvas.view import Canvas

LEVELLING = 400.0
"""Widget pixels of dragging that change the display window by its own width at the start."""


class Drag(Protocol):
    """Something that goes on while a button is held."""

    cursor: Qt.CursorShape
    upright: bool
    """Whether it follows the screen, however the view is turned."""

    def move(self, at: QPointF) -> None:
        """The pointer is at a point of the widget, or of the straight frame, now."""


class Pan:
    """The image follows the hand."""

    cursor = Qt.CursorShape.ClosedHandCursor
    upright = False

    def __init__(self, canvas: Canvas, at: QPointF) -> None:
        self._canvas, self._from = canvas, at

    def move(self, at: QPointF) -> None:
        moved = (at - self._from).toPoint()  # by whole pixels, so that what is drawn already can be moved
        self._from += QPointF(moved)
        self._canvas.pan_by(moved.x(), moved.y())


class MinimapDrag:
    """What is under the pointer in the minimap comes to the middle."""

    cursor = Qt.CursorShape.ClosedHandCursor
    upright = True

    def __init__(self, canvas: Canvas, at: QPointF) -> None:
        self._canvas = canvas
        self.move(at)

    @staticmethod
    def starts(canvas: Canvas, at: QPointF) -> bool:
        """Whether a point lies in the minimap."""
        where = overlay.minimap_rect(canvas.view, canvas.session.shape)
        return canvas.session.pixels is not None and where.contains(at)

    def move(self, at: QPointF) -> None:
        where = overlay.minimap_rect(self._canvas.view, self._canvas.session.shape)
        if not where.isNull():
            _, rows, columns = self._canvas.session.shape
            row = (at.y() - where.top()) / where.height() * rows
            self._canvas.center_on(row, (at.x() - where.left()) / where.width() * columns)


class Levelling:
    """Window/level as in clinical viewers: right widens the window, up makes the picture brighter."""

    cursor = Qt.CursorShape.SizeAllCursor
    upright = True

    def __init__(self, session: ShownPlane, at: QPointF) -> None:
        self._session, self._from = session, at
        self._start = [(window.low, window.high) for window in session.windows]

    def move(self, at: QPointF) -> None:
        wider, brighter = (at.x() - self._from.x()) / LEVELLING, (self._from.y() - at.y()) / LEVELLING
        for channel in self._session.tone.bands:
            low, high = self._start[channel]
            width = (high - low) * 2.0 ** (2 * wider)
            middle = (low + high) / 2 - brighter * (high - low)
            self._session.set_window(channel, middle - width / 2, middle + width / 2)


class Touch(QObject):
    """Fingers pan, two of them also zoom; a finger never paints, so that a hand may rest beside the stylus."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        canvas.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        canvas.installEventFilter(self)

    @guarded
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QTouchEvent):
            return False
        points = [point for point in event.points() if point.state() != QEventPoint.State.Released]
        if event.type() == QEvent.Type.TouchUpdate and points:
            self._move(points)
        event.accept()
        return True

    def _move(self, points: list[QEventPoint]) -> None:
        canvas, finds = self._canvas, (QEventPoint.position, QEventPoint.lastPosition)
        now, before = ([canvas.straightened(find(point)) for point in points] for find in finds)
        middle, last = (sum(places, QPointF()) / len(places) for places in (now, before))
        canvas.pan_by(round(middle.x() - last.x()), round(middle.y() - last.y()))
        if len(points) > 1:
            apart, were = (_length(places[1] - places[0]) for places in (now, before))
            if were > 0 and apart > 0:
                canvas.zoom_by(apart / were, sum((point.position() for point in points), QPointF()) / len(points))


def _length(vector: QPointF) -> float:
    return float((vector.x() ** 2 + vector.y() ** 2) ** 0.5)
