"""The training loop: from the champion to a challenger that has passed, or not passed, the gate."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from segstudio import __version__
from segstudio.core.codes import NOTHING, classes_of
from segstudio.learning import resume as states
from segstudio.learning.calibration import calibrate
from segstudio.learning.control import Free, TrainingControl
from segstudio.learning.device import Device, choose
from segstudio.learning.evaluate import Evaluation, evaluate, iou, mean_dice
from segstudio.learning.gate import Verdict, judge
from segstudio.learning.labelled import Labelled, check_labels, labels_hash
from segstudio.learning.predict import Predictor
from segstudio.learning.receipt import receipt
from segstudio.learning.recipe import Recipe
from segstudio.learning.run import Run, averaged, begin, begin_sampling, restore, step, to_state
from segstudio.learning.sampler import Sampler
from segstudio.models.network import Network
from segstudio.models.weights import weights_hash

SCORING_SHARE = 0.15
"""Where a clock ends the run, no more than this share of it is spent on scoring along the way."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """One step: `loss` is smoothed over about ten steps; `total` is 0 where only time limits the run; `rate`
    is the learning rate of the next step."""

    step: int
    total: int
    loss: float
    seconds: float
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Scored:
    """The champion and the challenger on the validation pixels."""

    step: int
    champion: Evaluation
    challenger: Evaluation


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end: the best challenger with its card, the gate's verdict, and what ended the run."""

    network: Network
    verdict: Verdict
    steps: int
    seconds: float
    ended_by: str

    @property
    def metrics(self) -> dict[str, Any]:
        """What the card says about scores, recipe and notes."""
        return self.network.card.metrics


def finetune(
    network: Network,
    regions: Sequence[Labelled],
    recipe: Recipe,
    *,
    device: Device | None = None,
    control: TrainingControl | None = None,
    state: Path | None = None,
    resume: bool = False,
) -> Iterator[StepDone | Scored | Outcome]:
    """Train a copy of `network` on the labelled pixels (by class id) of `regions`; the network itself is not changed.

    Yields StepDone and Scored events and finally one Outcome. Each batch is a quarter newest corrections, the rest
    replay; the moving average of the weights is what is scored and kept, with batch norm statistics estimated
    anew; the best score on the validation pixels wins, what passes the gate first. With `state`, the run is written
    there at each score and goes on from it with `resume`, if it is of the same network, labels and seed. On the CPU,
    the same seed, labels and steps give the same weights bit for bit; where a clock ends the run, learning.replay
    repeats it from its receipt. Raises UserError when there is too little to learn from.
    """
    control, device = control or Free(), device or choose()
    regions = [region.by_output(network.card.class_ids) for region in regions]
    check_labels(regions, [name for name, _ in network.card.classes])
    threads = torch.get_num_threads()
    torch.set_num_threads(min(threads, recipe.threads))
    try:
        run = begin(network.module, recipe, device, trained=network.card.steps > 0)
        key = _key(network, regions, recipe)
        saved = states.read(state) if state is not None and resume else None
        if saved is not None and not restore(run, saved, key):
            run.notes.append("The labels or the model changed since the training stopped: it began anew.")
        yield from _train(run, network, regions, control, state, key)
    finally:
        torch.set_num_threads(threads)


def _train(
    run: Run, network: Network, regions: Sequence[Labelled], control: TrainingControl, state: Path | None, key: str
) -> Iterator[StepDone | Scored | Outcome]:
    sampler = begin_sampling(run, regions, network.card)
    held_out = any((classes_of(region.validation_codes()) != NOTHING).any() for region in regions)
    champion = evaluate(network, regions, run.device, training=not held_out)
    pace, ended_by = _Pace(run), ""
    while not ended_by:
        control.paused()
        control.yield_now()
        start = time.perf_counter()
        learnt = step(run, sampler)
        run.spent += time.perf_counter() - start
        run.mark()
        yield StepDone(run.step, run.recipe.steps, run.loss, run.spent, run.rate)
        if control.cancelled():
            return
        ended_by = _ending(run, control)
        if ended_by or (learnt and pace.due(run)):
            start = time.perf_counter()
            challenger = _score(run, network, regions, sampler, champion, held_out)
            took = time.perf_counter() - start
            run.spent += took
            pace.scored(run, took)
            if state is not None:
                states.write(state, to_state(run, key))
            yield Scored(run.step, champion, challenger)
            if run.step - run.best_step >= run.recipe.patience * pace.every:
                ended_by = ended_by or "no better score for a while"
    yield _outcome(run, network, regions, champion, held_out, ended_by)


class _Pace:
    """When to score: every `recipe.every` steps; seldomer where a clock ticks and scoring is slow."""

    def __init__(self, run: Run) -> None:
        self.every, self._last, self._since = run.recipe.every, run.step, run.spent

    def due(self, run: Run) -> bool:
        return run.step - self._last >= self.every

    def scored(self, run: Run, took: float) -> None:
        """Learn how dear scoring is against steps."""
        if run.recipe.seconds and run.step > self._last:
            a_step = (run.spent - self._since - took) / (run.step - self._last)
            self.every = max(run.recipe.every, math.ceil(took / SCORING_SHARE / max(a_step, 1e-6)))
        self._last, self._since = run.step, run.spent


def _ending(run: Run, control: TrainingControl) -> str:
    if control.stopped():
        return "stopped"
    if not math.isfinite(run.loss):
        return "the loss was no longer a number"
    if run.over:
        return "the end of the recipe"
    return ""


def _score(
    run: Run, network: Network, regions: Sequence[Labelled], sampler: Sampler, champion: Evaluation, held_out: bool
) -> Evaluation:
    """Score the averaged weights and remember them if they are the best so far.

    What would pass the gate is better than anything that would not, whatever their means: the gate looks at every
    class, and a run that ends a little beyond the best balance would be lost as a whole.
    """
    candidate = averaged(run, network.card, sampler)
    found = evaluate(candidate, regions, run.device, training=not held_out)
    verdict = _judged(network, champion, found, held_out, finite=True)
    score = (mean_dice(found.pooled) if found.counts else 0.0) + (1.0 if verdict.accepted else 0.0)
    if score > run.best and math.isfinite(run.loss) and _finite(candidate):
        run.best, run.best_step = score, run.step
        run.best_weights = {name: value.detach().cpu().clone() for name, value in candidate.module.state_dict().items()}
    return found


def _judged(network: Network, champion: Evaluation, found: Evaluation, held_out: bool, *, finite: bool) -> Verdict:
    names, trained = [name for name, _ in network.card.classes], network.card.steps > 0
    return judge(champion, found, names, held_out=held_out, trained=trained, finite=finite, ids=network.card.class_ids)


def _finite(network: Network) -> bool:
    return all(bool(v.isfinite().all()) for v in network.module.state_dict().values() if v.is_floating_point())


def _key(network: Network, regions: Sequence[Labelled], recipe: Recipe) -> str:
    """What a run is of: its starting weights, labels and seed."""
    digest = hashlib.sha256(f"{network.card.to_json()} {labels_hash(regions)} {recipe.seed} {recipe.tile}".encode())
    digest.update(weights_hash(network.module).encode())
    return digest.hexdigest()


def _outcome(
    run: Run, network: Network, regions: Sequence[Labelled], champion: Evaluation, held_out: bool, ended_by: str
) -> Outcome:
    best = Network(copy.deepcopy(network.module).cpu(), network.card)
    if run.best_weights:
        best.module.load_state_dict(run.best_weights)
    best.module.eval()
    found = evaluate(best, regions, run.device, training=not held_out)
    verdict = _judged(network, champion, found, held_out, finite=bool(run.best_weights))
    fitted = calibrate(Predictor(best, run.device), regions) if run.best_weights else None
    overlap = iou(found.pooled) if found.counts else np.empty(0)
    ids = network.card.class_ids
    metrics = {
        "dice": verdict.challenger,
        "iou": {str(i): None if math.isnan(value) else float(value) for i, value in zip(ids, overlap, strict=False)},
        "held_out": held_out,
        "champion_dice": verdict.champion,
        "interval": verdict.interval,
        "recipe": json.loads(json.dumps(asdict(run.recipe))),
        "notes": run.notes,
        "calibration": None if fitted is None else fitted.to_json(),
    }
    best.card = replace(
        network.card,
        labels=labels_hash(regions),
        seed=run.recipe.seed,
        steps=network.card.steps + run.best_step,
        seconds=run.spent,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        app=__version__,
        metrics=metrics,
        temperature=1.0 if fitted is None else fitted.temperature,
        receipt=receipt(run, network, best, regions, ended_by),
    )
    return Outcome(best, verdict, run.step, run.spent, ended_by)
