"""PlaneLayer: a mask layer as one more view shows it, along an axis or with other masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer

from segstudio.core.codes import NOTHING, UNSET
from segstudio.core.events import Event
from segstudio.core.geometry import Box
from segstudio.core.layer import MaskLayer
from segstudio.core.plane import Plane
from segstudio.core.reslice import (
    Axis,
    TurnedPlane,
    turned,
    turned_boxes,
)


@dataclass(frozen=True, slots=True)
class Shows:
    """Which masks a view shows: what people said, what models said, of all layers or of one (by id)."""

    annotation: bool = True
    prediction: bool = True
    layer: int | None = None

    @property
    def masks(self) -> bool:
        return self.annotation or self.prediction


EVERYTHING = Shows()


class PlaneLayer(MaskLayer):
    """A view of a mask layer along an axis; it holds no pixels. Changes are gathered and told once per event loop,
    so that a stroke through many slices repaints each plane once."""

    def __init__(self, layer: MaskLayer, axis: Axis, shows: Shows) -> None:
        self.id, self.name, self.shape, self.opacity = layer.id, layer.name, turned(layer.shape, axis), layer.opacity
        self.visible = layer.visible if shows.layer is None else layer.id == shows.layer
        self.versions, self.tally = layer.versions if axis == 0 else {}, layer.tally
        self.annotation = self._plane(layer.annotation if shows.annotation else None, np.uint16, UNSET, axis)
        self.prediction = self._plane(layer.prediction if shows.prediction else None, np.uint8, NOTHING, axis)
        self.uncertainty = self._plane(layer.uncertainty, np.uint8, 0, axis)
        self.changed: Event[Box] = Event()
        self._axis = axis
        self._pending: tuple[int, int, Box] | None = None  # first and last slice of the image, and the box around all
        self._timer = QTimer(interval=0, singleShot=True)
        self._timer.timeout.connect(self.flush)
        self.forget = layer.changed.connect(self._on_changed)

    def _plane(self, plane: Plane | None, kind: type[np.integer[Any]], fill: int, axis: Axis) -> Plane:
        if plane is None:
            return Plane(self.shape, kind, fill)
        return plane if axis == 0 else TurnedPlane(plane, axis)

    def _on_changed(self, box: Box) -> None:
        if self._axis == 0:
            self.changed.emit(box)
            return
        first, last, whole = self._pending or (box.z, box.z + 1, box)
        self._pending = min(first, box.z), max(last, box.z + 1), whole.union(box)
        self._timer.start()

    def flush(self) -> None:
        """Tell what has changed since the last time."""
        if self._pending is not None:
            (first, last, box), self._pending = self._pending, None
            for part in turned_boxes(first, last, box, self._axis):
                self.changed.emit(part)
