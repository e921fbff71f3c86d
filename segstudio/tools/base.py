"""What a tool is, and all it may know about the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import Origin
from segstudio.core.geometry import Box, Shape
from segstudio.core.parameters import Parameter, Value, parameters
from segstudio.core.selection import How
from segstudio.core.spans import Point, Spans

if TYPE_CHECKING:
    from segstudio.core.classes import ClassTable
    from segstudio.core.history import Edit
    from segstudio.core.layer import MaskLayer


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is, in image coordinates: pixel (r, c) covers r <= row < r + 1, c <= column < c + 1.

    `erase` is true while the invert key (Ctrl) is held or the stylus shows its eraser; `pick` while Alt is held,
    `shift` while Shift is. `pressure` is 0..1, 1 for a mouse; `tilt` is (x, y) in degrees from upright, -60..60.
    `reach` is how many image pixels a finger's width on the screen is: what is nearer counts as hit.
    """

    z: int
    row: float
    column: float
    erase: bool = False
    pick: bool = False
    pressure: float = 1.0
    shift: bool = False
    tilt: tuple[float, float] = (0.0, 0.0)
    reach: float = 4.0


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


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """Pixels to tint: `stencil` (rows, columns) with its first pixel at (top, left)."""

    top: int
    left: int
    stencil: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Handles:
    """Points that can be dragged: (row, column) in image pixels, drawn as small squares of the same screen size.

    `active` is the index of the one under the pointer, or -1.
    """

    points: tuple[tuple[float, float], ...]
    active: int = -1


Preview = Circle | Path | Area | Handles


class PixelWriter(Protocol):
    """Writes one edit in the coordinates of the shown plane: core.writer.MaskWriter, or its view along an axis."""

    blocked: str

    @property
    def closed(self) -> bool: ...
    def set(self, z: int, top: int, left: int, stencil: NDArray[np.bool_], class_id: int | None) -> None: ...
    def sweep(self, z: int, spans: Spans, class_id: int | None) -> None: ...
    def rollback(self) -> None: ...


class ToolSession(Protocol):
    """All a tool may know about the program. Coordinates are those of the shown plane."""

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
    def unsure(self) -> bool: ...
    @property
    def value_range(self) -> tuple[float, float]:
        """The image's robust range over all channels, in image values."""

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Between slices, rows and columns; (1, 1, 1) where it is not known."""

    @property
    def view(self) -> Box:
        """What of the shown slice is seen now; a tool may limit its work to it."""

    def read_pixels(self, box: Box) -> NDArray[np.generic] | None:
        """Pixels (rows, columns, channels) of a box inside the image; None while they are not loaded."""

    def tool_option(self, tool: str, name: str) -> Value:
        """The present value of a tool's own option (see `Tool.form`)."""

    def refuse(self, why: str) -> None:
        """Tell the user in one sentence why a tool does nothing."""

    def begin_edit(self, title: str, *, tool: str, origin: Origin = Origin.PAINTED) -> PixelWriter: ...
    def finish_edit(self, writer: PixelWriter) -> Edit | None: ...
    def choose_class(self, class_id: int) -> None: ...
    def select(self, outline: Sequence[Point], how: How = "new") -> None:
        """Select what a closed outline encloses, add it to the selection or take it away."""

    def offer(
        self, title: str, tool: str, z: int, top: int, left: int, classes: NDArray[np.uint8], *, note: str = ""
    ) -> None:
        """Show a proposal: a class map (rows, columns) or (slices, rows, columns), 255 where nothing changes."""


class Tool:
    """A small state machine over pointer events. Subclasses override what they need; Qt never comes in here."""

    id = ""
    title = ""
    shortcut = ""
    icon = ""
    hint = ""
    options: tuple[str, ...] = ()
    """Names of the options that tools share, shown in the option strip: "radius", "class"."""
    in_volumes: tuple[str, ...] = ()
    """Names of the tool's own options that mean something only where an image has more than one slice."""

    def __init__(self, session: ToolSession) -> None:
        self.session = session

    @staticmethod
    def form() -> None:
        """Its keyword-only arguments are the tool's own options, as core.parameters describes them."""

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """The tool's own options."""
        return parameters(cls.form)

    def option(self, name: str) -> Value:
        """The present value of one of the tool's own options."""
        return self.session.tool_option(self.id, name)

    def press(self, at: Pointer) -> None: ...

    def drag(self, at: Pointer) -> None: ...

    def release(self, at: Pointer) -> None: ...

    def hover(self, at: Pointer) -> None: ...

    def cancel(self) -> None:
        """Drop what is half done."""

    def end(self) -> None:
        """Something else happens now: keep what is written, drop what is only drawn."""
        self.cancel()

    def confirm(self, at: Pointer) -> None: ...

    def take_back(self) -> bool:
        """Take the last part of what is half done back; False where it has no parts."""
        return False

    def bring_back(self) -> bool:
        """Do the part again that was taken back last; False where there is none."""
        return False

    @property
    def busy(self) -> bool:
        """Whether something is half done that Enter finishes and Esc drops."""
        return False

    def preview(self, at: Pointer | None) -> Sequence[Preview]:
        """Shapes to draw over the image while the pointer is at `at`; nothing is written."""
        return ()
