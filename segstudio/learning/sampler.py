"""Which patches a training step sees: a quarter around the newest corrections, the rest replay of everything."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, ClassMap, Codes, classes_of
from segstudio.learning.augment import Patch
from segstudio.learning.labelled import Labelled
from segstudio.learning.scaling import scale

Places = NDArray[np.int64]
"""Flat indices of pixels (row * columns + column)."""


@dataclass(slots=True)
class _Source:
    region: Labelled
    codes: Codes  # training codes
    places: dict[int, Places]  # class id -> its labelled pixels
    recent: dict[int, Places]  # the same, inside the newest corrections


class Sampler:
    """Patches of `tile` x `tile` pixels, each around a random labelled pixel of a random class.

    Replay chooses the image first, then a class that is labelled in it, then a pixel of that class: every
    image keeps its say however little of it is labelled, and rare classes are seen as often as common ones.
    """

    def __init__(
        self, regions: Sequence[Labelled], tile: int, scaling: str, random: np.random.Generator, channels: int = 0
    ) -> None:
        self._tile, self._scaling, self._random, self._channels = tile, scaling, random, channels
        self._sources = [source for region in regions if (source := _source(region)).places]
        self._newest = [source for source in self._sources if source.recent]

    def twin(self, random: np.random.Generator) -> Sampler:
        """A sampler of the same pixels with a random sequence of its own."""
        other = copy.copy(self)
        other._random = random
        return other

    def batch(self, size: int) -> list[Patch]:
        """`size` patches; a quarter of them from the newest corrections where there are any."""
        newest = (size + int(self._random.integers(4))) // 4 if self._newest else 0
        return [self._patch(recent=index < newest) for index in range(size)]

    def _patch(self, *, recent: bool) -> Patch:
        sources = self._newest if recent else self._sources
        source = sources[int(self._random.integers(len(sources)))]
        places = source.recent if recent else source.places
        chosen = places[list(places)[int(self._random.integers(len(places)))]]
        row, column = divmod(int(chosen[int(self._random.integers(len(chosen)))]), source.codes.shape[1])
        return self._cut(source, row, column)

    def _cut(self, source: _Source, row: int, column: int) -> Patch:
        """A patch with (row, column) somewhere inside; smaller images are mirrored, their copies unlabelled."""
        tile = self._tile
        rows, columns = source.codes.shape
        top = _start(row, tile, rows, self._random)
        left = _start(column, tile, columns, self._random)
        region = source.region
        inside = region.pixels[top : top + tile, left : left + tile]
        pixels = scale(inside, region.ranges, self._scaling, self._channels)
        codes = source.codes[top : top + tile, left : left + tile]
        down, right = tile - codes.shape[0], tile - codes.shape[1]
        if down or right:
            pixels = np.pad(pixels, ((0, 0), (0, down), (0, right)), mode="symmetric")
            codes = np.pad(codes, ((0, down), (0, right)))
        return pixels, codes


def _start(place: int, tile: int, size: int, random: np.random.Generator) -> int:
    """Where a patch that contains `place` begins; not too close to its edges when there is room."""
    margin = tile // 8
    first = place - tile + 1 + margin
    start = first + int(random.integers(max(1, tile - 2 * margin)))
    return max(0, min(start, size - tile))


def _source(region: Labelled) -> _Source:
    codes = region.training_codes()
    classes = classes_of(codes)
    inside = np.zeros(codes.shape, bool)
    for top, left, bottom, right in region.recent:
        inside[max(top, 0) : bottom, max(left, 0) : right] = True
    return _Source(region, codes, _places(classes), _places(np.where(inside, classes, np.uint8(NOTHING))))


def _places(classes: ClassMap) -> dict[int, Places]:
    return {int(c): np.flatnonzero(classes == c) for c in np.unique(classes) if c != NOTHING}
