"""Resident memory while 1,000 strokes are painted all over an image of 100,000 x 100,000 pixels."""

from __future__ import annotations

from segstudio.cli.output import table
from segstudio.settings import Settings
from segstudio.ui.bench.memory import measure

STROKES = 1000
ROOM = 300
"""Megabytes above the budget for pixels that the program itself may take."""


def run(rounds: int) -> int:
    """Print the table; 0 when the process never took more than the budget for pixels and 300 MB."""
    budget = Settings().pixel_megabytes
    before, *tenths, highest = (value / 2**20 for value in measure(STROKES))
    print(table([
        ["what", "MB"],
        ["resident before the first stroke", f"{before:.0f}"],
        ["after each tenth", " ".join(f"{value:.0f}" for value in tenths)],
        ["highest", f"{highest:.0f}"],
        ["goal", f"{budget + ROOM}"],
    ]))  # fmt: skip
    print("Goals met." if highest <= budget + ROOM else "Missed.")
    return int(highest > budget + ROOM)
