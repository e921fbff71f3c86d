"""Guidance: which windows a person should look at next, the most worthwhile first, and when it is enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PATCH = 64
"""Uncertainty is averaged over patches of this side: a mean over the whole window hides small failures."""

FULL = 0.95
"""A window of which this share is annotated is never proposed."""

FAR = 0.3
"""Weight of the distance to what is annotated; more of it chases empty and odd windows (docs/learning.md)."""

Floats = NDArray[np.float64]
Probabilities = NDArray[np.float32]
ClassMap = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class RegionCandidates:
    """n windows as plain arrays, for K classes.

    `uncertainty` (n, K) and `disagreement` (n) are 0..1: the worst patch's mean of entropy where class k is
    predicted, and of pixels that two versions of the model see differently. `features` (n, D) describe the windows,
    `known` (m, D) what is annotated already. `annotated` (n) is the share of each window that is annotated, `counts`
    (K) how many pixels of each class. `trust` 0..1 says how far the model's own doubt may be believed: a poor model
    is sure of the wrong things (MODELS.md 4.1).
    """

    uncertainty: Floats
    disagreement: Floats
    features: Floats
    known: Floats
    annotated: Floats
    counts: NDArray[np.int64]
    trust: float = 1.0


def rank(candidates: RegionCandidates, random: np.random.Generator, noise: float = 0.2) -> NDArray[np.int64]:
    """Indices of the windows worth looking at, best first; fully annotated ones are left out.

    Classes take turns, the least annotated first (stratified as in ClaSP PE, 2026); a class's turn goes to the window
    with the largest sum of its uncertainty, the disagreement, and the distance in feature space to what is
    annotated, each as its rank among the windows, plus Gumbel noise of strength `noise`. The noise keeps a
    batch from being all of one kind.
    """
    c = candidates
    open_ = np.flatnonzero(c.annotated < FULL)
    if not len(open_):
        return open_
    far = shares(distance(c.features[open_], c.known))
    moved = shares(c.disagreement[open_])
    noised = random.gumbel(0, noise, (len(open_), c.uncertainty.shape[1]))
    unsure = np.stack([shares(column) for column in c.uncertainty[open_].T], 1)
    score = c.trust * (unsure + 0.5 * moved[:, None]) + FAR * far[:, None] + noised
    order: list[int] = []
    turns = np.argsort(c.counts, kind="stable")
    for turn in range(len(open_)):
        best = int(np.argmax(score[:, turns[turn % len(turns)]]))
        score[best] = -np.inf
        order.append(best)
    return open_[order]


def doubt(probabilities: Probabilities) -> Floats:
    """Uncertainty (K) of a window by predicted class, from its probabilities (K, rows, columns)."""
    p = np.clip(probabilities, 1e-7, 1)
    entropy = -(p * np.log(p)).sum(0) / np.log(max(len(p), 2))
    return np.array([worst(entropy * share) for share in probabilities])


def disagreement(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> float:
    """Share of pixels that two class maps of a window see differently, in its worst patch."""
    return worst((now != before).astype(np.float32))


def describe(pixels: NDArray[np.generic]) -> Floats:
    """Features (4 x channels) of pixels (rows, columns, channels): mean, spread, and edges at two scales, in the
    pixels' own units."""
    values = pixels.astype(np.float64)
    values[~np.isfinite(values)] = 0.0
    # A line of zeros, so that even a window one pixel wide has differences.
    edges = [np.abs(np.diff(values[::step, ::step], axis=1, append=0)).mean((0, 1)) for step in (1, 4)]
    return np.concatenate([values.mean((0, 1)), values.std((0, 1)), *edges])


def unlike(features: Floats, known: Floats) -> float:
    """How far an image (D) lies from the annotated ones (m, D): 1 is as far as the most remote of them lies from the
    others. 0 with fewer than three to compare with."""
    if len(known) < 3:
        return 0.0
    spread = np.maximum(known.std(0), _noise(known))
    apart = np.sqrt((((known[:, None] - known[None]) / spread) ** 2).mean(2))
    np.fill_diagonal(apart, np.inf)
    usual = float(apart.min(1).max())
    here = float(np.sqrt((((known - features) / spread) ** 2).mean(1)).min())
    return here / max(usual, 0.25)


def _noise(features: Floats) -> Floats:
    """What of each feature (D) is no difference between images: a twentieth of its size."""
    return np.asarray(0.05 * np.abs(features).mean(0) + 1e-9)


def wilson(right: int, checked: int) -> tuple[float, float]:
    """95 % interval of a share of which `right` of `checked` were seen (Wilson 1927, J. Am. Stat. Assoc. 22:209)."""
    if not checked:
        return 0.0, 1.0
    z, share = 1.96, right / checked
    middle = share + z * z / (2 * checked)
    half = z * math.sqrt(share * (1 - share) / checked + z * z / (4 * checked**2))
    whole = 1 + z * z / checked
    return (middle - half) / whole, (middle + half) / whole


def worst(values: NDArray[np.floating]) -> float:
    """The worst patch: the largest mean over the PATCH x PATCH squares of (rows, columns)."""
    rows, columns = (np.arange(0, size, PATCH) for size in values.shape)
    sums = np.add.reduceat(np.add.reduceat(values, rows, 0), columns, 1)
    heights, widths = (np.diff((*at, size)) for at, size in zip((rows, columns), values.shape, strict=True))
    return float((sums / np.outer(heights, widths)).max())


def distance(features: Floats, known: Floats) -> Floats:
    """Distance of each window to the nearest annotated one (greedy k-centre); all alike where none is."""
    if not len(known):
        return np.zeros(len(features))
    usual = np.maximum(features.std(0), _noise(features))
    scaled, anchors = (part / usual for part in (features, known))
    return np.asarray(np.sqrt(((scaled[:, None] - anchors[None]) ** 2).sum(2)).min(1))


def shares(values: Floats) -> Floats:
    """Ranks as 0..1, the same for equal values."""
    found, place = np.unique(values, return_inverse=True)
    return place / max(len(found) - 1, 1)
