"""Calibration: does a probability of 0.8 mean right in 8 of 10? One temperature makes it so.

Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, ICML 2017 (arXiv:1706.04599).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.codes import NOTHING, classes_of
from segstudio.learning.evaluate import windows
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import Predictor

Floats = NDArray[np.float64]

LEAST = 500
"""Held-out labelled pixels below which no temperature is fitted: so few say nothing about a probability."""

MOST = 50_000
"""Pixels looked at, spread evenly over all held-out ones: one number needs no more."""

BINS = 15
"""Equal-width bins of confidence, as in Guo et al. 2017, section 2."""

RANGE = (0.05, 20.0)
"""Temperatures looked at."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """How honest probabilities are on labelled pixels.

    `ece`: expected calibration error, 0..1 (Guo et al. 2017, eq. 3). `brier`: mean over pixels of the squared
    distance between probabilities and truth, summed over classes, 0..2 (Brier 1950). `nll`: mean negative log
    likelihood in nats. `bins`: (mean confidence, accuracy, pixels) of each of the 15 bins from 0 to 1; an empty bin is
    (0, 0, 0).
    """

    ece: float
    brier: float
    nll: float
    bins: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fitted temperature, with the reliability at temperature 1 and at the fitted one, on the same `pixels`."""

    temperature: float
    pixels: int
    before: Reliability
    after: Reliability

    def to_json(self) -> dict[str, Any]:
        """As the card's metrics hold it: plain values, bins of both."""
        table: dict[str, Any] = {"temperature": self.temperature, "pixels": self.pixels}
        for name, one in (("before", self.before), ("after", self.after)):
            table[name] = {
                "ece": one.ece,
                "brier": one.brier,
                "nll": one.nll,
                "bins": [list(row) for row in one.bins],
            }
        return table


def calibrate(predictor: Predictor, regions: Sequence[Labelled]) -> Calibration | None:
    """Fit the temperature on the held-out labelled pixels of `regions`; None below 500 of them.

    The predicted class never changes, so no score of masks does. Before and after are of the same pixels the
    temperature was fitted on: one number has next to no room to overfit on 500 pixels or more.
    """
    logits, truth = held_out_logits(predictor, regions)
    if len(truth) < LEAST:
        return None
    temperature = fit_temperature(logits, truth)
    before, after = (reliability(probabilities(logits, t), truth) for t in (1.0, temperature))
    return Calibration(temperature, len(truth), before, after)


def held_out_logits(predictor: Predictor, regions: Sequence[Labelled]) -> tuple[Floats, NDArray[np.int64]]:
    """Logits (pixels, classes) and classes (pixels) of at most 50,000 held-out pixels, evenly spread."""
    classes = len(predictor.network.card.classes)
    total = sum(int((classes_of(region.validation_codes()) != NOTHING).sum()) for region in regions)
    every = max(1, -(-total // MOST))
    logits, truths, skip = [np.empty((0, classes))], [np.empty(0, np.int64)], 0
    for region in regions:
        for truth, found in windows(predictor.logits, predictor.network.card, region, region.validation_codes()):
            known = truth < classes
            chosen = np.flatnonzero(known)[skip::every]
            skip = (skip - int(known.sum())) % every
            logits.append(found.numpy().reshape(classes, -1)[:, chosen].T.astype(np.float64))
            truths.append(truth.reshape(-1)[chosen].astype(np.int64))
    return np.concatenate(logits), np.concatenate(truths)


def fit_temperature(logits: Floats, truth: NDArray[np.int64]) -> float:
    """The temperature in 0.05..20 of least negative log likelihood (Guo et al. 2017, section 4.2).

    `logits` is (pixels, classes). The likelihood is convex in 1 / temperature, so a golden section search over
    its logarithm finds the one best.
    """
    low, high = map(math.log, RANGE)
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = _nll(logits, truth, left), _nll(logits, truth, right)
    while high - low > 1e-4:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = _nll(logits, truth, left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = _nll(logits, truth, right)
    return math.exp((low + high) / 2)


def reliability(found: Floats, truth: NDArray[np.int64]) -> Reliability:
    """ECE, Brier score, NLL and bins of probabilities (pixels, classes) against classes (pixels)."""
    rows = np.arange(len(truth))
    confidence, right = found.max(1), found.argmax(1) == truth
    # Bins are ((m - 1) / 15, m / 15], as in the paper.
    place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    pixels = np.bincount(place, minlength=BINS)
    full = np.maximum(pixels, 1)
    mean = np.bincount(place, confidence, BINS) / full
    accuracy = np.bincount(place, right, BINS) / full
    ece = float((pixels / len(truth) * np.abs(accuracy - mean)).sum())
    brier = float(((found**2).sum(1) - 2 * found[rows, truth] + 1).mean())
    nll = float(-np.log(np.maximum(found[rows, truth], np.finfo(np.float64).tiny)).mean())
    bins = tuple(
        (round(float(m), 5), round(float(a), 5), int(n)) for m, a, n in zip(mean, accuracy, pixels, strict=True)
    )
    return Reliability(ece, brier, nll, bins)


def probabilities(logits: Floats, temperature: float) -> Floats:
    """Softmax of logits (pixels, classes) divided by the temperature."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def _nll(logits: Floats, truth: NDArray[np.int64], log_temperature: float) -> float:
    scaled = logits / math.exp(log_temperature)
    top = scaled.max(1)
    total = top + np.log(np.exp(scaled - top[:, None]).sum(1))
    return float((total - scaled[np.arange(len(truth)), truth]).mean())
