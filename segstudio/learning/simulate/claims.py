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

PEER = "forest"
"""The learner that others are compared with: what pixel classifiers do."""

Arm = tuple[str, str]
"""Learner and strategy."""

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Claim:
    """A learner with a strategy against another: the mean difference in area under the curve over `pairs` of the same
    data set and seed, and its 95 % bootstrap interval (None below three pairs)."""

    one: Arm
    other: Arm
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


def claims_of(results: Sequence[Result]) -> list[Claim]:
    """Each strategy against class-aware random, and each learner against the forest, where there are runs of both."""
    arms = list(dict.fromkeys((r.learner, r.strategy) for r in results))
    pairs = [(arm, (arm[0], BASELINE)) for arm in arms if arm[1] != BASELINE]
    pairs += [(arm, (PEER, BASELINE)) for arm in arms if arm[1] == BASELINE and arm[0] != PEER]
    return [found for one, other in pairs if (found := compare(results, one, other)) is not None]


def compare(results: Sequence[Result], one: Arm, other: Arm) -> Claim | None:
    """Compare run by run; None where no data set and seed has runs of both."""
    areas = {(r.dataset, r.seed, (r.learner, r.strategy)): area(r.curve) for r in results if r.rounds}
    differences = [
        value - areas[dataset, seed, other]
        for (dataset, seed, arm), value in areas.items()
        if arm == one and (dataset, seed, other) in areas
    ]
    if not differences:
        return None
    return Claim(one, other, float(np.mean(differences)), interval(differences), len(differences))


def interval(differences: Sequence[float]) -> tuple[float, float] | None:
    """95 % bootstrap interval of the mean; the draws are seeded. None below three values."""
    if len(differences) < 3:
        return None
    draws = np.random.default_rng(0).integers(len(differences), size=(DRAWS, len(differences)))
    low, high = np.percentile(np.array(differences)[draws].mean(1), (2.5, 97.5))
    return float(low), float(high)
