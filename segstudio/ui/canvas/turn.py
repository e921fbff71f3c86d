"""Turn: how the view is turned and mirrored on the screen; image and masks are never changed by it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize
from PySide6.QtGui import QTransform

from segstudio.core.grid import Grid
from segstudio.core.reslice import Axis
from segstudio.core.upright import Direction, directions, wanted


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

    def seen(self, right: Direction, down: Direction) -> tuple[Direction, Direction]:
        """Where the screen's right and its bottom point, whose straight frame has its own there."""
        right = -right if self.mirrored else right
        for _ in range(self.quarters):
            right, down = -down, right
        return right, down

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


def upright(grid: Grid | None, axis: Axis) -> Turn:
    """The turn in which an image seen along an axis stands as radiologists see it; none where it has no patient."""
    if grid is None or grid.frame != "patient":
        return Turn()
    _, rows, columns = directions(grid, axis)
    right, down = wanted(grid, axis)

    def agreement(turn: Turn) -> float:
        one, other = turn.seen(columns, rows)
        return float(one @ right + other @ down)

    return max((Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)), key=agreement)
