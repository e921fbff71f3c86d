"""PlaneSession: the session as one more view sees it, along another axis or with other masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal

from segstudio.core.codes import Origin
from segstudio.core.document import ImageEntry
from segstudio.core.geometry import Box, Shape
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer
from segstudio.core.proposal import Proposal
from segstudio.core.reslice import (
    ORDER,
    Axis,
    TurnedWriter,
    turned,
    turned_back,
    turned_source,
)
from segstudio.core.restriction import Allowed
from segstudio.core.selection import How, Selection
from segstudio.core.slab import SlabSource
from segstudio.core.source import PixelSource
from segstudio.core.spans import Point
from segstudio.core.writer import MaskWriter
from segstudio.tools.base import PixelWriter
from segstudio.ui.session.crosshair import Crosshair
from segstudio.ui.session.of_session import OfSession
from segstudio.ui.session.plane_layer import EVERYTHING, PlaneLayer, Shows
from segstudio.ui.session.session import EMPTY_SHAPE, Session


class PlaneSession(OfSession):
    """What a canvas and the tools need of a session, in the coordinates of a turned plane; all else is the session's.

    Satisfies ShownPlane. Asleep (`awake` false) it shows no image and listens to no layer.
    """

    image_changed = Signal()
    slice_changed = Signal(int)
    layers_changed = Signal()

    def __init__(self, session: Session, crosshair: Crosshair, axis: Axis) -> None:
        super().__init__(session)
        self.crosshair, self.axis = crosshair, axis
        self.shows = EVERYTHING
        self.image: ImageEntry | None = None
        self.pixels: PixelSource | None = None
        self.visible_box: Callable[[], Box] = lambda: Box.whole(self.shape, self.slice)
        self._awake = False
        self._layers: list[PlaneLayer] = []
        self._proposal: tuple[Proposal, Proposal] | None = None
        session.image_changed.connect(self._on_image)
        session.layers_changed.connect(self._on_layers)
        session.display_changed.connect(self._on_display)
        crosshair.moved.connect(self._on_crosshair)
        self._shown_slice = self.slice

    # --- what the views tell --------------------------------------------------------------------------------

    def wake(self, on: bool) -> None:
        """Begin or cease to show the image."""
        if on != self._awake:
            self._awake = on
            self._on_image()

    def show_masks(self, shows: Shows) -> None:
        """Choose which masks are shown."""
        self.shows = shows
        self._on_layers()

    # --- what is seen ---------------------------------------------------------------------------------------

    @property
    def shape(self) -> Shape:
        return self.image.info.shape if self.image else EMPTY_SHAPE

    @property
    def spacing(self) -> tuple[float, float, float]:
        return turned(self.main.spacing, self.axis)

    @property
    def slice(self) -> int:
        return self.crosshair.at[ORDER[self.axis][0]]

    def set_slice(self, z: int) -> None:
        at = list(self.crosshair.at)
        at[ORDER[self.axis][0]] = z
        self.crosshair.move((at[0], at[1], at[2]))

    @property
    def view(self) -> Box:
        return self.visible_box()

    @property
    def layer(self) -> MaskLayer:
        """The active layer, whole: what a view shows of it changes nothing for the tools."""
        layer = self.main.layer
        if self.axis == 0:
            return layer
        return next(found for found in self._layers if found.id == layer.id)

    @property
    def shown_pixels(self) -> PixelSource | None:
        slab = self.main.display.slab
        return SlabSource(self.pixels, slab) if self.pixels is not None and slab.thick else self.pixels

    def read_pixels(self, box: Box) -> NDArray[np.generic] | None:
        return None if self.pixels is None else self.pixels.read(box)

    @property
    def proposal(self) -> Proposal | None:
        """The session's proposal as it lies in this plane."""
        proposal = self.main.proposal
        if proposal is None or self.axis == 0:
            return proposal
        if self._proposal is None or self._proposal[0] is not proposal:
            classes, box = proposal.classes, proposal.box
            corner = turned((box.z, box.top, box.left), self.axis)
            size = turned(classes.shape, self.axis)
            where = Box(corner[0], corner[1], corner[2], corner[1] + size[1], corner[2] + size[2])
            shown = replace(proposal, box=where, classes=classes.transpose(ORDER[self.axis]))
            self._proposal = proposal, shown
        return self._proposal[1]

    # --- what tools do --------------------------------------------------------------------------------------

    def begin_edit(self, title: str, *, tool: str, origin: Origin = Origin.PAINTED) -> MaskWriter | TurnedWriter:
        writer = self.main.begin_edit(title, tool=tool, origin=origin)
        restriction = self.main.restriction
        if restriction.in_view:
            writer.allowed = self._in_view(self.main.allowed(replace(restriction, in_view=False)), self.view)
        return writer if self.axis == 0 else TurnedWriter(writer, self.axis)

    def _in_view(self, allowed: Allowed, view: Box) -> Allowed:
        """Allowed, and seen in this plane."""
        firsts = turned_back((view.z, view.top, view.left), self.axis)
        lasts = turned_back((view.z + 1, view.bottom, view.right), self.axis)

        def ask(box: Box) -> NDArray[np.bool_]:
            may = allowed(box)
            if not firsts[0] <= box.z < lasts[0]:
                return np.zeros_like(may)
            rows, columns = np.arange(box.top, box.bottom), np.arange(box.left, box.right)
            may &= ((rows >= firsts[1]) & (rows < lasts[1]))[:, None]
            return may & (columns >= firsts[2]) & (columns < lasts[2])

        return ask

    @property
    def selection(self) -> Selection | None:
        """The session's, where its outlines lie in this plane."""
        return self.main.selection if self.axis == 0 else None

    def select(self, outline: Sequence[Point], how: How = "new") -> None:
        if self.axis == 0:
            self.main.select(outline, how)
        else:
            self.main.refuse("A selection is drawn in the axial view; it reaches through all slices.")

    def finish_edit(self, writer: PixelWriter) -> Edit | None:
        return self.main.finish_edit(writer.writer if isinstance(writer, TurnedWriter) else writer)

    def offer(
        self, title: str, tool: str, z: int, top: int, left: int, classes: NDArray[np.uint8], *, note: str = ""
    ) -> None:
        """Offer in the plane's coordinates; the session gets it in the image's."""
        volume = classes if classes.ndim == 3 else classes[None]
        order = ORDER[self.axis]
        back = volume.transpose(order.index(0), order.index(1), order.index(2))
        self.main.offer(title, tool, *turned_back((z, top, left), self.axis), np.ascontiguousarray(back), note=note)

    # --- what changed ---------------------------------------------------------------------------------------

    def _on_image(self) -> None:
        entry, pixels = (self.main.image, self.main.pixels) if self._awake else (None, None)
        self.pixels = None if pixels is None else turned_source(pixels, self.axis)
        self._see(entry)
        self._shown_slice = self.slice
        self.image_changed.emit()

    def _on_layers(self) -> None:
        if self._awake:
            self._see(self.main.image)
            self.layers_changed.emit()

    def _on_display(self) -> None:
        """Opacities are copied; the session tells the canvas itself that something looks different."""
        for view, layer in zip(self._layers, self.main.image.layers if self.main.image else (), strict=False):
            view.opacity = layer.opacity

    def _on_crosshair(self) -> None:
        if self.slice != self._shown_slice:
            self._shown_slice = self.slice
            self.slice_changed.emit(self.slice)

    def _see(self, entry: ImageEntry | None) -> None:
        for layer in self._layers:
            layer.forget()
        self._layers = [PlaneLayer(layer, self.axis, self.shows) for layer in (entry.layers if entry else ())]
        if entry is None:
            self.image = None
            return
        info = replace(
            entry.info, shape=turned(entry.info.shape, self.axis),
            spacing=turned(entry.info.spacing, self.axis) if entry.info.spacing else None,
        )  # fmt: skip
        self.image = replace(entry, info=info, layers=list(self._layers) if self.shows.masks else [])
