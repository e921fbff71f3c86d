"""A logout, `kill` and Ctrl+C in the terminal close the window as its button does."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

NAMES = ("SIGTERM", "SIGHUP", "SIGINT")


class Signals(QObject):
    """Calls `close` in the event loop when the process is asked to end.

    Python runs a handler only between two of its instructions, and the loop is Qt's: what wakes it is the byte that
    Python writes to a socket at once.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        super().__init__()
        self._close = close
        self._inner, self._outer = socket.socketpair()
        for end in (self._inner, self._outer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._outer.fileno(), warn_on_full_buffer=False)
        for name in NAMES:
            if number := getattr(signal, name, None):
                signal.signal(number, lambda *_: None)
        self._notifier = QSocketNotifier(self._inner.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)

    def _woken(self, *_: object) -> None:
        self._inner.recv(64)
        self._close()
