"""The gate: may the challenger replace the champion?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segstudio.learning.evaluate import Evaluation, dice, mean_dice


@dataclass(frozen=True, slots=True)
class Margins:
    """How much worse a challenger may score and still pass: Dice for each class, mean Dice, and how many
    validation pixels a class needs before it has a say."""

    per_class: float = 0.01
    mean: float = 0.002
    pixels: int = 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, in one sentence for people, with Dice per class (None: not in the truth)."""

    accepted: bool
    sentence: str
    champion: dict[str, float | None]
    challenger: dict[str, float | None]
    interval: tuple[float, float] | None = None
    """90 % bootstrap interval of the mean Dice difference over regions; None below three regions."""


def judge(
    champion: Evaluation,
    challenger: Evaluation,
    names: Sequence[str],
    *,
    held_out: bool = True,
    margins: Margins = Margins(),
) -> Verdict:
    """Accept the challenger if no class got worse by more than the margin and the mean did not fall.

    `names` are class names by id. Both evaluations must be of the same pixels; `held_out` is False where there
    were no validation pixels and the training pixels had to do, and the sentence says so.
    """
    where = "on held-out corrections" if held_out else "on the corrections it learnt from (none are held out yet)"
    if not challenger.counts:
        return Verdict(False, "Not used: there are no labelled pixels to score it on.", {}, {})
    old, new = dice(champion.pooled), dice(challenger.pooled)
    scores = _named(names, old), _named(names, new)
    before, after = mean_dice(champion.pooled), mean_dice(challenger.pooled)
    truth = challenger.pooled.sum(1)
    interval = _bootstrap(champion, challenger)
    for index in map(int, np.flatnonzero(truth >= margins.pixels)):
        if old[index] - new[index] > margins.per_class:
            sentence = f"Not used: {names[index]} fell from Dice {old[index]:.2f} to {new[index]:.2f} {where}."
            return Verdict(False, sentence, *scores, interval)
    if not after >= before - margins.mean:
        return Verdict(False, f"Not used: mean Dice fell from {before:.3f} to {after:.3f} {where}.", *scores, interval)
    sentence = f"In use: mean Dice {before:.2f} → {after:.2f} {where} ({challenger.pixels:,} pixels)."
    return Verdict(True, sentence, *scores, interval)


def _named(names: Sequence[str], scores: np.ndarray) -> dict[str, float | None]:
    return {str(i): None if np.isnan(s) else float(s) for i, s in enumerate(scores[: len(names)])}


def _bootstrap(champion: Evaluation, challenger: Evaluation) -> tuple[float, float] | None:
    """Resample regions with replacement; the draws are seeded, so the same labels give the same interval."""
    regions = len(challenger.counts)
    if regions < 3 or len(champion.counts) != regions:
        return None
    random = np.random.default_rng(0)
    old, new = np.stack(champion.counts), np.stack(challenger.counts)
    draws = [random.integers(regions, size=regions) for _ in range(200)]
    differences = [mean_dice(new[draw].sum(0)) - mean_dice(old[draw].sum(0)) for draw in draws]
    low, high = np.nanpercentile(differences, (5, 95))
    return float(low), float(high)
