"""The gate: may the challenger replace the champion?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.learning.evaluate import Evaluation, dice, mean_dice

Scores = NDArray[np.float64]

DRAWS = 1000
"""Bootstrap draws."""

MOST_WORSE = 50
"""Regions that are listed as worse at most."""


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
class Worse:
    """A class whose Dice fell in a region. `digest` is "image digest:slice", `box` (top, left, bottom, right) in it."""

    name: str
    digest: str
    box: tuple[int, int, int, int]
    class_id: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says, in one sentence for people, with Dice per class id (None: not in the truth)."""

    accepted: bool
    sentence: str
    champion: dict[str, float | None]
    challenger: dict[str, float | None]
    interval: tuple[float, float] | None = None
    """90 % bootstrap interval of the mean Dice difference over groups, images or regions; None below three."""
    worse: tuple[Worse, ...] = ()
    """Regions and classes whose Dice fell, the largest loss first."""


def judge(
    champion: Evaluation,
    challenger: Evaluation,
    names: Sequence[str],
    *,
    held_out: bool = True,
    trained: bool = True,
    finite: bool = True,
    margins: Margins = Margins(),
    ids: Sequence[int] = (),
) -> Verdict:
    """Accept the challenger if no class got worse by more than the margin and the mean did not fall, and no class got
    worse where there are no new corrections: what was learnt first must not be paid for what is learnt now.

    `names` are the names of the network's classes, `ids` their class ids (none: 0, 1, 2 and so on). Both evaluations
    must be of the same pixels; `held_out` is False where there were no validation pixels and the training pixels had to
    do, and the sentence says so. `trained` is whether the champion ever learnt anything: what a random network gets
    right by chance is not worth keeping, so there only the mean counts. `finite` is whether the challenger's weights
    are numbers.
    """
    where = "on held-out corrections" if held_out else "on the corrections it learnt from (none are held out yet)"
    if not finite:
        return Verdict(False, "Not used: the training went astray, its numbers grew without limit.", {}, {})
    if not challenger.counts:
        return Verdict(False, "Not used: there are no labelled pixels to score it on.", {}, {})
    ids = ids or range(len(names))
    scores = _named(ids, dice(champion.pooled)), _named(ids, dice(challenger.pooled))
    differences = _bootstrap(champion, challenger)
    interval = None if differences is None else _interval(np.nanmean(differences, axis=1))
    worse = tuple(replace(one, class_id=ids[one.class_id]) for one in got_worse(champion, challenger, margins))
    reason = (_class_lost(champion, challenger, names, differences, margins) if trained else "") or _mean_lost(
        champion, challenger, margins if trained else Margins(mean=-1e-9)
    )
    if trained and not reason:
        reason = _forgotten(champion, challenger, names, margins)
    if reason:
        return Verdict(False, f"Not used: {reason} {where}.{_spread(interval)}", *scores, interval, worse)
    before, after = mean_dice(champion.pooled), mean_dice(challenger.pooled)
    sentence = f"In use: mean Dice {before:.2f} → {after:.2f} {where} ({challenger.pixels:,} pixels)."
    return Verdict(True, sentence + _spread(interval), *scores, interval, worse)


def got_worse(champion: Evaluation, challenger: Evaluation, margins: Margins = Margins()) -> tuple[Worse, ...]:
    """Regions and classes (by output) of `margins.pixels` pixels or more that lost more Dice than a class may."""
    found = []
    for old, new, scene in zip(champion.counts, challenger.counts, challenger.scenes, strict=False):
        before, after = dice(old), dice(new)
        for index in np.flatnonzero((new.sum(1) >= margins.pixels) & (before - after > margins.per_class)):
            found.append(
                Worse(scene.name, scene.digest, scene.box, int(index), float(before[index]), float(after[index]))
            )
    return tuple(sorted(found, key=lambda one: one.after - one.before)[:MOST_WORSE])


def _spread(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f" Change {interval[0]:+.3f} to {interval[1]:+.3f} (90 % interval)."


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


def _forgotten(champion: Evaluation, challenger: Evaluation, names: Sequence[str], margins: Margins) -> str:
    """Why what was learnt earlier forbids the challenger, or "". Each group (patient, slide, folder) is asked alone:
    the gain of one must not hide the loss of another. Of fewer than three regions more pixels are wanted, and more of
    a loss, since chance cannot be told.
    """
    if len(champion.scenes) != len(challenger.scenes) or not any(scene.recent for scene in challenger.scenes):
        return ""
    old, new = champion.older, challenger.older
    for group in dict.fromkeys(new.groups):
        before, after = old.of(group), new.of(group)
        differences = _bootstrap(before, after)
        few = replace(margins, per_class=margins.worst, pixels=10 * margins.pixels)
        if reason := _class_lost(before, after, names, differences, few if differences is None else margins):
            return f"where nothing was corrected lately ({group}), {reason}"
    return ""


def _mean_lost(champion: Evaluation, challenger: Evaluation, margins: Margins) -> str:
    before, after = mean_dice(champion.pooled), mean_dice(challenger.pooled)
    if after >= before - margins.mean:
        return ""
    return f"mean Dice {'fell' if after < before else 'did not rise'} from {before:.3f} to {after:.3f}"


def _named(ids: Sequence[int], scores: Scores) -> dict[str, float | None]:
    return {str(i): None if np.isnan(s) else float(s) for i, s in zip(ids, scores, strict=False)}


def _bootstrap(champion: Evaluation, challenger: Evaluation) -> Scores | None:
    """Dice differences (1000, classes) where groups are drawn with replacement; None below three regions.

    Regions of one group (patient, slide, scene) resemble each other, so a group is drawn whole (cluster bootstrap:
    Davison and Hinkley 1997, section 3.8). With fewer than three groups images are drawn, and with fewer than
    three of those single regions: that says only how much the difference varies inside them. The draws are
    seeded, so the same labels give the same verdict.
    """
    regions = len(challenger.counts)
    if regions < 3 or len(champion.counts) != regions:
        return None
    units = _units(challenger)
    weights = _draws(max(units) + 1)[:, units]
    old, new = (_drawn(one, weights) for one in (champion, challenger))
    return new - old


def _draws(units: int) -> NDArray[np.int64]:
    """How often each unit was drawn, (1000, units).

    Drawn as numbers and counted: the streams of `multinomial` differ between versions of numpy, and the verdict on a
    model must not.
    """
    chosen = np.random.default_rng(0).integers(units, size=(DRAWS, units))
    chosen += units * np.arange(DRAWS)[:, None]
    return np.bincount(chosen.ravel(), minlength=DRAWS * units).reshape(DRAWS, units)


def _units(found: Evaluation) -> list[int]:
    """The number of the unit that each region is drawn with: its group, its image or itself, the first of which there
    are three."""
    regions = [str(number) for number in range(len(found.counts))]
    images = [scene.digest.rpartition(":")[0] for scene in found.scenes] or regions
    names = next(names for names in (found.groups, images, regions) if len(set(names)) >= 3)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return [numbers[name] for name in names]


def _drawn(found: Evaluation, weights: NDArray[np.int64]) -> Scores:
    """Dice (draws, classes) of regions counted as often as `weights` (draws, regions) say; NaN without truth."""
    counts = np.stack(found.counts)
    right, truth, said = np.diagonal(counts, axis1=1, axis2=2), counts.sum(2), counts.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = 2 * (weights @ right) / (weights @ (truth + said))
    return np.where(weights @ truth > 0, scores, np.nan)


def _interval(values: Scores) -> tuple[float, float]:
    """5th and 95th percentile of the values that are numbers."""
    low, high = np.nanpercentile(values, (5, 95))
    return float(low), float(high)
