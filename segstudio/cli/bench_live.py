"""Learning while painting: from the end of a stroke until what is seen is predicted anew, without and with training."""

from __future__ import annotations

import numpy as np

from segstudio.cli.output import table
from segstudio.ui.bench.live import measure

REFIT, SLOWER = 1000.0, 1.5
"""Milliseconds 95 of 100 refits may take, and how much slower strokes may be while the trainer runs."""


def run(rounds: int) -> int:
    """Print the table; 0 when the goals are met."""
    idle, training, (rows, columns) = measure(4 * rounds)
    lines = [["", "what", "number", "p50 ms", "p95", "p99"]]
    for name, found in (("idle", idle), ("while training", training)):
        for what, times in (("stroke, each move", found.moves), ("refit and predict", found.refits)):
            lines.append(
                [name, what, str(len(times)), *(f"{value:.1f}" for value in np.percentile(times, (50, 95, 99)))]
            )
    print(table(lines, right=2))
    p95 = float(np.percentile(training.refits, 95))
    ratio = float(np.percentile(training.moves, 95) / np.percentile(idle.moves, 95))
    print(f"Seen: {rows} x {columns} pixels. A stroke's moves take {ratio:.2f} times as long while training (p95).")
    missed = [
        text
        for text, bad in (
            (f"refit p95 {p95:.0f} ms of {REFIT:.0f}", p95 > REFIT),
            (f"strokes {ratio:.2f} times as slow", ratio > SLOWER),
        )
        if bad
    ]
    print("Goals met." if not missed else "Missed: " + "; ".join(missed) + ".")
    return int(bool(missed))
