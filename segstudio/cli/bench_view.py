"""Frames while panning, zooming and scrolling slices in a window of 1920 x 1080 with three mask layers."""

from __future__ import annotations

import numpy as np

from segstudio.cli.output import table
from segstudio.ui.bench.view import measure

FRAME = 16.0
"""Milliseconds of a frame at 60 a second."""


def run(rounds: int) -> int:
    """Print the table; 0 when 95 of 100 frames take less than 16 ms."""
    rows = [["image", "what", "frames", "p50 ms", "p95", "p99", "slowest"]]
    missed = []
    for (shape, what), times in measure(60 * rounds).items():
        p50, p95, p99 = np.percentile(times, (50, 95, 99))
        name = " × ".join(f"{side:,}" for side in shape if side > 1)
        rows.append([name, what, str(len(times)), *(f"{value:.1f}" for value in (p50, p95, p99, times.max()))])
        if p95 > FRAME:
            missed.append(f"{what} at {name}: p95 {p95:.1f} ms")
    print(table(rows, right=2))
    print("Goals met." if not missed else "Missed: " + "; ".join(missed) + ".")
    return int(bool(missed))
