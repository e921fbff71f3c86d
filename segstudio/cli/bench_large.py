"""A GeoTIFF far larger than memory in the real program, and what memory all its processes take."""

from __future__ import annotations

from segstudio.cli.output import table
from segstudio.ui.bench.large import measure

GOAL = 2 * 2**30
"""Bytes that all processes together may take."""


def run(side: int) -> int:
    """Print the table; 0 when the processes never took more than 2 GB together."""
    stages = measure(side)
    rows = [["stage", "s", "all processes MB", "window MB"]]
    rows += [[s.title, f"{s.seconds:.1f}", f"{s.highest / 2**20:.0f}", f"{s.window / 2**20:.0f}"] for s in stages]
    print(f"A tiled GeoTIFF of {side:,} x {side:,} pixels.")
    print(table(rows))
    highest = max(s.highest for s in stages)
    print("Goals met." if highest <= GOAL else f"Missed: {highest / 2**20:.0f} of {GOAL / 2**20:.0f} MB.")
    return int(highest > GOAL)
