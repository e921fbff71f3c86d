"""What the trainer learns from: the annotated regions of all images, as shared arrays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from segstudio.core.codes import UNSET
from segstudio.core.document import Document, ImageEntry
from segstudio.core.geometry import TILE, Box, TileKey
from segstudio.core.layer import MaskLayer
from segstudio.core.source import Pixels
from segstudio.worker.messages import BoxTuple, Region
from segstudio.worker.shared import Scratch

MARGIN = 128
"""Pixels of context around annotated tiles; a multiple of the validation blocks' side."""


def annotated_images(document: Document, layer: int) -> list[ImageEntry]:
    """Images with at least one annotated pixel in their layer `layer`."""
    return [
        entry
        for entry in document.images.values()
        if any(found.id == layer and not found.annotation.is_empty() for found in entry.layers)
    ]


def regions(
    entry: ImageEntry, layer: MaskLayer, crops: Iterable[tuple[Box, Pixels]], scratch: Scratch, recent: Iterable[Box]
) -> list[Region]:
    """The annotated parts of an image as shared arrays for the trainer: `clusters` with their pixels.

    `recent` are the boxes of the newest corrections.
    """
    recent = list(recent)
    found = []
    for number, (box, image) in enumerate(crops):
        codes = layer.annotation.read(box).astype(np.uint16)
        found.append(
            Region(
                name=f"{entry.name}#{number}",
                group=entry.group,
                role=entry.role,
                digest=f"{entry.digest}:{box.z}",
                image=scratch.share(image),
                codes=scratch.share(codes),
                ranges=entry.info.ranges,
                recent=tuple(_inside(box, recent)),
                offset=(box.top, box.left),
            )
        )
    return found


def tile_region(entry: ImageEntry, layer: MaskLayer, key: TileKey, box: Box, image: Pixels, scratch: Scratch) -> Region:
    """One tile as shared arrays for the quick head: `image` are the pixels of `box` around it, the codes outside unset.

    A tile without annotation gives a region without labels: the head forgets it.
    """
    z, row, column = key
    tile = Box.of_tile(key).intersect(box)
    codes = np.zeros((box.height, box.width), np.uint16)
    inside = np.s_[tile.top - box.top : tile.bottom - box.top, tile.left - box.left : tile.right - box.left]
    codes[inside] = layer.annotation.read(tile)
    return Region(
        name=f"{entry.name}:{row}:{column}",
        group=entry.group,
        role=entry.role,
        digest=f"{entry.digest}:{z}",
        image=scratch.share(image),
        codes=scratch.share(codes),
        ranges=entry.info.ranges,
        recent=(),
        offset=(box.top, box.left),
    )


def clusters(layer: MaskLayer) -> list[Box]:
    """Boxes around groups of neighbouring annotated tiles, with a margin, merged where they overlap.

    A 100,000 square image with ten strokes costs ten small crops.
    """
    boxes: list[Box] = []
    for key in sorted(layer.annotation.keys()):
        boxes.append(_around(layer, key))
    merged = True
    while merged:
        merged = False
        kept: list[Box] = []
        for box in boxes:
            for index, other in enumerate(kept):
                if box.z == other.z and not box.intersect(other).empty:
                    kept[index] = other.union(box)
                    merged = True
                    break
            else:
                kept.append(box)
        boxes = kept
    return boxes


def _around(layer: MaskLayer, key: TileKey) -> Box:
    """The annotated part of a tile grown by the margin and to the grid of validation blocks."""
    set_ = layer.annotation.tile(key) != UNSET
    rows, columns = np.flatnonzero(set_.any(axis=1)), np.flatnonzero(set_.any(axis=0))
    top, left = key[1] * TILE + int(rows[0]), key[2] * TILE + int(columns[0])
    bottom, right = key[1] * TILE + int(rows[-1]) + 1, key[2] * TILE + int(columns[-1]) + 1
    return Box(
        key[0],
        (top - MARGIN) // MARGIN * MARGIN,
        (left - MARGIN) // MARGIN * MARGIN,
        -(-(bottom + MARGIN) // MARGIN) * MARGIN,
        -(-(right + MARGIN) // MARGIN) * MARGIN,
    ).clip(layer.shape)


def _inside(box: Box, recent: list[Box]) -> Iterable[BoxTuple]:
    for edit in recent:
        part = edit.intersect(box) if edit.z == box.z else None
        if part is not None and not part.empty:
            yield part.top - box.top, part.left - box.left, part.bottom - box.top, part.right - box.left
