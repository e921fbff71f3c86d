"""Scale bar, minimap and rulers: kept as pictures while the view stays where it is."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from segstudio.core.image import ImageInfo
from segstudio.ui.canvas import overlay, rulers
from segstudio.ui.canvas.viewport import Viewport


class MinimapAndScale:
    """What lies in the corners of the canvas. Painting under it must not draw it anew with each event."""

    def __init__(self) -> None:
        self._key: object = None
        self._pictures: list[tuple[QRect, QPixmap | None, Callable[[QPainter], None]]] = []

    def show(
        self, painter: QPainter, clip: QRect, view: Viewport, info: ImageInfo, minimap: Callable[[], QImage] | None,
        *, ruled: bool = False,
    ) -> None:  # fmt: skip
        """Draw the parts that touch `clip`; they are made anew when the view or the minimap differs from before.

        Without `minimap` there is none; rulers are drawn where the view is `ruled`.
        """
        ratio = painter.device().devicePixelRatio()
        where = overlay.minimap_rect(view, info.shape)
        small = None if minimap is None or where.isNull() else minimap()
        key = small.cacheKey() if small else 0
        now = (view.scale, view.row, view.column, view.width, view.height, ratio, id(info), key, ruled)
        if now != self._key:
            self._key = now
            plate = overlay.scale_bar_rect(view, info, rulers.SIDE if ruled else 0)
            self._pictures = [
                (_around(plate), None, lambda p: overlay.draw_scale_bar(p, view, info, plate)),
            ]
            if small:
                draw = lambda p: overlay.draw_minimap(p, view, info.shape, small)  # noqa: E731
                self._pictures.append((_around(where), None, draw))
            if ruled:
                self._pictures.append((rulers.across(view), None, lambda p: rulers.draw_across(p, view, info)))
                self._pictures.append((rulers.down(view), None, lambda p: rulers.draw_down(p, view, info)))
        for place, (rect, picture, draw) in enumerate(self._pictures):
            if not rect.intersects(clip):
                continue
            if picture is None:
                picture = _picture(rect, ratio, draw)
                self._pictures[place] = rect, picture, draw
            painter.drawPixmap(rect.topLeft(), picture)


def _around(rect: QRectF) -> QRect:
    return rect.adjusted(-6, -6, 6, 6).toAlignedRect()


def _picture(rect: QRect, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
    made = QPixmap(rect.size() * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.translate(-rect.topLeft())
    draw(painter)
    painter.end()
    return made
