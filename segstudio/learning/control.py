"""How a training listens to the world: stop, pause, give way."""

from __future__ import annotations

from typing import Protocol


class TrainingControl(Protocol):
    """Asked between steps. worker.control.Control is one; `Free` never interferes."""

    def cancelled(self) -> bool: ...
    def stopped(self) -> bool: ...
    def paused(self) -> bool: ...
    def yield_now(self) -> None: ...


class Free:
    """Nobody interferes."""

    def cancelled(self) -> bool:
        return False

    def stopped(self) -> bool:
        return False

    def paused(self) -> bool:
        return False

    def yield_now(self) -> None:
        return None
