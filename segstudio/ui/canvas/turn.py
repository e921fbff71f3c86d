"""Turn: how the view is turned and mirrored on the screen; image and masks are never changed by it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QTransform


@dataclass(frozen=True, slots=True)
class Turn:
    """Mirrored left to right first (`mirrored`), then turned clockwise by `quarters` of a circle, 0 to 3.

    The eight of them are all ways to lay a picture on a table edge to edge. The viewport knows nothing of them: it
    works in the straight frame, whose sides are swapped after an odd number of quarters.
    """

    quarters: int = 0
    mirrored: bool = False

    @property
    def straight(self) -> bool:
        return self == Turn()

    def right(self) -> Turn:
        """A quarter clockwise as it is seen."""
        return Turn((self.quarters + 1) % 4, self.mirrored)

    def left(self) -> Turn:
        """A quarter counterclockwise as it is seen."""
        return Turn((self.quarters + 3) % 4, self.mirrored)

    def across(self) -> Turn:
        """Mirrored left to right as it is seen."""
        return Turn(-self.quarters % 4, not self.mirrored)

    def down(self) -> Turn:
        """Mirrored top to bottom as it is seen."""
        return Turn((2 - self.quarters) % 4, not self.mirrored)

    def frame(self, size: QSize) -> QSize:
        """Size of the straight frame of a widget."""
        return size.transposed() if self.quarters % 2 else size

    def transform(self, size: QSize) -> QTransform:
        """From the straight frame to a widget of `size`."""
        frame = self.frame(size)
        width, height = frame.width(), frame.height()
        turned = (
            QTransform(),
            QTransform(0, 1, -1, 0, height, 0),
            QTransform(-1, 0, 0, -1, width, height),
            QTransform(0, -1, 1, 0, 0, width),
        )[self.quarters]
        return QTransform(-1, 0, 0, 1, width, 0) * turned if self.mirrored else turned
