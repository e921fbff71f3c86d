"""Commands that lead from region to region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.ui.commands.base import Command, has_document, has_pixels

if TYPE_CHECKING:
    from segstudio.ui.desk import Desk

MINUTES = 10


def is_walking(desk: Desk) -> bool:
    return has_pixels(desk) and desk.guiding.stop_now is not None


REVIEW = (
    Command("region.next", "Image", "Next region to check", lambda desk: desk.guiding.next(), "Tab", has_pixels,
            "Where the model is least sure, or was wrong nearby", "useful", part=3, canvas=True),
    Command("region.previous", "Image", "Previous region", lambda desk: desk.guiding.previous(),
            "Shift+Tab Shift+Backtab", is_walking, icon="previous", part=3, canvas=True),
    Command("region.timed", "Image", f"Check for {MINUTES} minutes", lambda desk: desk.guiding.begin(MINUTES), "",
            has_document,
            "Leads through all predicted images, the most worthwhile regions first, until the time is over", "useful",
            part=3),
)  # fmt: skip
"""Rows of the Image menu."""
