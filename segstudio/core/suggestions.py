"""Suggestions: regions of an image that are worth a look, from what its mask layer holds."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, UNSET
from segstudio.core.geometry import Box, TileKey
from segstudio.core.guidance import FAR, FULL, Floats, describe, disagreement, distance, shares, worst
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer

SIDE = 128
"""Side of a region in pixels; a tile holds a whole number of them."""

MOST = 256
"""Tiles that are compared at a time; of larger images those are taken evenly."""

REACH = 2 * SIDE
"""Pixels over which a mistake that was found makes others likely."""

Read = Callable[[Box], NDArray[np.generic] | None]
"""Pixels (rows, columns, channels) of a box, or None where they are not there yet."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A region of a slice; `class_id` is the predicted class that is doubted most there."""

    box: Box
    class_id: int


def suggest(
    layer: MaskLayer, slices: Iterable[int], classes: int, read: Read, *,
    edits: Iterable[Edit] = (), seen: Container[Box] = (),
) -> list[Suggestion]:  # fmt: skip
    """Regions of some slices worth a look, the most worthwhile first; only predicted ones that are not in `seen`.

    Ranked by the model's doubt by class, by where it and the version before it disagree or people found mistakes
    nearby (`edits` of this layer), and by how unlike the region is to what is annotated.
    """
    wanted = set(slices)
    keys = sorted(key for key in layer.prediction.keys() if key[0] in wanted)  # noqa: SIM118  a Plane is no dict
    keys = keys[:: -(-len(keys) // MOST)] if keys else keys
    boxes = [box for key in keys for box in _parts(key, layer) if box not in seen]
    boxes = [box for box in boxes if (layer.prediction.read(box) != NOTHING).any()]
    if not boxes:
        return []
    mistakes = [edit for edit in edits if edit.seen > edit.agreed]
    doubts = np.stack([_doubt(layer, box, classes) for box in boxes])
    moved = np.array([_disagreement(layer, box) + _mistakes(mistakes, box) for box in boxes])
    annotated = np.array([(layer.annotation.read(box) != UNSET).mean() for box in boxes])
    features = _features(boxes, read)
    far = shares(distance(features, features[annotated > 0]))
    # Amounts and not ranks, as for a batch of images: where one region stands out, it comes first.
    score = doubts.max(1) + 0.5 * moved + FAR * far
    order = [index for index in np.argsort(-score, kind="stable") if annotated[index] < FULL]
    return [Suggestion(boxes[index], int(doubts[index].argmax())) for index in order]


def _parts(key: TileKey, layer: MaskLayer) -> list[Box]:
    """Regions of a tile; a narrow rest at the image's edge belongs to the region beside it."""
    tile = Box.of_tile(key).clip(layer.shape)
    rows, columns = _cut(tile.top, tile.bottom), _cut(tile.left, tile.right)
    return [Box(key[0], top, left, bottom, right) for top, bottom in rows for left, right in columns]


def _cut(start: int, end: int) -> list[tuple[int, int]]:
    edges = [*range(start, max(start + 1, end - SIDE // 2 + 1), SIDE), end]
    return list(pairwise(edges))


def _doubt(layer: MaskLayer, box: Box, classes: int) -> Floats:
    """The model's uncertainty (classes) by predicted class, where nobody has spoken."""
    open_ = layer.annotation.read(box) == UNSET
    unsure = layer.uncertainty.read(box) / np.float32(255) * open_
    predicted = layer.prediction.read(box)
    return np.array([worst(unsure * (predicted == class_id)) for class_id in range(classes)])


def _disagreement(layer: MaskLayer, box: Box) -> float:
    before = layer.previous.read(box)
    now = np.where(before == NOTHING, NOTHING, layer.prediction.read(box)).astype(np.uint8)
    return disagreement(now, before.astype(np.uint8))


def _mistakes(edits: list[Edit], box: Box) -> float:
    """Share of the pixels that people looked at nearby and found wrong, less with the distance; 0..1."""
    found = 0.0
    for edit in edits:
        if edit.box.z == box.z:
            row = max(edit.box.top - box.bottom, box.top - edit.box.bottom, 0)
            column = max(edit.box.left - box.right, box.left - edit.box.right, 0)
            found = max(found, (1 - edit.agreed / edit.seen) * float(np.exp(-np.hypot(row, column) / REACH)))
    return found


def _features(boxes: list[Box], read: Read) -> Floats:
    """Features of all regions; all alike where pixels are missing."""
    pixels = [read(box) for box in boxes]
    if any(part is None for part in pixels):
        return np.zeros((len(boxes), 1))
    return np.stack([describe(part) for part in pixels if part is not None])
