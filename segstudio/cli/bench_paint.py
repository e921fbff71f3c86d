"""Brush events through the real mouse-event path until the repaint is done, beside the raw Qt floor."""

from __future__ import annotations

import numpy as np

from segstudio.cli.output import table
from segstudio.ui.bench.paint import LAYERS, RADII, SIDES, measure


def run(rounds: int) -> int:
    """Print the table; 0 when the goals are met: p50 <= 2x and p99 <= 3x the floor at 4,096, no growth over 20 %."""
    times = measure(50 * rounds)
    rows = [["radius", "image", "layers", "p50 ms", "p95", "p99", "p50 / floor", "p99 / floor", "undo ms"]]
    missed = []
    for (radius, side, layers), (events, undo) in times.items():
        floor = times[radius, 0, 0][0]
        p50, p95, p99 = np.percentile(events, (50, 95, 99))
        ratio50, ratio99 = p50 / np.percentile(floor, 50), p99 / np.percentile(floor, 99)
        name = f"{side:,}²" if side else "raw Qt floor"
        told = [f"{ratio50:.2f}", f"{ratio99:.2f}", f"{undo:.1f}"] if side else ["1", "1", ""]
        rows.append([str(radius), name, str(layers or ""), *(f"{value:.2f}" for value in (p50, p95, p99)), *told])
        if side == SIDES[0] and layers == 1 and (ratio50 > 2 or ratio99 > 3):
            missed.append(f"radius {radius}: {ratio50:.2f} and {ratio99:.2f} times the floor")
        if side and radius <= 200 and p99 > 16:
            missed.append(f"radius {radius} at {side:,}: p99 {p99:.1f} ms")
    for radius in RADII:
        for layers in LAYERS:
            small, large = (np.median(times[radius, side, layers][0]) for side in (SIDES[0], SIDES[-1]))
            if large > 1.2 * small:
                missed.append(f"radius {radius}, {layers} layers: grows {large / small:.2f} times to {SIDES[-1]:,}")
    print(table(rows))
    print("Goals met." if not missed else "Missed: " + "; ".join(missed) + ".")
    return int(bool(missed))
