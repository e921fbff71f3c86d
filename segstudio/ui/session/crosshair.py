"""Crosshair: the voxel at which all views are cut."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from segstudio.core.geometry import Shape
from segstudio.ui.session.session import Session


class Crosshair(QObject):
    """`at` is (slice, row, column) of the image; its slice is the session's."""

    moved = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._image: int | None = None
        self._row = self._column = 0
        session.image_changed.connect(self._on_image)
        session.slice_changed.connect(lambda _: self.moved.emit())

    @property
    def at(self) -> tuple[int, int, int]:
        return self._session.slice, self._row, self._column

    def move(self, at: tuple[int, int, int]) -> None:
        """Cut all views at a voxel, or at the nearest one of the image."""
        before, shape = self.at, self._session.shape
        z, self._row, self._column = (max(0, min(size - 1, place)) for size, place in zip(shape, at, strict=True))
        if (self._row, self._column) != before[1:]:
            self.moved.emit()
        self._session.set_slice(z)

    def _on_image(self) -> None:
        """A new image is cut in its middle; its slice stays the one that is shown."""
        image = self._session.image
        if image is not None and image.id != self._image:
            self._center(image.info.shape)
        self._image = image.id if image else None

    def _center(self, shape: Shape) -> None:
        self._row, self._column = shape[1] // 2, shape[2] // 2
        self.moved.emit()
