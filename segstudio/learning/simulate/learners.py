"""Learners: what turns annotation into predictions, all behind one small face."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np

from segstudio.errors import UserError
from segstudio.learning.device import Device
from segstudio.learning.finetune import Outcome, finetune
from segstudio.learning.labelled import Labelled, check_labels
from segstudio.learning.predict import BoxTuple, Predictor, Probabilities, predict
from segstudio.learning.quick import QuickHead, fresh_trunk
from segstudio.learning.recipe import preset
from segstudio.learning.simulate.picture import SimulatedImage
from segstudio.models.network import Network

Classes = tuple[tuple[str, str], ...]

CONTEXT = 32
"""Pixels around a part of a picture that a network sees with it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a learner starts from: makes the starting network (`start`), and has `steps`, or `seconds` if more than 0,
    each round."""

    classes: Classes
    start: Callable[[], Network]
    device: Device
    steps: int = 40
    seconds: float = 0.0
    seed: int = 0


class SimulatedLearner(Protocol):
    """Learns from annotated regions. `ready` is whether it can predict."""

    ready: bool

    def begin(self, setting: Setting) -> None:
        """Forget everything."""

    def update(self, regions: Sequence[Labelled]) -> float:
        """Learn at the end of a round; returns seconds of compute."""

    def refresh(self, regions: Sequence[Labelled]) -> float:
        """Learn what can be learnt within a stroke; returns seconds of compute, 0 where nothing was."""

    def probabilities(self, picture: SimulatedImage) -> Probabilities:
        """(classes, rows, columns), sum 1."""

    def glance(self, picture: SimulatedImage, box: BoxTuple) -> Probabilities:
        """The same for a part of a picture only, where that is cheaper."""


class Finetune:
    """The network, fine-tuned each round from the last version that passed the gate."""

    def begin(self, setting: Setting) -> None:
        self._setting = setting
        self.network = setting.start()
        self._rounds = 0
        self.ready = self.network.card.steps > 0

    def update(self, regions: Sequence[Labelled]) -> float:
        start, s = time.perf_counter(), self._setting
        self._rounds += 1
        limits: dict[str, Any] = {"steps": 0, "seconds": s.seconds} if s.seconds else {"steps": s.steps, "seconds": 0.0}
        recipe = preset("light", seed=s.seed * 1000 + self._rounds, patience=10**6, **limits)
        if enough(regions, s.classes):
            *_, outcome = finetune(self.network, regions, recipe, device=s.device)
            assert isinstance(outcome, Outcome)
            if outcome.verdict.accepted:
                self.network, self.ready = outcome.network, True
        return time.perf_counter() - start

    def refresh(self, regions: Sequence[Labelled]) -> float:
        return 0.0

    def probabilities(self, picture: SimulatedImage) -> Probabilities:
        return whole(Predictor(self.network, self._setting.device), picture)

    def glance(self, picture: SimulatedImage, box: BoxTuple) -> Probabilities:
        return part(Predictor(self.network, self._setting.device), picture, box)


class Head:
    """The quick head alone; its trunk is the starting network if that was trained, and never changes."""

    def begin(self, setting: Setting) -> None:
        start = setting.start()
        usable = start.card.steps > 0 and start.card.architecture == "unet"
        weights = "starter" if "starter" in start.card.metrics else "random"
        trunk = start if usable else fresh_trunk(start.card, weights)
        self._setting, self._start = setting, start
        self._head = QuickHead(trunk, setting.device, seed=setting.seed)
        self._predictor = Predictor(start, setting.device)
        self.ready = start.card.steps > 0

    @property
    def champion(self) -> Network | None:
        """The network whose opinion is blended with the head's."""
        return None

    def update(self, regions: Sequence[Labelled]) -> float:
        return self.refresh(regions)

    def refresh(self, regions: Sequence[Labelled]) -> float:
        start = time.perf_counter()
        self._head.learn(regions)
        if len(self._head.classes) >= 2:
            self._head.refit(range(len(self._setting.classes)))
            found = self._head.network(self._start.card, self.champion)
            self._predictor, self.ready = Predictor(found, self._setting.device), True
        return time.perf_counter() - start

    def probabilities(self, picture: SimulatedImage) -> Probabilities:
        return whole(self._predictor, picture)

    def glance(self, picture: SimulatedImage, box: BoxTuple) -> Probabilities:
        return part(self._predictor, picture, box)


class Loop(Head):
    """What the window does: a quick head after each stroke, and fine-tuning beside it each round."""

    def begin(self, setting: Setting) -> None:
        super().begin(setting)
        self._slow = Finetune()
        self._slow.begin(setting)

    @property
    def champion(self) -> Network | None:
        return self._slow.network

    def update(self, regions: Sequence[Labelled]) -> float:
        return self._slow.update(regions) + self.refresh(regions)


LEARNERS: dict[str, str] = {
    "loop": "segstudio.learning.simulate.learners:Loop",
    "finetune": "segstudio.learning.simulate.learners:Finetune",
    "head": "segstudio.learning.simulate.learners:Head",
    "forest": "segstudio.learning.simulate.forest:Forest",
    "threshold": "segstudio.learning.simulate.threshold:Threshold",
}
"""What each name makes, as "module:class"; imported when it is asked for."""


def make(name: str) -> SimulatedLearner:
    """A learner by name. Raises UserError naming the known ones."""
    if name not in LEARNERS:
        raise UserError(f"There is no learner “{name}”.", hint=f"Choose {', '.join(LEARNERS)}.")
    module, _, made = LEARNERS[name].partition(":")
    learner: SimulatedLearner = getattr(import_module(module), made)()
    return learner


def enough(regions: Sequence[Labelled], classes: Classes) -> bool:
    """Whether the gate's rules let a network learn from these regions."""
    try:
        check_labels(regions, [name for name, _ in classes])
    except UserError:
        return False
    return True


def whole(predictor: Predictor, picture: SimulatedImage) -> Probabilities:
    """The prediction of a whole picture (classes, rows, columns)."""
    found = np.empty((len(predictor.network.card.classes), *picture.truth.shape), np.float32)
    for block in predict(predictor, picture.pixels, picture.ranges):
        top, left, bottom, right = block.box
        found[:, top:bottom, left:right] = block.probabilities
    return found


def part(predictor: Predictor, picture: SimulatedImage, box: BoxTuple) -> Probabilities:
    """The prediction of a part of a picture, seen with CONTEXT pixels around it."""
    top, left, bottom, right = box
    start_row, start_column = max(0, top - CONTEXT), max(0, left - CONTEXT)
    found = whole(predictor, picture.part(start_row, start_column, bottom + CONTEXT, right + CONTEXT))
    return found[:, top - start_row : bottom - start_row, left - start_column : right - start_column]
