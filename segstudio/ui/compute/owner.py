"""Who a job is done for, and how everything that is done for it ends at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Protocol


class Jobs:
    """What is under way for one owner; each entry is a callable that cancels it."""

    def __init__(self) -> None:
        self._cancels: dict[int, Callable[[], object]] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._cancels)

    def add(self, cancel: Callable[[], object]) -> Callable[[], object]:
        """Note what has begun and how it is cancelled; call the result once it is over."""
        number = next(self._numbers)
        self._cancels[number] = cancel
        return lambda: self._cancels.pop(number, None)

    def cancel(self) -> None:
        """End all of it, the newest first."""
        while self._cancels:
            self._cancels.popitem()[1]()


class Owner(Protocol):
    """An open project, as far as the workers are concerned. Nothing is begun for one that is closed."""

    @property
    def closed(self) -> bool: ...
    @property
    def jobs(self) -> Jobs: ...
