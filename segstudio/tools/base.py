"""What a tool is, and all it may know about the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.codes import Origin
from segstudio.core.geometry import Shape
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer
from segstudio.core.writer import MaskWriter


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is, in image coordinates: pixel (r, c) covers r <= row < r + 1, c <= column < c + 1.

    `erase` is true while the invert key (Ctrl) is held or the stylus shows its eraser; `pick` while Alt is held.
    `pressure` is 0..1, 1 for a mouse.
    """

    z: int
    row: float
    column: float
    erase: bool = False
    pick: bool = False
    pressure: float = 1.0


@dataclass(frozen=True, slots=True)
class Circle:
    """An outline to preview: centre (row, column) and radius in image pixels."""

    row: float
    column: float
    radius: float


@dataclass(frozen=True, slots=True)
class Path:
    """A line through (row, column) points in image pixels; `closed` joins the last to the first."""

    points: tuple[tuple[float, float], ...]
    closed: bool = False


Preview = Circle | Path


class Session(Protocol):
    """All a tool may know about the program."""

    @property
    def shape(self) -> Shape: ...
    @property
    def active_class(self) -> int: ...
    @property
    def brush_radius(self) -> float: ...
    @property
    def layer(self) -> MaskLayer: ...
    @property
    def classes(self) -> ClassTable: ...
    @property
    def fill_tolerance(self) -> float: ...
    @property
    def unsure(self) -> bool: ...
    @property
    def pixels(self) -> NDArray[np.generic] | None: ...
    @property
    def value_range(self) -> tuple[float, float]: ...

    def begin_edit(self, title: str, *, tool: str, origin: Origin = Origin.PAINTED) -> MaskWriter: ...
    def finish_edit(self, writer: MaskWriter) -> Edit | None: ...
    def choose_class(self, class_id: int) -> None: ...


class Tool:
    """A small state machine over pointer events. Subclasses override what they need; Qt never comes in here."""

    id = ""
    title = ""
    shortcut = ""
    icon = ""
    hint = ""
    options: tuple[str, ...] = ()
    """Names of the session options shown in the option strip: "radius", "class", "tolerance"."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def press(self, at: Pointer) -> None: ...

    def drag(self, at: Pointer) -> None: ...

    def release(self, at: Pointer) -> None: ...

    def hover(self, at: Pointer) -> None: ...

    def cancel(self) -> None: ...

    def confirm(self, at: Pointer) -> None: ...

    @property
    def busy(self) -> bool:
        """Whether something is half done that Enter finishes and Esc drops."""
        return False

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        """Shapes to draw over the image while the pointer is at `at`; nothing is written."""
        return ()
