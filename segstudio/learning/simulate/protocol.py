"""The protocol: rounds of strokes and learning, scored on pictures that are never touched (MODELS.md 4.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from segstudio.core.codes import Origin, encode_map
from segstudio.core.metrics import confusion
from segstudio.learning.evaluate import dice
from segstudio.learning.finetune import Outcome, finetune
from segstudio.learning.labelled import Labelled
from segstudio.learning.recipe import preset
from segstudio.learning.simulate.annotator import DrawingHand, draw, errors
from segstudio.learning.simulate.board import Board
from segstudio.learning.simulate.learners import Finetune, Setting, SimulatedLearner
from segstudio.learning.simulate.picture import SimulatedImage
from segstudio.learning.simulate.strategies import Strategy

WINDOW_SECONDS, STROKE_SECONDS, PIXEL_SECONDS = 2.0, 1.2, 0.004
"""What a person takes to look at a window, for a stroke, and for a pixel of its length. An assumption."""


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """How much is annotated: `strokes` in all, `per_round` before the learner's turn, at most `per_window` in one
    window of `window` pixels."""

    strokes: int = 80
    per_round: int = 8
    per_window: int = 4
    window: int = 256
    hand: DrawingHand = field(default_factory=DrawingHand)

    @property
    def rounds(self) -> int:
        return -(-self.strokes // self.per_round)


@dataclass(slots=True)
class Effort:
    """What the annotator has done so far; `length` is that of all strokes in pixels."""

    strokes: int = 0
    windows: int = 0
    pixels: int = 0
    length: float = 0.0

    @property
    def seconds(self) -> float:
        """By the cost model: an assumption, not a measurement."""
        return self.windows * WINDOW_SECONDS + self.strokes * STROKE_SECONDS + self.length * PIXEL_SECONDS


@dataclass(frozen=True, slots=True)
class Round:
    """Where a simulation stands after a round: `dice` by class on the test pictures (None: not in the truth), their
    `mean`, and the learner's seconds so far. All 0 before the learner can predict."""

    effort: Effort
    dice: tuple[float | None, ...]
    mean: float
    compute: float


def simulate(
    pool: Sequence[SimulatedImage],
    test: Sequence[SimulatedImage],
    learner: SimulatedLearner,
    strategy: Strategy,
    setting: Setting,
    plan: SimulationPlan,
) -> Iterator[Round]:
    """Annotate and learn; yields one Round after each `per_round` strokes.

    The same seed gives the same strokes and scores bit for bit, unless a clock limits the rounds. Ends early where
    nothing is left to paint.
    """
    learner.begin(setting)
    board, effort, spent = Board(pool, len(setting.classes), plan.window, learner), Effort(), 0.0
    # The annotator and the strategy draw from sequences of their own, so that one does not disturb the other.
    hand, choice = (np.random.default_rng([setting.seed, index]) for index in range(2))
    while effort.strokes < plan.strokes:
        before = effort.strokes
        spent += annotate(board, strategy, plan, effort, hand, choice)
        if effort.strokes == before:
            return
        spent += learner.update(board.regions())
        board.learnt()
        yield score(test, learner, setting, replace(effort), spent)


def annotate(
    board: Board, strategy: Strategy, plan: SimulationPlan, effort: Effort, hand: np.random.Generator,
    choice: np.random.Generator,
) -> float:  # fmt: skip
    """One round of strokes; returns the seconds the learner took in between.

    In the first round the annotator shows one class after the other and looks at no prediction, so that all
    learners begin with the same strokes.
    """
    spent, index, left = 0.0, None, 0
    cold = effort.strokes < plan.per_round
    for _ in range(min(plan.per_round, plan.strokes - effort.strokes)):
        looks = board.learner.ready and not cold
        wanted = None if looks else int(np.argmin(board.drawn))
        if index is None or not left or not board.open(index, wanted):
            index, left = strategy(board, wanted, choice), plan.per_window
            if index is None and wanted is not None:  # all of that class is painted, or there is none
                wanted, index = None, strategy(board, None, choice)
            if index is None:
                return spent
            board.last = index
            board.seen.add(index)
            effort.windows += 1
        window = board.windows[index]
        truth, annotated = board.truth(window), board.annotated(window)
        predicted = board.predicted(window) if looks else None
        stroke = draw(plan.hand, truth, predicted, annotated, hand, classes=board.classes, wanted=wanted)
        if stroke is None:
            left = 0
            continue
        # A window without an error is left after one stroke that confirms it.
        left = left - 1 if predicted is None or errors(truth, predicted, annotated).any() else 0
        effort.pixels += board.paint(window, stroke)
        effort.strokes, effort.length = effort.strokes + 1, effort.length + stroke.length
        took = 0.0 if cold else board.learner.refresh(board.regions())
        if took:
            board.refreshed(window.picture)
        spent += took
    return spent


def score(
    test: Sequence[SimulatedImage], learner: SimulatedLearner, setting: Setting, effort: Effort, spent: float
) -> Round:
    """The learner on the test pictures, all their pixels pooled."""
    if not learner.ready:
        return Round(effort, (0.0,) * len(setting.classes), 0.0, spent)
    total = np.zeros((len(setting.classes),) * 2, np.int64)
    for picture in test:
        predicted = learner.probabilities(picture).argmax(0).astype(np.uint8)
        total += confusion(picture.truth, predicted, len(setting.classes))
    scores = dice(total)
    return Round(effort, tuple(None if np.isnan(s) else float(s) for s in scores), float(np.nanmean(scores)), spent)


def dense(
    pool: Sequence[SimulatedImage], test: Sequence[SimulatedImage], setting: Setting, plan: SimulationPlan
) -> Round:
    """The fully supervised reference: the same network with as many steps in all, on every pixel of the pool.

    Kept is what scores best on the validation blocks, as when fine-tuning from strokes.
    """
    regions = [
        Labelled(p.name, p.name, p.pixels, p.ranges, encode_map(p.truth, Origin.IMPORTED), digest=p.name) for p in pool
    ]
    learner = Finetune()
    learner.begin(setting)
    limits: dict[str, Any] = {"steps": 0, "seconds": setting.seconds * plan.rounds}
    if not setting.seconds:
        limits = {"steps": setting.steps * plan.rounds, "seconds": 0.0}
    recipe = preset("light", seed=setting.seed, patience=10**6, **limits)
    *_, outcome = finetune(learner.network, regions, recipe, device=setting.device)
    assert isinstance(outcome, Outcome)
    learner.network, learner.ready = outcome.network, True
    pixels = sum(int((p.truth != 255).sum()) for p in pool)
    return score(test, learner, setting, Effort(pixels=pixels), outcome.seconds)
