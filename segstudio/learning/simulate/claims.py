"""Claims: what the curves of effort against quality allow to be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segstudio.learning.simulate.results import Result

Curve = Sequence[tuple[float, float]]
"""Effort (rising, above 0) and quality."""

BASELINE = "random"
"""The strategy that others are compared with: class-aware random."""

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Claim:
    """A strategy against class-aware random for one learner: the mean difference in area under the curve over `pairs`
    of the same data set and seed, and its 95 % bootstrap interval (None below three pairs)."""

    learner: str
    strategy: str
    difference: float
    interval: tuple[float, float] | None
    pairs: int

    @property
    def word(self) -> str:
        """ "better" or "worse" only where the interval excludes 0."""
        if self.interval is None:
            return "too few runs to say"
        low, high = self.interval
        return "better" if low > 0 else "worse" if high < 0 else "no difference shown"


def area(curve: Curve) -> float:
    """Mean quality over the logarithm of effort (trapezoids): early quality counts as much as late."""
    effort, quality = np.array(curve, np.float64).T
    if len(curve) < 2:
        return float(quality.mean())
    x = np.log(effort)
    return float((np.diff(x) * (quality[1:] + quality[:-1]) / 2).sum() / (x[-1] - x[0]))


def effort_to(curve: Curve, quality: float) -> float | None:
    """Effort at which the curve first reaches a quality, between rounds by a straight line; None if it never does."""
    before: tuple[float, float] | None = None
    for effort, reached in curve:
        if reached >= quality:
            if before is None:
                return effort
            share = (quality - before[1]) / (reached - before[1])
            return before[0] + share * (effort - before[0])
        before = effort, reached
    return None


def claim(results: Sequence[Result], learner: str, strategy: str) -> Claim | None:
    """Compare a strategy with class-aware random, run by run; None where no run of both is there."""
    areas = {(r.dataset, r.seed, r.strategy): area(r.curve) for r in results if r.learner == learner and r.rounds}
    differences = [
        value - areas[dataset, seed, BASELINE]
        for (dataset, seed, name), value in areas.items()
        if name == strategy and (dataset, seed, BASELINE) in areas
    ]
    if not differences or strategy == BASELINE:
        return None
    return Claim(learner, strategy, float(np.mean(differences)), interval(differences), len(differences))


def interval(differences: Sequence[float]) -> tuple[float, float] | None:
    """95 % bootstrap interval of the mean; the draws are seeded. None below three values."""
    if len(differences) < 3:
        return None
    draws = np.random.default_rng(0).integers(len(differences), size=(DRAWS, len(differences)))
    low, high = np.percentile(np.array(differences)[draws].mean(1), (2.5, 97.5))
    return float(low), float(high)
