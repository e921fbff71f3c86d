"""Who a job is done for, and how everything that is done for it ends at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Protocol

from segstudio.core.events import Event


def _never() -> bool:
    return False


class Jobs:
    """What is under way for one owner: how each is cancelled, and whether it may outlast the owner's being shown."""

    def __init__(self) -> None:
        self.ended: Event[None] = Event()
        """Nothing is under way any more."""
        self._entries: dict[int, tuple[Callable[[], object], Callable[[], bool]]] = {}
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, cancel: Callable[[], object], lasting: Callable[[], bool] = _never) -> Callable[[], None]:
        """Note what has begun and how it is cancelled; call the result once it is over."""
        number = next(self._numbers)
        self._entries[number] = cancel, lasting

        def over() -> None:
            if self._entries.pop(number, None) is not None and not self._entries:
                self.ended.emit(None)

        return over

    def cancel(self, *, all_: bool = True) -> None:
        """End all of it, the newest first, or all but what is lasting."""
        for number in reversed(tuple(self._entries)):
            cancel, lasting = self._entries.get(number, (None, _never))
            if cancel is not None and (all_ or not lasting()):
                del self._entries[number]
                cancel()


class Owner(Protocol):
    """An open project, as far as the workers are concerned. Nothing is begun for one that is closed."""

    @property
    def closed(self) -> bool: ...
    @property
    def jobs(self) -> Jobs: ...
