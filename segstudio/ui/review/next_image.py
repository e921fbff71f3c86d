"""Choosing: which image is worth a look next, and whether one is unlike those that were annotated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from segstudio.core.codes import NOTHING, UNSET
from segstudio.core.document import ImageEntry
from segstudio.core.guidance import FAR, Floats, describe, distance, shares, unlike
from segstudio.core.layer import MaskLayer
from segstudio.ui.learning.fitting import takes
from segstudio.ui.session.session import Session

REMOTE = 2.0
"""How many times farther from the annotated images than these from each other an image is warned of."""

LOOKS = 64
"""Tiles of a layer that are looked at, evenly."""


class NextImage(QObject):
    """Knows images by their thumbnails: brightness, contrast and texture in the file's own units."""

    warned = Signal(str, str)
    """An image unlike the annotated ones is shown: what, and what to do."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._features: dict[int, Floats] = {}
        self._told: set[int] = set()
        session.document_changed.connect(self._forget)

    def take(self, image: int, thumbnail: NDArray[np.uint8]) -> None:
        """Take the thumbnail of an image, uint8 (rows, columns, 3), windowed by its ranges."""
        document = self._session.document
        entry = document.images.get(image) if document else None
        if entry is None or not entry.info.ranges:
            return
        ranges = np.array((entry.info.ranges * 3)[:3] if len(entry.info.ranges) < 3 else entry.info.ranges[:3])
        low, high = ranges[:, 0], ranges[:, 1]
        self._features[image] = describe(low + thumbnail / 255 * (high - low))
        if entry is self._session.image:
            self.look(entry)

    def look(self, entry: ImageEntry) -> None:
        """Warn, once, where the image that is shown now is unlike the annotated ones."""
        known = [self._features[one.id] for one in self._annotated() if one is not entry and one.id in self._features]
        here = self._features.get(entry.id)
        if here is None or not known or entry.id in self._told or not self._layer(entry).annotation.is_empty():
            return
        if unlike(here, np.array(known).reshape(len(known), -1)) > REMOTE:
            self._told.add(entry.id)
            self.warned.emit(
                f"“{entry.name}” looks unlike the {len(known)} annotated images.",
                "The model has not learnt such images: look closely, and correct some of it before you rely on it.",
            )

    def best(self) -> ImageEntry | None:
        """The image worth most, of those that are neither shown nor done and that the model can take.

        First those without any prediction, the most unlike to the annotated ones first; then by what the model doubts
        where nobody has spoken, and by how unlike they are: a near-duplicate of an annotated image comes last.
        """
        project, here = self._session.project, self._session.image
        entries = project.document.images.values() if project else ()
        others = [
            entry for entry in entries if entry is not here and not entry.done and project and takes(project, entry)
        ]
        if not others:
            return None
        far = self._distances(others)
        layers = [self._layer(entry) for entry in others]
        fresh = np.array([layer.prediction.is_empty() and layer.annotation.is_empty() for layer in layers])
        doubt = np.array([_doubt(layer) for layer in layers])
        return others[int(np.argmax(10.0 * fresh + shares(doubt) + FAR * shares(far)))]

    def _distances(self, entries: Sequence[ImageEntry]) -> Floats:
        """Distance of each image to the nearest annotated or shown one; all alike where some are not known yet."""
        here = self._session.image
        known = [*self._annotated(), *([here] if here else [])]
        if not known or not all(entry.id in self._features for entry in (*entries, *known)):
            return np.zeros(len(entries))
        features = np.stack([self._features[entry.id] for entry in entries])
        return distance(
            features, np.array([self._features[entry.id] for entry in known]).reshape(-1, features.shape[1])
        )

    def _annotated(self) -> list[ImageEntry]:
        document = self._session.document
        images = document.images.values() if document else ()
        return [entry for entry in images if not self._layer(entry).annotation.is_empty()]

    def _layer(self, entry: ImageEntry) -> MaskLayer:
        active = self._session.active_layer
        return next((layer for layer in entry.layers if layer.id == active), entry.layers[0])

    def _forget(self) -> None:
        self._features, self._told = {}, set()


def _doubt(layer: MaskLayer) -> float:
    """Mean uncertainty of predicted pixels nobody has judged, 0..1; -1 without any."""
    keys = sorted(layer.prediction.keys())
    total = count = 0.0
    for key in keys[:: max(1, -(-len(keys) // LOOKS))]:
        open_ = (layer.prediction.tile(key) != NOTHING) & (layer.annotation.tile(key) == UNSET)
        total += float(layer.uncertainty.tile(key)[open_].sum())
        count += float(open_.sum())
    return total / count / 255 if count else -1.0
