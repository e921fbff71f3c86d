"""An hour of random work, replayed fast through real events, compared with a plain numpy model of the document."""

from __future__ import annotations

import time

from segstudio.cli.output import table
from segstudio.ui.bench.soak import ACTIONS_PER_HOUR, soak

MOST_GROWTH = 32 * 2**20
"""Bytes of resident memory that may be gained after the first tenth."""


def run(rounds: int) -> int:
    """Print the table; 0 when every pixel agrees, in the window and on disk, and memory did not grow.

    `rounds` is the seed's number: each is another hour.
    """
    start = time.perf_counter()
    report = soak(ACTIONS_PER_HOUR, seed=rounds)
    megabytes = [f"{value / 2**20:.0f}" for value in report.memory]
    print(table([
        ["what", "found"],
        ["actions, strokes", f"{report.actions:,}, {report.strokes:,}"],
        ["pixels that differ from the model", f"{report.differ:,}"],
        ["pixels that differ after reading the project again", f"{report.differ_on_disk:,}"],
        ["resident MB after each tenth", " ".join(megabytes)],
        ["gained after the first tenth, MB", f"{report.growth / 2**20:.1f}"],
        ["seconds", f"{time.perf_counter() - start:.0f}"],
    ]))  # fmt: skip
    good = not report.differ and not report.differ_on_disk and report.growth <= MOST_GROWTH
    print("Goals met." if good else "Missed.")
    return int(not good)
