"""What the controllers tell the panels: plain values, replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["idle", "waiting", "preparing", "training", "paused", "evaluating", "failed"]


@dataclass(frozen=True, slots=True)
class TrainingState:
    """The trainer as the monitor shows it.

    `loss_curve` holds (step, loss); `score_curve` (step, champion, challenger) mean Dice on held-out pixels;
    `per_class` (name, champion, challenger) Dice. None where a score is not defined. `champion` is the number
    of the model in use, 0 before the first; `total` is 0 where the number of steps is not known.
    """

    phase: Phase = "idle"
    step: int = 0
    total: int = 0
    loss_curve: tuple[tuple[int, float], ...] = ()
    score_curve: tuple[tuple[int, float | None, float | None], ...] = ()
    per_class: tuple[tuple[str, float | None, float | None], ...] = ()
    message: str = ""
    champion: int = 0

    @property
    def running(self) -> bool:
        return self.phase in ("waiting", "preparing", "training", "paused", "evaluating")


@dataclass(frozen=True, slots=True)
class JobState:
    """A long action under way. `total` 0 means that its length is not known."""

    title: str
    done: int = 0
    total: int = 0
    note: str = ""
    cancellable: bool = True


@dataclass(frozen=True, slots=True)
class StoreState:
    """Whether the work is safe. `when` is seconds since the epoch of the last durable change."""

    kind: Literal["none", "stored", "storing", "failed", "read-only"] = "none"
    when: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class PointerPlace:
    """What lies under the pointer; `values` per channel, `class_name` of the mask, empty where there is none."""

    row: int
    column: int
    values: tuple[float, ...] = ()
    class_name: str = ""
    origin: str = ""
    z: int = 0
