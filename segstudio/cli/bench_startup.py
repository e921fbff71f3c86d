"""From command to first paint, beside a bare PySide6 + numpy window, in turns in one run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from segstudio.cli.output import table

BARE = """
import numpy, sys, os
from PySide6.QtWidgets import QApplication, QWidget
class Bare(QWidget):
    def paintEvent(self, event):
        os.write(1, b"painted\\n"); os._exit(0)
app = QApplication([]); window = Bare(); window.resize(1280, 800); window.show(); app.exec()
"""


def run(rounds: int) -> int:
    """Print the table; 0 when the window is within twice the bare one."""
    bare, ours = measure(rounds)
    ratio = statistics.median(ours) / statistics.median(bare)
    rows = [["window", "median s", "fastest s"]]
    for name, times in (("bare PySide6 + numpy", bare), ("SegStudio, empty", ours)):
        rows.append([name, f"{statistics.median(times):.3f}", f"{min(times):.3f}"])
    print(table(rows))
    print(f"ratio of medians {ratio:.2f} (goal: at most 2), {rounds} rounds in turns")
    return 0 if ratio <= 2 else 1


def measure(rounds: int) -> tuple[list[float], list[float]]:
    """Seconds from starting the process to its first paint: the bare window's and ours."""
    _time([sys.executable, "-c", BARE])  # fill the disk cache
    _time([sys.executable, "-m", "segstudio"])
    bare, ours = [], []
    for _ in range(rounds):
        bare.append(_time([sys.executable, "-c", BARE]))
        ours.append(_time([sys.executable, "-m", "segstudio"]))
    return bare, ours


def _time(command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ, "SEGSTUDIO_EXIT_AFTER_PAINT": "1", "SEGSTUDIO_HOME": home, "XDG_CONFIG_HOME": home,
            "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        }  # fmt: skip
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return time.perf_counter() - start
