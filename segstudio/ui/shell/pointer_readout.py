"""What is under the pointer, told to the status bar often enough for the eye and never more."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.geometry import TILE, Box
from segstudio.ui.session.progress_state import PointerPlace
from segstudio.ui.session.session import Session
from segstudio.ui.shell.status_bar import StatusBar
from segstudio.ui.widgets.words import tr

PAUSE = 40
"""Milliseconds between two updates: laying out the status bar must not slow the brush down."""

ORIGIN_WORDS = {
    Origin.PAINTED: "painted",
    Origin.ACCEPTED: "accepted",
    Origin.TOOL: "from a tool",
    Origin.IMPORTED: "imported",
}


class PointerReadout(QObject):
    """Reads image value and class at the pointer."""

    def __init__(self, session: Session, status: StatusBar) -> None:
        super().__init__(status)
        self._session, self._status = session, status
        self._at: tuple[int, int] | None = None
        self._told = True
        self._timer = QTimer(self, interval=PAUSE, singleShot=True)
        self._timer.timeout.connect(self._show)

    def move(self, at: tuple[int, int] | None, session: Session) -> None:
        """The pointer is over this pixel (row, column) of what `session` shows, or over none."""
        self._session = session
        self._at, self._told = at, False
        if at is None or not self._timer.isActive():
            self._show()

    def _show(self) -> None:
        if self._told:
            return
        self._told = True
        self._timer.start()
        session = self._session
        if self._at is None or session.image is None or session.pixels is None:
            self._status.show_place(None)
            return
        row, column = self._at
        box = Box(session.slice, row, column, row + 1, column + 1)
        if box.clip(session.shape).empty:
            self._status.show_place(None)
            return
        pixel = session.pixels.read(box)
        values = () if pixel is None else tuple(np.asarray(pixel[0, 0], float).tolist())
        self._status.show_place(
            PointerPlace(row, column, values, *self._class_at(box), z=session.slice), session.image.info
        )

    def _class_at(self, box: Box) -> tuple[str, str]:
        """Name of the class of a pixel, and who gave it."""
        session = self._session
        class_id = int(session.layer.mask(box)[0, 0])
        code = int(session.layer.annotation.read(box)[0, 0])
        name = session.classes.name(class_id) if class_id != NOTHING else ""
        origin = tr(ORIGIN_WORDS[Origin(code >> 8)]) if code >> 8 in ORIGIN_WORDS else ""
        if code >> 8 == Origin.UNSURE:
            name = tr("Unsure")
        elif name and not code:
            version = session.layer.versions.get((box.z, box.top // TILE, box.left // TILE))
            origin = tr("predicted by v{n}").format(n=version) if version else tr("predicted")
        return name, origin
