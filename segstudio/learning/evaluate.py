"""How well a network does on labelled pixels it was not trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segstudio.core.codes import NOTHING, ClassMap, Codes, classes_of
from segstudio.core.metrics import confusion
from segstudio.learning.device import Device
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import Predictor
from segstudio.learning.scaling import scale
from segstudio.models.card import Card
from segstudio.models.network import Network

STEP, CONTEXT = 192, 32
"""Labelled pixels are scored in squares of STEP, each seen with CONTEXT pixels around it."""


@dataclass(frozen=True, slots=True)
class ScoredImage:
    """Where a scored region is: the digest of its image and slice ("digest:slice"), and the box (top, left, bottom,
    right) in the image around the pixels that were scored. `recent`: it holds some of the newest corrections."""

    name: str
    digest: str
    box: tuple[int, int, int, int]
    recent: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Confusion matrices (classes, classes; rows truth) for each scored region, by its group, with its place."""

    counts: tuple[NDArray[np.int64], ...]
    groups: tuple[str, ...]
    scenes: tuple[ScoredImage, ...] = ()

    @property
    def pooled(self) -> NDArray[np.int64]:
        return np.asarray(np.sum(self.counts, axis=0), np.int64)

    @property
    def older(self) -> Evaluation:
        """The regions without any of the newest corrections."""
        return self._only([number for number, scene in enumerate(self.scenes) if not scene.recent])

    def of(self, group: str) -> Evaluation:
        """The regions of one group."""
        return self._only([number for number, name in enumerate(self.groups) if name == group])

    def _only(self, kept: list[int]) -> Evaluation:
        counts, groups, scenes = ([part[n] for n in kept] for part in (self.counts, self.groups, self.scenes))
        return Evaluation(tuple(counts), tuple(groups), tuple(scenes))  # type: ignore[arg-type]

    @property
    def pixels(self) -> int:
        return int(self.pooled.sum()) if self.counts else 0


def dice(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Dice for each class of a confusion matrix; NaN for a class that is not in the truth."""
    truth, predicted = counts.sum(1), counts.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = 2 * np.diag(counts) / (truth + predicted)
    return np.where(truth > 0, scores, np.nan)


def iou(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union for each class of a confusion matrix; NaN for a class that is not in the truth."""
    scores = dice(counts)
    return np.asarray(scores / (2 - scores), np.float64)


def mean_dice(counts: NDArray[np.int64]) -> float:
    """Mean Dice over the classes in the truth; NaN when there are none."""
    scores = dice(counts)
    return float(np.nanmean(scores)) if not np.isnan(scores).all() else float("nan")


def evaluate(network: Network, regions: Sequence[Labelled], device: Device, *, training: bool = False) -> Evaluation:
    """Score a network on the validation pixels of `regions`, or on their training pixels.

    Only windows that hold such pixels are computed. The network is not changed.
    """
    predictor = Predictor(network, device)
    counts, groups, scenes = [], [], []
    for region in regions:
        codes = region.training_codes() if training else region.validation_codes()
        matrix = _score(predictor, region, codes)
        if matrix.any():
            counts.append(matrix)
            groups.append(region.group)
            scenes.append(_scene(region, codes))
    return Evaluation(tuple(counts), tuple(groups), tuple(scenes))


def _scene(region: Labelled, codes: Codes) -> ScoredImage:
    known = classes_of(codes) != NOTHING
    rows, columns = np.flatnonzero(known.any(1)), np.flatnonzero(known.any(0))
    top, left = region.offset
    box = (top + int(rows[0]), left + int(columns[0]), top + int(rows[-1]) + 1, left + int(columns[-1]) + 1)
    return ScoredImage(region.name, region.digest, box, recent=len(region.recent) > 0)


def _score(predictor: Predictor, region: Labelled, codes: Codes) -> NDArray[np.int64]:
    card = predictor.network.card
    total = np.zeros((len(card.classes), len(card.classes)), np.int64)
    for truth, found in windows(predictor, card, region, codes):
        total += confusion(truth, found.argmax(0).to(torch.uint8).numpy(), len(card.classes))
    return total


def windows(
    ask: Callable[[Tensor], Tensor], card: Card, region: Labelled, codes: Codes
) -> Iterator[tuple[ClassMap, Tensor]]:
    """Classes (rows, columns; 255 = unknown) of each square with labels, and what `ask` says there (classes, ...)."""
    truth = classes_of(codes)
    for top, left in _squares(truth):
        inside = truth[top : top + STEP, left : left + STEP]
        start_row, start_column = max(0, top - CONTEXT), max(0, left - CONTEXT)
        part = region.pixels[start_row : top + STEP + CONTEXT, start_column : left + STEP + CONTEXT]
        found = ask(torch.from_numpy(scale(part, region.ranges, card.scaling, card.channels))[None])[0]
        row, column = top - start_row, left - start_column
        yield inside, found[:, row : row + inside.shape[0], column : column + inside.shape[1]]


def _squares(truth: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Corners of the squares that hold a labelled pixel."""
    for top in range(0, truth.shape[0], STEP):
        for left in range(0, truth.shape[1], STEP):
            if (truth[top : top + STEP, left : left + STEP] != NOTHING).any():
                yield top, left
