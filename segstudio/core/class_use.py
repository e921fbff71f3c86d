"""Which classes pixels hold, by people and by models, and giving the pixels of one class to another."""

from __future__ import annotations

from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

import numpy as np

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.geometry import Box, TileKey
from segstudio.core.layer import MaskLayer
from segstudio.core.packing import pack, unpack
from segstudio.core.writer import MaskWriter
from segstudio.errors import UserError

if TYPE_CHECKING:
    from segstudio.core.document import Document
    from segstudio.core.image_entry import ImageEntry

Withdrawn = list[tuple[MaskLayer, int, dict[TileKey, tuple[bytes, bytes]]]]
"""Layers, their images, and packed predicted tiles before and after."""


def painted_in(document: Document, class_id: int) -> ImageEntry | None:
    """The first image in which a person gave pixels this class; layers that undo can bring back count too."""
    return next((entry for entry, layer in layers(document) if class_id in annotated(layer)), None)


def predicted_in(document: Document, class_id: int) -> ImageEntry | None:
    """The first image of which a model says that it holds this class."""
    return next((entry for entry, layer in layers(document) if class_id in predicted(layer)), None)


def ids_in_use(document: Document) -> set[int]:
    """Ids of the classes that any pixel holds."""
    return {class_id for _, layer in layers(document) for class_id in (*annotated(layer), *predicted(layer))}


def annotated(layer: MaskLayer) -> set[int]:
    """Classes of a layer's annotation; unsure pixels have none."""
    counts = layer.tally.pixels().reshape(-1, 256)[Origin.PAINTED : Origin.UNSURE].sum(0)
    return set(np.flatnonzero(counts).tolist())


def predicted(layer: MaskLayer) -> set[int]:
    """Classes of a layer's prediction."""
    found: set[int] = set()
    for key in layer.prediction.keys():  # noqa: SIM118  a Plane is no dict
        value = layer.prediction.uniform(key)
        found |= {value} if value is not None else set(np.unique(layer.prediction.tile(key)).tolist())
    return found - {NOTHING}


def layers(document: Document) -> Iterator[tuple[ImageEntry, MaskLayer]]:
    """All mask layers with their images; those that were taken away and can come back, layers and images, too."""
    for entry in (*document.images.values(), *document.removed_images.values()):
        for layer in (*entry.layers, *entry.removed.values()):
            yield entry, layer


def merge(document: Document, source: int, target: int, title: str) -> None:
    """Give all pixels of a class to another one and take the class out of the table, as one undo step.

    Pixels keep their origin. What models predicted follows. Raises UserError, and changes nothing, where one of the
    two is locked, and for the background, which cannot go.
    """
    table = document.classes
    if source == 0 or source == target:
        raise UserError("The background cannot be merged into another class." if not source else "It is one class.")
    for class_id in (source, target):
        if table[class_id].locked:
            raise UserError(f"“{table.name(class_id)}” is locked.", hint="Unlock it first.")
    document.settle()
    document.settle()
    step = document.next_edit
    for entry, layer in layers(document):
        if source in annotated(layer):
            origin = Origin.PAINTED  # of pixels that get a class; these have one, and keep theirs
            writer = MaskWriter(layer, table, image=entry.id, title=title, tool="merge", origin=origin)
            writer.exchange(source, target)
            document.finish_edit(writer, step=step)
    document.change_classes(title, lambda classes: classes.remove(source), step=step, merged=(source, target))


def withdraw(document: Document, gone: Set[int], to: int) -> Withdrawn:
    """Let predictions say `to` (255: nothing) instead of classes that are gone; what was changed."""
    changed: Withdrawn = []
    for entry, layer in layers(document):
        tiles: dict[TileKey, tuple[bytes, bytes]] = {}
        for key in layer.prediction.keys():  # noqa: SIM118  a Plane is no dict
            before = layer.prediction.tile(key)
            where = np.isin(before, list(gone))
            if where.any():
                after = np.where(where, np.uint8(to), before).astype(np.uint8)
                tiles[key] = pack(before), pack(after)
                layer.prediction.put_tile(key, after)
        if tiles:
            changed.append((layer, entry.id, tiles))
            layer.tell(Box.of_tile(key).clip(layer.shape) for key in tiles)
    return changed


def give_back(changed: Withdrawn) -> Withdrawn:
    """The reverse of `withdraw`, where no other prediction has come since; what was changed."""
    restored: Withdrawn = []
    for layer, image, tiles in changed:
        kept = {
            k: (a, b) for k, (b, a) in tiles.items() if np.array_equal(unpack(a, np.uint8), layer.prediction.tile(k))
        }
        for key, (_, before) in kept.items():
            layer.prediction.put_tile(key, unpack(before, np.uint8))
        if kept:
            restored.append((layer, image, kept))
            layer.tell(Box.of_tile(key).clip(layer.shape) for key in kept)
    return restored
