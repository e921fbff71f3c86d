"""A logout, `kill` and Ctrl+C in the terminal close the window as its button does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

NAMES = ("SIGTERM", "SIGHUP", "SIGINT")


class QuitSignals(QObject):
    """Calls `close` in the event loop when the process is asked to end.

    Python runs a handler only between two of its instructions, and the loop is Qt's: what wakes it is the byte that
    Python writes to a pipe at once. Does nothing on Windows, which has no such signals.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        super().__init__()
        self._close = close
        if os.name != "posix":
            return
        self._inner, outer = os.pipe()
        os.set_blocking(self._inner, False)
        os.set_blocking(outer, False)
        signal.set_wakeup_fd(outer, warn_on_full_buffer=False)
        for name in NAMES:
            signal.signal(getattr(signal, name), lambda *_: None)
        self._notifier = QSocketNotifier(self._inner, QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)

    def _woken(self, *_: object) -> None:
        os.read(self._inner, 64)
        self._close()
