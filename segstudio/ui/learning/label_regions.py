"""What the trainer learns from: the annotated regions of all images, as shared arrays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from segstudio.core.codes import UNSET
from segstudio.core.document import Document, ImageEntry
from segstudio.core.geometry import TILE, Box, TileKey
from segstudio.core.layer import MaskLayer
from segstudio.core.source import Pixels
from segstudio.errors import UserError
from segstudio.ui.compute.job import Lease, Need
from segstudio.worker.messages import BoxTuple, Failed, Region

MARGIN = 128
"""Pixels of context around annotated tiles; a multiple of the validation blocks' side."""


def annotated_images(document: Document, layer: int) -> list[ImageEntry]:
    """Images with at least one annotated pixel in their layer `layer`."""
    return [
        entry
        for entry in document.images.values()
        if any(found.id == layer and not found.annotation.is_empty() for found in entry.layers)
    ]


class LabelRegions:
    """Gathers what the trainer learns from: the annotated regions of these images in `layer` with their pixels.

    `recent` are the boxes of the newest corrections by image; `most` bytes of pixels of one image are taken. An image
    that cannot be read is left out: `unread` has a sentence on each.
    """

    def __init__(
        self, document: Document, images: list[ImageEntry], layer: int, recent: dict[int, list[Box]], most: int
    ) -> None:
        self.found: list[Region] = []
        self.unread: list[str] = []
        self._document, self._images, self._layer, self._recent, self._most = document, images, layer, recent, most

    def needs(self) -> list[Need]:
        """The pixels that are needed; once they are taken the regions are `found`."""
        return [self._need(entry) for entry in self._images]

    def _need(self, entry: ImageEntry) -> Need:
        layer = self._document.layer(entry.id, self._layer)
        boxes = clusters(layer)

        def take(lease: Lease, _: object, found: list[Pixels]) -> None:
            for number, (box, image) in enumerate(zip(boxes, found, strict=True)):
                recent = tuple(_inside(box, self._recent.get(entry.id, [])))
                name = f"{entry.name}#{number}"
                self.found.append(_region(entry, name, layer.annotation.read(box), box, image, lease, recent))

        def without(reply: Failed) -> None:
            self.unread.append(f"Not learnt: {reply.what}")

        return Need(entry, lambda _: self._bounded(entry, boxes), take, spare=without)

    def _bounded(self, entry: ImageEntry, boxes: list[Box]) -> list[Box]:
        info = entry.info
        pixels = sum(box.height * box.width for box in boxes)
        if pixels * info.channels * np.dtype(info.dtype).itemsize > self._most:
            raise UserError(
                "There is too much to learn from at once.",
                why=f"The annotated parts of “{entry.name}” with what is around them are "
                f"{pixels / 1e6:,.0f} million pixels.",
                hint="Raise “Memory for images” in Settings.",
            )
        return boxes


def _region(
    entry: ImageEntry, name: str, codes: Pixels, box: Box, image: Pixels, lease: Lease, recent: tuple[BoxTuple, ...]
) -> Region:
    return Region(
        name=name,
        group=entry.group,
        role=entry.role,
        digest=f"{entry.digest}:{box.z}",
        image=lease.share(image),
        codes=lease.share(codes.astype(np.uint16)),
        ranges=entry.info.ranges,
        recent=recent,
        offset=(box.top, box.left),
    )


def tile_region(entry: ImageEntry, layer: MaskLayer, key: TileKey, box: Box, image: Pixels, lease: Lease) -> Region:
    """One tile as shared arrays for the quick head: `image` are the pixels of `box` around it, the codes outside unset.

    A tile without annotation gives a region without labels: the head forgets it.
    """
    _, row, column = key
    tile = Box.of_tile(key).intersect(box)
    codes = np.zeros((box.height, box.width), np.uint16)
    inside = np.s_[tile.top - box.top : tile.bottom - box.top, tile.left - box.left : tile.right - box.left]
    codes[inside] = layer.annotation.read(tile)
    return _region(entry, f"{entry.name}:{row}:{column}", codes, box, image, lease, ())


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
