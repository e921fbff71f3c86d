"""Session: what is open and active in the window. Tools write through it; views listen to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.core.classes import ClassTable
from segstudio.core.codes import Origin
from segstudio.core.geometry import Box, Shape
from segstudio.core.parameters import Value, check_one
from segstudio.core.restriction import ANYTHING, Allowed, Restriction
from segstudio.core.selection import How, Selection, selected
from segstudio.core.slab import SlabSource
from segstudio.core.source import ArraySource, PixelSource
from segstudio.core.spans import Point
from segstudio.settings import Settings
from segstudio.tools import TOOLS
from segstudio.tools.base import PixelWriter
from segstudio.ui.session.display import Display
from segstudio.ui.session.editing import Editing
from segstudio.ui.session.levels import Window, between_percentiles
from segstudio.ui.session.proposals import Proposals
from segstudio.ui.session.remembered import Look, Remembered, ViewPlace
from segstudio.ui.session.tone import Tone

if TYPE_CHECKING:
    from segstudio.core.document import Document, ImageEntry
    from segstudio.core.history import Edit
    from segstudio.core.layer import MaskLayer
    from segstudio.core.proposal import Proposal
    from segstudio.core.value_overlay import ValueOverlay
    from segstudio.core.writer import MaskWriter
    from segstudio.ui.project.open_project import OpenProject

EMPTY_SHAPE: Shape = (1, 0, 0)


class Session(QObject):
    """Active image, layer, class, tool and display options. Satisfies tools.base.Session."""

    document_changed = Signal()
    image_changed = Signal()
    """Another image is shown (or none), or its pixels arrived."""
    slice_changed = Signal(int)
    layers_changed = Signal()
    """Layers were added, removed, hidden, or another one is active."""
    classes_changed = Signal()
    class_changed = Signal(int)
    tool_changed = Signal(str)
    options_changed = Signal()
    """Brush radius, tolerance and the like."""
    display_changed = Signal()
    """Window/level, opacity, visibility, outline, peek: how things are drawn, not what they are."""
    edited = Signal(object)
    """An Edit was committed, undone or redone."""
    proposal_changed = Signal()
    blocked = Signal(str)
    """Painting did nothing, and why; the window shows a banner."""
    message = Signal(str)
    """A last word for the status bar."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.project: OpenProject | None = None
        self._deafen: list[Callable[[], None]] = []
        self.image: ImageEntry | None = None
        self.pixels: PixelSource | None = None
        self.slice = 0
        self.active_layer = 0
        self._active_class = self._class_before = 1
        self._bare = True  # there is no class but the background
        self.tool_id = "brush"
        self.unsure = False  # paint "unsure" instead of the active class
        self.restriction = Restriction()
        self._radius = settings.brush_radius
        self._options: dict[tuple[str, str], Value] = {}
        self._forms = {(tool.id, p.name): p for tool in TOOLS for p in tool.parameters()}
        self.visible_box: Callable[[], Box] = lambda: Box.whole(self.shape, self.slice)
        self.windows: list[Window] = []
        self.display = Display(smooth=settings.smooth)
        self.value_overlay: ValueOverlay | None = None
        self.editing, self.proposals = Editing(self), Proposals(self)
        self._remembered = Remembered()

    @property
    def document(self) -> Document | None:
        return self.project.document if self.project is not None else None

    @property
    def read_only(self) -> bool:
        return self.project is not None and self.project.read_only

    # --- what tools see -------------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        return self.image.info.shape if self.image else EMPTY_SHAPE

    @property
    def active_class(self) -> int:
        return self._active_class

    @property
    def brush_radius(self) -> float:
        return self._radius

    @property
    def spacing(self) -> tuple[float, float, float]:
        return (self.image.info.spacing if self.image else None) or (1.0, 1.0, 1.0)

    @property
    def view(self) -> Box:
        return self.visible_box()

    def read_pixels(self, box: Box) -> NDArray[np.generic] | None:
        """Pixels (rows, columns, channels) of a box inside the image; None while they are not loaded."""
        return None if self.pixels is None else self.pixels.read(box)

    @property
    def shown_pixels(self) -> PixelSource | None:
        """The pixels as they are drawn: several slices together where a slab is chosen."""
        slab = self.display.slab
        return SlabSource(self.pixels, slab) if self.pixels is not None and slab.thick else self.pixels

    def tool_option(self, tool: str, name: str) -> Value:
        """The present value of a tool's own option."""
        return self._options.get((tool, name), self._forms[tool, name].default)

    @property
    def classes(self) -> ClassTable:
        assert self.document is not None
        return self.document.classes

    @property
    def layer(self) -> MaskLayer:
        assert self.document is not None and self.image is not None
        return self.document.layer(self.image.id, self.active_layer)

    def why_not_editable(self) -> str:
        """One sentence why painting would do nothing now, or the empty string."""
        if self.image is None or self.pixels is None:
            return "Open an image first."
        if self.read_only:
            return "This project is open read-only."
        if not self.layer.visible or not self.display.masks_visible:
            return "The active mask layer is hidden."
        entry = self.classes.get(self.active_class)
        if entry and not entry.visible:
            return f"“{entry.name}” is hidden."
        return ""

    def refuse(self, why: str) -> None:
        """A tool does nothing, and why."""
        self.blocked.emit(why)

    def begin_edit(self, title: str, *, tool: str, origin: Origin = Origin.PAINTED) -> MaskWriter:
        """A writer on the active layer; tools call this only after `why_not_editable` was empty."""
        return self.editing.begin(title, tool=tool, origin=origin)

    def allowed(self, restriction: Restriction) -> Allowed:
        """What a restriction lets painting change in the active layer."""
        windows = [(band, self.windows[band].low, self.windows[band].high) for band in self.tone.bands]
        return restriction.allowed(self.layer, self.read_pixels, windows, self.view)

    def finish_edit(self, writer: PixelWriter) -> Edit | None:
        return self.editing.finish(writer)

    def choose_class(self, class_id: int) -> None:
        """Paint a class of the table from now on; one that is not there is not chosen."""
        known = self.document is not None and class_id in self.document.classes
        if known and (class_id != self._active_class or self.unsure):
            self.editing.settle()
            self._class_before, self._active_class, self.unsure = self._active_class, class_id, False
            self.class_changed.emit(class_id)

    def choose_unsure(self) -> None:
        """Paint "unsure": pixels that training leaves out."""
        self.editing.settle()
        self.unsure = True
        self.class_changed.emit(self._active_class)

    @property
    def value_range(self) -> tuple[float, float]:
        """The image's robust range over all channels, in image values."""
        ranges = self.image.info.ranges if self.image else ()
        return (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else (0.0, 1.0)

    # --- what the window changes ----------------------------------------------------------------------------

    def show_project(self, project: OpenProject | None) -> None:
        """Show a project, or none; the image is chosen afterwards with `show_image`."""
        self.editing.end()
        for end in self._deafen:
            end()
        self.project, self._deafen = project, []
        self.image = self.pixels = self.proposals.shown = self.value_overlay = None
        self._remembered = Remembered()
        self.restrict(Restriction(in_window=self.restriction.in_window, in_view=self.restriction.in_view))
        if (document := self.document) is not None:
            self.unsure = False
            self._use_class(_first_class(document.classes))
            self._bare = not _first_class(document.classes)
            self._deafen = [
                document.settling.connect(lambda _: self.editing.settle()),
                document.classes.changed.connect(lambda _: self._on_classes()),
                document.image_changed.connect(lambda _: self._on_layers()),
                document.edited.connect(lambda event: self.edited.emit(event.edit)),
            ]
        self.document_changed.emit()
        self.image_changed.emit()
        self.classes_changed.emit()

    def show_image(self, entry: ImageEntry | None, pixels: NDArray[np.generic] | PixelSource | None) -> None:
        """Show an image of the document; `pixels` None while it is being read."""
        same = entry is not None and self.image is entry
        if not same:
            self.editing.end()
            if self.image is not None:
                self._remembered.leave(self.image.id, ViewPlace(self.slice, self.active_layer))
        self.image = entry
        self.pixels = ArraySource(pixels) if isinstance(pixels, np.ndarray) else pixels
        if not same:
            self.proposals.discard()
            self.value_overlay = None
            self.restrict(replace(self.restriction, selection=None))
            self._begin_at(entry)
        self.image_changed.emit()
        self.layers_changed.emit()

    def _begin_at(self, entry: ImageEntry | None) -> None:
        """Where the image was left, looking as its kind does; a new volume in its middle: the first slices are often
        empty."""
        if entry is None:
            self.slice = self.active_layer = 0
            self.windows = []
            return
        look, place = self._remembered.look(entry.info), self._remembered.place(entry.id)
        layers = [layer.id for layer in entry.layers]
        slices = entry.info.shape[0]
        self.slice = min(place.slice, slices - 1) if place else slices // 2
        self.active_layer = place.layer if place and place.layer in layers else layers[-1] if layers else 0
        self.display = replace(self.display, channel=look.channel, bands=look.bands)
        self.windows = self._remembered.windows(entry.info)

    def _keep_look(self, *, windows: bool) -> None:
        """The shown image's kind looks so from now on; the windows too where they have just been set."""
        if self.image is not None:
            kept = self._remembered.look(self.image.info).windows
            if windows:
                kept = tuple((window.low, window.high) for window in self.windows)
            self._remembered.keep(self.image.info, Look(kept, self.display.channel, self.display.bands))

    def set_slice(self, z: int) -> None:
        z = max(0, min(self.shape[0] - 1, z))
        if z != self.slice:
            self.editing.settle()
            self.slice = z
            self.slice_changed.emit(z)

    def set_active_layer(self, layer: int) -> None:
        self.editing.settle()
        self.active_layer = layer
        self.layers_changed.emit()

    def set_layer(self, layer_id: int, **values: object) -> None:
        """Set visible or opacity (0..1) of a mask layer of the shown image: how it is seen, no step to undo."""
        assert self.document is not None and self.image is not None
        if "visible" in values:
            self.editing.settle()
        layer = self.document.layer(self.image.id, layer_id)
        for name, value in values.items():
            if name not in {"visible", "opacity"}:
                raise ValueError(name)
            setattr(layer, name, value)
        if values.keys() == {"opacity"}:
            self.display_changed.emit()  # while a slider moves; the store catches up when it comes to rest
        else:
            self.document.image_changed.emit(self.image)

    def _on_classes(self) -> None:
        """Classes came, went or changed: the active one must be among them, and the first one is painted at once."""
        if self._bare:
            self._use_class(_first_class(self.classes))
        elif self._active_class not in self.classes:
            before = self._class_before
            self._use_class(before if before in self.classes else _first_class(self.classes))
        self._bare = not _first_class(self.classes)
        if self.restriction.on >= 0 and self.restriction.on not in self.classes:
            self.restrict(replace(self.restriction, on=ANYTHING))
        self.proposals.keep_known()
        self.classes_changed.emit()

    def _use_class(self, class_id: int) -> None:
        if class_id != self._active_class:
            self._class_before = self._active_class = class_id
            self.class_changed.emit(class_id)

    def _on_layers(self) -> None:
        """Layers came, went or were renamed: the active one must be among them."""
        if self.image is not None and all(layer.id != self.active_layer for layer in self.image.layers):
            self.active_layer = self.image.layers[-1].id if self.image.layers else 0
            self.proposals.discard()
        self.layers_changed.emit()

    def set_tool(self, tool_id: str) -> None:
        if tool_id != self.tool_id:
            self.editing.end()
            self.tool_id = tool_id
            self.tool_changed.emit(tool_id)

    def set_brush_radius(self, radius: float) -> None:
        """Radius in image pixels, 0.5 to 4000."""
        self._radius = float(np.clip(radius, 0.5, 4000))
        self.options_changed.emit()

    def restrict(self, restriction: Restriction) -> None:
        """Say where painting may change anything."""
        if restriction != self.restriction:
            self.restriction = restriction
            self.options_changed.emit()

    @property
    def selection(self) -> Selection | None:
        """Where alone anything may change; None: everywhere."""
        return self.restriction.selection

    def select(self, outline: Sequence[Point], how: How = "new") -> None:
        """Select what an outline encloses, add it or take it away; an empty outline drops the selection."""
        self.restrict(replace(self.restriction, selection=selected(self.selection, outline, how)))

    def set_tool_option(self, tool: str, name: str, value: Value) -> None:
        """Set one of a tool's own options; UserError where the value is not allowed."""
        self._options[tool, name] = check_one(self._forms[tool, name], value)
        self.options_changed.emit()

    def set_window(self, channel: int, low: float, high: float) -> None:
        """Display range of a channel; low < high is kept."""
        self.windows[channel] = Window(low, max(high, np.nextafter(low, np.inf)))
        self._keep_look(windows=True)
        self.display_changed.emit()

    def window_all(self, low: float, high: float) -> None:
        """Give the shown channels, or all where several are shown, one display range."""
        for channel in [self.display.channel] if self.display.channel is not None else range(len(self.windows)):
            self.set_window(channel, low, high)

    def window_to_percentiles(self, low: float, high: float, *, seen: bool = False) -> None:
        """Set the display range to percentiles of the shown slice, or of what is seen, over the shown channels."""
        if self.pixels is None:
            return
        whole = self.view if seen else Box.whole(self.shape, self.slice)
        ends = between_percentiles(self.pixels, whole, self.tone.bands, low, high)
        if ends is None:
            self.message.emit("The pixels are still being read; try again in a moment.")
        elif ends != (0.0, 0.0):
            self.window_all(*ends)

    @property
    def tone(self) -> Tone:
        """How image values become colours now."""
        return self.display.tone(self.windows, self.image.info.channels if self.image else 1)

    def set_display(self, **values: object) -> None:
        """Set one or more fields of `Display`: how things are drawn."""
        if "masks_visible" in values:
            self.editing.settle()
        self.display = replace(self.display, **values)  # type: ignore[arg-type]
        if values.keys() & {"channel", "bands"}:
            self._keep_look(windows=False)
        self.display_changed.emit()

    # --- what lies over the image ---------------------------------------------------------------------------

    @property
    def proposal(self) -> Proposal | None:
        """The proposal that is shown over the image."""
        return self.proposals.shown

    def offer(
        self, title: str, tool: str, z: int, top: int, left: int, classes: NDArray[np.uint8], *, note: str = ""
    ) -> None:
        """Show a proposal of a tool for the active layer; `classes` is (rows, columns) or (slices, rows, columns)."""
        self.proposals.offer(title, tool, z, top, left, classes, note=note)

    def show_veil(self, value_overlay: ValueOverlay | None) -> None:
        """Lay a veil over the image, or take it away."""
        self.value_overlay = value_overlay
        self.display_changed.emit()


def _first_class(classes: ClassTable) -> int:
    """What is painted first: the first class after the background, if there is one."""
    return next((entry.id for entry in classes if entry.id), 0)
