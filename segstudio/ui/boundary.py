"""The boundary between Qt and Python: no exception of a handler goes back into Qt."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def guarded(handler: Callable[P, R]) -> Callable[P, R]:
    """Decorates what Qt calls: an exception is handed to `sys.excepthook`, which shows it, and work goes on.

    Each override of an event handler has it (tests/architecture/test_boundary.py). `event()` is never overridden: on
    Python 3.11 with PySide6 6.11 an exception that C code raises under one ends the process
    (docs/decisions/0012-exceptions-end-at-the-handler.md).
    """

    @wraps(handler)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except Exception:
            sys.excepthook(*sys.exc_info())
            return False  # type: ignore[return-value]  # a filter lets the event go on; of others Qt takes nothing

    return call
