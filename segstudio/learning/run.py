"""One training while it goes on: everything that changes, and the optimiser's step."""

from __future__ import annotations

import copy
import math
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler

from segstudio.core.codes import Codes, classes_of
from segstudio.learning import resume as states
from segstudio.learning.augment import augment
from segstudio.learning.batchnorm import reestimate
from segstudio.learning.class_weights import border_weights, median_frequency
from segstudio.learning.device import Device, choose, is_out_of_memory
from segstudio.learning.ema import MovingAverage
from segstudio.learning.labelled import Labelled
from segstudio.learning.losses import partial_loss
from segstudio.learning.recipe import ORIGIN_WEIGHTS, Recipe
from segstudio.learning.sampler import Sampler
from segstudio.models.card import Card
from segstudio.models.network import Network

NORM_BATCHES = 20
"""Forward passes that batch norm statistics are estimated from (MODELS.md E4)."""


Mark = tuple[int, float, float]


@dataclass(slots=True)
class Run:
    """What changes while a training goes on. `loss` is smoothed over about ten steps, `spent` is in seconds.

    `marks` say how the learning rate followed the clock: rows (step, share of `recipe.seconds` that was over,
    share for each step from there on). With `replayed` they are read instead of written. `balance` is the weight of
    each class, where the recipe balances them.
    """

    recipe: Recipe
    device: Device
    module: nn.Module
    optimizer: torch.optim.Optimizer
    average: MovingAverage
    scaler: GradScaler
    random: np.random.Generator
    step: int = 0
    loss: float = 0.0
    spent: float = 0.0
    best: float = -1.0
    best_step: int = 0
    best_weights: dict[str, Tensor] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    replayed: bool = False
    balance: tuple[float, ...] = ()
    backed_off: bool = False

    @property
    def over(self) -> bool:
        """Whether steps or time are used up."""
        recipe = self.recipe
        return bool((recipe.steps and self.step >= recipe.steps) or (recipe.seconds and self.spent >= recipe.seconds))

    @property
    def progress(self) -> float:
        """Share of the run that is over, by steps or by the time planned for them, whichever is further.

        It depends on the step and the marks alone, so that a run can be repeated bit for bit.
        """
        by_steps = self.step / self.recipe.steps if self.recipe.steps else 0.0
        place = bisect(self.marks, self.step, key=lambda mark: mark[0])
        at, share, pace = self.marks[place - 1] if place else (0, 0.0, 0.0)
        return min(1.0, max(by_steps, share + (self.step - at) * pace))

    def mark(self) -> None:
        """Look at the clock, ever more seldom: at each of the first 20 steps, then where the run is 5 % longer."""
        due = self.step >= 1.05 * (self.marks[-1][0] if self.marks else 0)
        if self.recipe.seconds and self.step and due and not self.replayed:
            share = self.spent / self.recipe.seconds
            self.marks.append((self.step, share, share / self.step))

    @property
    def rate(self) -> float:
        """Learning rate of the next step: warm-up, then a cosine down to a tenth."""
        warm = min(1.0, (self.step + 1) / self.recipe.warm_up)
        return self.recipe.rate * warm * (0.55 + 0.45 * math.cos(math.pi * self.progress))


def begin(module: nn.Module, recipe: Recipe, device: Device, *, trained: bool = False) -> Run:
    """A run at its start, on a copy of `module`; `trained` is whether its weights have learnt something."""
    torch.manual_seed(recipe.seed)
    module = copy.deepcopy(module).to(device.torch).train()
    learnt = [p for p in module.parameters() if p.requires_grad]
    optimizer: torch.optim.Optimizer = (
        torch.optim.SGD(learnt, lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.decay)
        if recipe.momentum
        else torch.optim.AdamW(learnt, lr=recipe.rate, weight_decay=recipe.decay)
    )
    average = MovingAverage(module, recipe.ema, trained=trained)
    return Run(recipe, device, module, optimizer, average, device.scaler(), np.random.default_rng(recipe.seed))


def begin_sampling(run: Run, regions: Sequence[Labelled], card: Card) -> Sampler:
    """What the run draws its patches from; weighs the classes where the recipe balances them."""
    if run.recipe.median:
        run.balance = median_frequency([region.training_codes() for region in regions], len(card.classes))
    return Sampler(regions, run.recipe.tile, card.scaling, run.random, card.channels)


def step(run: Run, sampler: Sampler) -> bool:
    """One optimiser step. False where memory ran out: the next one has a smaller batch, or is on the CPU."""
    pixels, target, weight = _batch(run, sampler)
    for group in run.optimizer.param_groups:
        group["lr"] = run.rate
    run.module.train()
    run.optimizer.zero_grad(set_to_none=True)
    try:
        with run.device.autocast():
            logits = run.module(pixels)
        loss = partial_loss(logits, target, weight, soft_dice=run.recipe.soft_dice)
        run.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        run.scaler.unscale_(run.optimizer)
        nn.utils.clip_grad_norm_(run.module.parameters(), run.recipe.clip)
        run.scaler.step(run.optimizer)
        run.scaler.update()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or not _back_off(run):
            raise
        return False
    run.average.update(run.module)
    run.step += 1
    value = float(loss.detach())
    run.loss = value if run.step == 1 else 0.9 * run.loss + 0.1 * value
    return True


def averaged(run: Run, card: Card, sampler: Sampler) -> Network:
    """The run's averaged weights as a network, with batch norm statistics estimated anew."""
    network = Network(copy.deepcopy(run.module), card)
    run.average.copy_to(network.module)
    # Patches of their own: how often is scored must not change what is trained on.
    patches = sampler.twin(np.random.default_rng([run.recipe.seed, 1]))
    reestimate(network.module, _plain_batches(run, patches, NORM_BATCHES))
    return network


def _plain_batches(run: Run, sampler: Sampler, count: int) -> Iterator[Tensor]:
    """Batches of pixels without augmentation, on the run's device."""
    for _ in range(count):
        yield torch.from_numpy(np.stack([p for p, _ in sampler.batch(run.recipe.batch)])).to(run.device.torch)


def _batch(run: Run, sampler: Sampler) -> tuple[Tensor, Tensor, Tensor]:
    """Augmented pixels (N, channels, H, W), classes (N, H, W; 255 = ignore) and weights (N, H, W)."""
    recipe = run.recipe
    patches = [
        augment(
            patch, run.random, contrast=recipe.contrast, noise=recipe.noise, warp=recipe.warp, elastic=recipe.elastic
        )
        for patch in sampler.batch(recipe.batch)
    ]
    target, weight = targets(np.stack([codes for _, codes in patches]))
    if run.balance:
        weight *= np.array([*run.balance, *[0.0] * (256 - len(run.balance))], np.float32)[target]
    if recipe.border:
        weight *= np.stack([border_weights(codes, recipe.border) for _, codes in patches])
    arrays = (np.stack([pixels for pixels, _ in patches]), target, weight)
    pixels, classes, weights = (torch.from_numpy(array).to(run.device.torch) for array in arrays)
    return pixels, classes, weights


def targets(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Class (255 = ignore) and weight of each pixel, by its code."""
    table = np.zeros(256, np.float32)
    for origin, value in ORIGIN_WEIGHTS.items():
        table[int(origin)] = value
    return classes_of(codes).astype(np.int64), table[codes >> 8]


def _back_off(run: Run) -> bool:
    """Halve the batch after memory ran out, then move to the CPU; False when nothing is left to try."""
    run.backed_off = True
    if run.device.kind == "cuda":
        torch.cuda.empty_cache()
    if run.recipe.batch > 1:
        run.recipe = replace(run.recipe, batch=run.recipe.batch // 2)
        run.notes.append(f"Out of memory: training with {run.recipe.batch} patches a step.")
        return True
    if run.device.kind == "cpu":
        return False
    run.device = choose("cpu")
    run.scaler = run.device.scaler()
    run.module.to(run.device.torch)
    run.average.weights = {name: value.cpu() for name, value in run.average.weights.items()}
    for part in run.optimizer.state.values():
        for name, value in part.items():
            part[name] = value.cpu() if isinstance(value, Tensor) else value
    run.notes.append("Out of memory on the accelerator: training on the CPU.")
    return True


def to_state(run: Run, key: str) -> states.State:
    """The run as tensors and plain values; `key` says which training it belongs to."""
    tensors = {
        **states.pack("module", dict(run.module.state_dict())),
        **states.pack("average", run.average.weights),
        **states.pack("best", run.best_weights),
        **states.pack_optimizer(run.optimizer),
        "torch": torch.get_rng_state(),
    }
    values: dict[str, Any] = {
        "key": key, "step": run.step, "loss": run.loss, "spent": run.spent, "best": run.best,
        "best_step": run.best_step, "average_steps": run.average.steps, "random": states.random_state(run.random),
        "scaler": run.scaler.state_dict(), "notes": run.notes,
        "marks": run.marks, "backed_off": run.backed_off,
    }  # fmt: skip
    return states.State(tensors, values)


def restore(run: Run, saved: states.State, key: str) -> bool:
    """Take over a saved state; False, and nothing changed, if it belongs to another training."""
    if saved.values.get("key") != key:
        return False
    run.module.load_state_dict(states.unpack("module", saved.tensors))
    device = run.device.torch
    run.average.weights = {k: v.to(device) for k, v in states.unpack("average", saved.tensors).items()}
    run.best_weights = states.unpack("best", saved.tensors)
    states.unpack_optimizer(run.optimizer, saved.tensors)
    torch.set_rng_state(saved.tensors["torch"])
    states.restore_random(run.random, saved.values["random"])
    if saved.values["scaler"]:
        run.scaler.load_state_dict(saved.values["scaler"])
    run.average.steps = saved.values["average_steps"]
    run.step, run.loss, run.spent = saved.values["step"], saved.values["loss"], saved.values["spent"]
    run.best, run.best_step = saved.values["best"], saved.values["best_step"]
    run.notes, run.backed_off = list(saved.values["notes"]), bool(saved.values.get("backed_off"))
    run.marks = [(int(at), float(share), float(pace)) for at, share, pace in saved.values.get("marks", [])]
    return True
