"""Crosshair: the voxel at which all views are cut."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from segstudio.ui.session.session import Session


class Crosshair(QObject):
    """`at` is (slice, row, column) of the image; its slice is the session's."""

    moved = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._image: int | None = None
        self._row = self._column = 0
        self._left: dict[int, tuple[int, int]] = {}  # row and column of each image that was shown
        session.document_changed.connect(self._on_document)
        session.image_changed.connect(self._on_image)
        session.slice_changed.connect(lambda _: self.moved.emit())

    @property
    def at(self) -> tuple[int, int, int]:
        return self._session.slice, self._row, self._column

    def move(self, at: tuple[int, int, int]) -> None:
        """Cut all views at a voxel, or at the nearest one of the image."""
        before, shape = self.at, self._session.shape
        if at != before:
            self._session.editing.settle()
        z, self._row, self._column = (max(0, min(size - 1, place)) for size, place in zip(shape, at, strict=True))
        if (self._row, self._column) != before[1:]:
            self.moved.emit()
        self._session.set_slice(z)

    def _on_image(self) -> None:
        """A new image is cut in its middle, one that was shown where it was left; its slice is the session's."""
        image = self._session.image
        if self._image is not None and (image is None or image.id != self._image):
            self._left[self._image] = self._row, self._column
        if image is not None and image.id != self._image:
            _, rows, columns = image.info.shape
            self._row, self._column = self._left.get(image.id, (rows // 2, columns // 2))
            self.moved.emit()
        self._image = image.id if image else None

    def _on_document(self) -> None:
        self._left.clear()
        self._image = None
