"""Commands that lead from region to region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ui.commands.base import Command, has_document, has_pixels

if TYPE_CHECKING:
    from segstudio.ui.shell.window import MainWindow

MINUTES = 10


def _walking(window: MainWindow) -> bool:
    return has_pixels(window) and window.guiding.stop_now is not None


def _timed(window: MainWindow) -> None:
    window.guiding.begin(MINUTES)


GUIDE = (
    Command("region.next", "Image", "Next region to check", lambda w: w.guiding.next(), "Tab", has_pixels,
            "Where the model is least sure, or was wrong nearby", "useful", part=3, canvas=True),
    Command("region.previous", "Image", "Previous region", lambda w: w.guiding.previous(), "Shift+Tab Shift+Backtab",
            _walking, icon="previous", part=3, canvas=True),
    Command("region.timed", "Image", f"Check for {MINUTES} minutes", _timed, "", has_document,
            "Leads through all predicted images, the most worthwhile regions first, until the time is over", "useful",
            part=3),
)  # fmt: skip
"""Rows of the Image menu."""
