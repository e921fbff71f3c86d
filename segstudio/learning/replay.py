"""Replay: train again from a receipt, and say whether the same weights come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from segstudio.errors import UserError
from segstudio.learning.device import choose
from segstudio.learning.labelled import Labelled, labels_hash
from segstudio.learning.receipt import split
from segstudio.learning.recipe import Recipe
from segstudio.learning.run import averaged, begin, begin_sampling, step
from segstudio.models.network import Network
from segstudio.models.weights import weights_hash


@dataclass(frozen=True, slots=True)
class ReplayComparison:
    """Two sets of weights: whether every bit is the same, and where they differ most."""

    same: bool
    largest: float = 0.0
    tensor: str = ""


def replay(
    start: Network,
    regions: Sequence[Labelled],
    receipt: Mapping[str, Any],
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Network:
    """Train `start` again as `receipt` says, to the step whose weights were kept, and return the result.

    Scoring is left out: it has no influence on what is learnt. A run that a clock ended follows the recorded
    schedule instead of the clock. Raises UserError where labels, split or starting weights are not those of the
    receipt, where the device is not here, and where memory ran out in the run, which nothing can repeat.
    """
    regions = [region.by_output(start.card.class_ids) for region in regions]
    _check(start, regions, receipt)
    try:
        recipe = Recipe(**{f.name: receipt["recipe"][f.name] for f in fields(Recipe)})
        kind, threads = str(receipt["device"]["kind"]), int(receipt["device"]["threads"])
        last, marks = int(receipt["best_step"]), [(int(a), float(b), float(c)) for a, b, c in receipt["schedule"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("The receipt is incomplete.", why=str(error)) from error
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        run = begin(start.module, recipe, choose(kind), trained=start.card.steps > 0)
        run.marks, run.replayed = marks, True
        sampler = begin_sampling(run, regions, start.card)
        while run.step < last:
            if not step(run, sampler):
                raise UserError("The replay ran out of memory.", hint="Use the machine it was trained on.")
            progress(run.step, last)
        return averaged(run, start.card, sampler) if last else start
    finally:
        torch.set_num_threads(before)


def compare(one: Network, two: Network) -> ReplayComparison:
    """Whether two networks of the same kind have the same weights, bit for bit."""
    if weights_hash(one.module) == weights_hash(two.module):
        return ReplayComparison(True)
    a, b = one.module.state_dict(), two.module.state_dict()
    found = {
        name: float((a[name].double().cpu() - b[name].double().cpu()).abs().max()) for name in a if a[name].numel()
    }
    worst = max(found, key=lambda name: np.nan_to_num(found[name], nan=np.inf))
    return ReplayComparison(False, found[worst], worst)


def _check(start: Network, regions: Sequence[Labelled], receipt: Mapping[str, Any]) -> None:
    if not receipt:
        raise UserError("This model has no receipt.", hint="Models trained by this version of SegStudio have one.")
    if labels_hash(regions) != receipt.get("labels") or split(regions) != receipt.get("split"):
        raise UserError(
            "The labels are not those this model was trained on.",
            why="They or the set-aside squares have changed since.",
            hint="A replay needs the labels as they were then.",
        )
    if weights_hash(start.module) != receipt.get("start"):
        raise UserError(
            "The model to start from is not the one this training began from.",
            hint="Give the checkpoint that was trained on with --from.",
        )
    if receipt.get("out_of_memory"):
        raise UserError(
            "This training cannot be replayed.", why="Memory ran out in its course and it went on in smaller steps."
        )
