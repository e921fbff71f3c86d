"""Open the window, or say in one sentence why there is none."""

from __future__ import annotations

import os
import sys

from segstudio.errors import UserError


def open_window(paths: list[str], *, sample: bool = False, offscreen: str | None = None) -> int:
    """The window on `paths` or the sample project; with `offscreen`, rendered to that PNG instead of shown.

    Raises UserError where there is no display.
    """
    if offscreen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif not _has_display():
        raise UserError(
            "There is no display to open a window on.",
            hint="`make run OFFSCREEN=1` (or `segstudio demo --offscreen window.png`) renders it to a file.",
        )
    from segstudio.ui.shell.app import main

    return main(paths, sample=sample, offscreen=offscreen)


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
