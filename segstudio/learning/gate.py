"""The gate: may the challenger replace the champion?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segstudio.learning.evaluate import Evaluation, dice, mean_dice

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Margins:
    """How much worse a challenger may score and still pass.

    A class may lose `per_class` Dice, or up to `worst` where three or more regions were scored and their
    bootstrap cannot tell the loss from chance; the mean may lose `mean`. A class of fewer than `pixels`
    validation pixels has no say. A class is lost where it is no longer predicted at all, although it was for
    more than the share `collapse` of the pixels.
    """

    per_class: float = 0.01
    worst: float = 0.03
    mean: float = 0.002
    pixels: int = 30
    collapse: float = 0.01


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, in one sentence for people, with Dice per class id (None: not in the truth)."""

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
    trained: bool = True,
    finite: bool = True,
    margins: Margins = Margins(),
) -> Verdict:
    """Accept the challenger if no class got worse by more than the margin and the mean did not fall.

    `names` are class names by id. Both evaluations must be of the same pixels; `held_out` is False where there
    were no validation pixels and the training pixels had to do, and the sentence says so. `trained` is whether
    the champion ever learnt anything: what a random network gets right by chance is not worth keeping, so
    there only the mean counts. `finite` is whether the challenger's weights are numbers.
    """
    where = "on held-out corrections" if held_out else "on the corrections it learnt from (none are held out yet)"
    if not finite:
        return Verdict(False, "Not used: the training went astray, its numbers grew without limit.", {}, {})
    if not challenger.counts:
        return Verdict(False, "Not used: there are no labelled pixels to score it on.", {}, {})
    scores = _named(names, dice(champion.pooled)), _named(names, dice(challenger.pooled))
    differences = _bootstrap(champion, challenger)
    interval = None if differences is None else _interval(np.nanmean(differences, axis=1))
    reason = (_class_lost(champion, challenger, names, differences, margins) if trained else "") or _mean_lost(
        champion, challenger, margins if trained else Margins(mean=-1e-9)
    )
    if reason:
        return Verdict(False, f"Not used: {reason} {where}.", *scores, interval)
    before, after = mean_dice(champion.pooled), mean_dice(challenger.pooled)
    sentence = f"In use: mean Dice {before:.2f} → {after:.2f} {where} ({challenger.pixels:,} pixels)."
    return Verdict(True, sentence, *scores, interval)


def _class_lost(
    champion: Evaluation, challenger: Evaluation, names: Sequence[str], differences: Scores | None, margins: Margins
) -> str:
    """Why a class forbids the challenger, or ""."""
    old, new = dice(champion.pooled), dice(challenger.pooled)
    share = champion.pooled.sum(0) / max(champion.pixels, 1)
    heard = [int(index) for index in np.flatnonzero(challenger.pooled.sum(1) >= margins.pixels)]
    for index in heard:
        if share[index] > margins.collapse and not challenger.pooled[:, index].any():
            return f"{names[index]} is no longer found at all"
    for index in heard:
        loss = old[index] - new[index]
        chance = differences is not None and _interval(differences[:, index])[1] >= 0
        if loss > (margins.worst if chance else margins.per_class):
            return f"{names[index]} fell from Dice {old[index]:.2f} to {new[index]:.2f}"
    return ""


def _mean_lost(champion: Evaluation, challenger: Evaluation, margins: Margins) -> str:
    before, after = mean_dice(champion.pooled), mean_dice(challenger.pooled)
    if after >= before - margins.mean:
        return ""
    return f"mean Dice {'fell' if after < before else 'did not rise'} from {before:.3f} to {after:.3f}"


def _named(names: Sequence[str], scores: Scores) -> dict[str, float | None]:
    return {str(i): None if np.isnan(s) else float(s) for i, s in enumerate(scores[: len(names)])}


def _bootstrap(champion: Evaluation, challenger: Evaluation) -> Scores | None:
    """Dice differences (200, classes) of regions drawn with replacement; None below three regions.

    The draws are seeded, so the same labels give the same verdict.
    """
    regions = len(challenger.counts)
    if regions < 3 or len(champion.counts) != regions:
        return None
    random = np.random.default_rng(0)
    old, new = np.stack(champion.counts), np.stack(challenger.counts)
    draws = [random.integers(regions, size=regions) for _ in range(200)]
    return np.stack([dice(new[draw].sum(0)) - dice(old[draw].sum(0)) for draw in draws])


def _interval(values: Scores) -> tuple[float, float]:
    """5th and 95th percentile of the values that are numbers."""
    low, high = np.nanpercentile(values, (5, 95))
    return float(low), float(high)
