"""The training loop: from the champion to a challenger that has passed, or not passed, the gate."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segstudio import __version__
from segstudio.core.codes import NOTHING, Codes, classes_of
from segstudio.learning import resume as states
from segstudio.learning.augment import augment
from segstudio.learning.batchnorm import reestimate
from segstudio.learning.control import Control, Free
from segstudio.learning.device import Device, choose, is_out_of_memory
from segstudio.learning.ema import MovingAverage
from segstudio.learning.evaluate import Evaluation, evaluate, mean_dice
from segstudio.learning.gate import Verdict, judge
from segstudio.learning.labelled import Labelled, check_labels, labels_hash
from segstudio.learning.losses import partial_loss
from segstudio.learning.recipe import ORIGIN_WEIGHTS, Recipe
from segstudio.learning.sampler import Sampler
from segstudio.models.network import Network


@dataclass(frozen=True, slots=True)
class StepDone:
    """One step: `loss` is smoothed over about ten steps; `total` is 0 where only time limits the run."""

    step: int
    total: int
    loss: float
    seconds: float


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


@dataclass(slots=True)
class _Run:
    """What changes while a training goes on."""

    recipe: Recipe
    device: Device
    module: nn.Module
    optimizer: torch.optim.Optimizer
    average: MovingAverage
    random: np.random.Generator
    step: int = 0
    loss: float = 0.0
    spent: float = 0.0
    best: float = -1.0
    best_step: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def progress(self) -> float:
        """Share of the run that is over, by steps or by time, whichever is further."""
        by_steps = self.step / self.recipe.steps if self.recipe.steps else 0.0
        by_time = self.spent / self.recipe.seconds if self.recipe.seconds else 0.0
        return min(1.0, max(by_steps, by_time))


def finetune(
    network: Network,
    regions: Sequence[Labelled],
    recipe: Recipe,
    *,
    device: Device | None = None,
    control: Control | None = None,
    state: Path | None = None,
    resume: bool = False,
) -> Iterator[StepDone | Scored | Outcome]:
    """Train a copy of `network` on the labelled pixels of `regions`; the network itself is not changed.

    Yields StepDone and Scored events and finally one Outcome. Each batch is half newest corrections, half
    replay; the moving average of the weights is what is scored and kept, with batch norm statistics estimated
    anew; the best score on the validation pixels wins. With `state`, the run is written there at each score
    and goes on from it with `resume`. On the CPU, the same seed, labels and steps give the same weights bit
    for bit. Raises UserError when there is too little to learn from.
    """
    control = control or Free()
    check_labels(regions, len(network.card.classes))
    run = _start(network, recipe, device or choose(), state if resume else None)
    sampler = Sampler(regions, recipe.tile, network.card.scaling, run.random)
    held_out = any((classes_of(region.validation_codes()) != NOTHING).any() for region in regions)
    champion = evaluate(_on(network, run.device), regions, run.device, training=not held_out)
    ended_by = ""
    while not ended_by:
        control.paused()
        control.yield_now()
        start = time.perf_counter()
        _step(run, sampler)
        run.spent += time.perf_counter() - start
        yield StepDone(run.step, recipe.steps, run.loss, run.spent)
        ended_by = _ending(run, control)
        if control.cancelled():
            return
        if run.step % recipe.every == 0 or ended_by:
            start = time.perf_counter()
            challenger = _score(run, network, sampler, regions, held_out)
            run.spent += time.perf_counter() - start
            yield Scored(run.step, champion, challenger)
            if state is not None:
                states.write(state, _state(run))
            if run.step - run.best_step >= recipe.patience * recipe.every:
                ended_by = ended_by or "no better score for a while"
    yield _outcome(run, network, regions, champion, held_out, ended_by)


def _start(network: Network, recipe: Recipe, device: Device, state: Path | None) -> _Run:
    torch.manual_seed(recipe.seed)
    module = copy.deepcopy(network.module).to(device.torch).train()
    optimizer = torch.optim.AdamW(
        [p for p in module.parameters() if p.requires_grad], lr=recipe.rate, weight_decay=recipe.decay
    )
    run = _Run(recipe, device, module, optimizer, MovingAverage(module, recipe.ema), np.random.default_rng(recipe.seed))
    saved = states.read(state) if state is not None else None
    if saved is not None:
        _restore(run, saved)
    return run


def _step(run: _Run, sampler: Sampler) -> None:
    """One optimiser step; when memory runs out, with a smaller batch, then on the CPU."""
    recipe = run.recipe
    patches = [
        augment(patch, run.random, contrast=recipe.contrast, noise=recipe.noise)
        for patch in sampler.batch(recipe.batch)
    ]
    pixels = torch.from_numpy(np.stack([p for p, _ in patches])).to(run.device.torch)
    target, weight = (torch.from_numpy(a).to(run.device.torch) for a in _targets(np.stack([c for _, c in patches])))
    for group in run.optimizer.param_groups:
        group["lr"] = _rate(run)
    run.module.train()
    run.optimizer.zero_grad(set_to_none=True)
    try:
        with run.device.autocast():
            logits = run.module(pixels)
        loss = partial_loss(logits, target, weight)
        loss.backward()  # type: ignore[no-untyped-call]
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or not _back_off(run):
            raise
        return
    nn.utils.clip_grad_norm_(run.module.parameters(), recipe.clip)
    run.optimizer.step()
    run.average.update(run.module)
    run.step += 1
    value = float(loss.detach())
    run.loss = value if run.step == 1 else 0.9 * run.loss + 0.1 * value


def _back_off(run: _Run) -> bool:
    """Halve the batch after memory ran out, then move to the CPU; False when nothing is left to try."""
    if run.device.kind == "cuda":
        torch.cuda.empty_cache()
    if run.recipe.batch > 1:
        run.recipe = replace(run.recipe, batch=run.recipe.batch // 2)
        run.notes.append(f"Out of memory: training with {run.recipe.batch} patches a step.")
        return True
    if run.device.kind == "cpu":
        return False
    run.device = choose("cpu")
    run.module.to(run.device.torch)
    run.average.weights = {name: value.cpu() for name, value in run.average.weights.items()}
    for part in run.optimizer.state.values():
        for name, value in part.items():
            part[name] = value.cpu() if isinstance(value, Tensor) else value
    run.notes.append("Out of memory on the accelerator: training on the CPU.")
    return True


def _targets(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Class (255 = ignore) and weight of each pixel of a batch of codes."""
    table = np.zeros(256, np.float32)
    for origin, value in ORIGIN_WEIGHTS.items():
        table[int(origin)] = value
    return classes_of(codes).astype(np.int64), table[codes >> 8]


def _rate(run: _Run) -> float:
    """Warm-up, then a cosine down to a tenth."""
    warm = min(1.0, (run.step + 1) / run.recipe.warm_up)
    return run.recipe.rate * warm * (0.55 + 0.45 * math.cos(math.pi * run.progress))


def _ending(run: _Run, control: Control) -> str:
    if control.stopped():
        return "stopped"
    if not math.isfinite(run.loss):
        return "the loss was no longer a number"
    if run.progress >= 1.0:
        return "the end of the recipe"
    return ""


def _score(run: _Run, network: Network, sampler: Sampler, regions: Sequence[Labelled], held_out: bool) -> Evaluation:
    """Score the averaged weights and remember them if they are the best so far."""
    candidate = Network(copy.deepcopy(run.module), network.card)
    run.average.copy_to(candidate.module)
    reestimate(candidate.module, _plain_batches(run, sampler))
    found = evaluate(candidate, regions, run.device, training=not held_out)
    score = mean_dice(found.pooled) if found.counts else 0.0
    if score > run.best and math.isfinite(run.loss):
        run.best, run.best_step = score, run.step
        run.best_weights = {name: value.detach().cpu().clone() for name, value in candidate.module.state_dict().items()}
    return found


def _plain_batches(run: _Run, sampler: Sampler) -> Iterator[Tensor]:
    for _ in range(20):
        yield torch.from_numpy(np.stack([p for p, _ in sampler.batch(run.recipe.batch)])).to(run.device.torch)


def _on(network: Network, device: Device) -> Network:
    return Network(copy.deepcopy(network.module).to(device.torch).eval(), network.card)


def _outcome(
    run: _Run, network: Network, regions: Sequence[Labelled], champion: Evaluation, held_out: bool, ended_by: str
) -> Outcome:
    module = copy.deepcopy(network.module).cpu()
    if run.best_weights:
        module.load_state_dict(run.best_weights)
    best = Network(module.eval(), network.card)
    found = evaluate(_on(best, run.device), regions, run.device, training=not held_out)
    verdict = judge(champion, found, [name for name, _ in network.card.classes], held_out=held_out)
    card = replace(
        network.card,
        labels=labels_hash(regions),
        seed=run.recipe.seed,
        steps=network.card.steps + run.best_step,
        seconds=run.spent,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        app=__version__,
        metrics={"dice": verdict.challenger, "held_out": held_out, "recipe": asdict(run.recipe), "notes": run.notes},
    )
    return Outcome(Network(module, card), verdict, run.step, run.spent, ended_by)


def _state(run: _Run) -> states.State:
    tensors = {
        **states.pack("module", dict(run.module.state_dict())),
        **states.pack("average", run.average.weights),
        **states.pack("best", run.best_weights),
        **states.pack_optimizer(run.optimizer),
        "torch": torch.get_rng_state(),
    }
    values: dict[str, Any] = {
        "step": run.step, "loss": run.loss, "spent": run.spent, "best": run.best, "best_step": run.best_step,
        "average_steps": run.average.steps, "random": states.random_state(run.random),
    }  # fmt: skip
    return states.State(tensors, values)


def _restore(run: _Run, saved: states.State) -> None:
    """Take over a saved state; the optimiser's moments go where their parameters are."""
    run.module.load_state_dict(states.unpack("module", saved.tensors))
    device = run.device.torch
    run.average.weights = {k: v.to(device) for k, v in states.unpack("average", saved.tensors).items()}
    run.best_weights = states.unpack("best", saved.tensors)
    states.unpack_optimizer(run.optimizer, saved.tensors)
    torch.set_rng_state(saved.tensors["torch"])
    states.restore_random(run.random, saved.values["random"])
    run.average.steps = saved.values["average_steps"]
    run.step, run.loss, run.spent = saved.values["step"], saved.values["loss"], saved.values["spent"]
    run.best, run.best_step = saved.values["best"], saved.values["best_step"]
