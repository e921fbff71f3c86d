"""How a worker process is started: command and environment, the same for the window and the command line."""

from __future__ import annotations

import os
import sys

TUNING = {
    # Large tensors are freed and taken again all the time; giving them back to the kernel each time costs
    # two thirds of the page faults (MODELS.md 3.5).
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    # Threads that wait must sleep, not spin: with one other busy process on two cores a training step takes 0.2 s
    # instead of 1.5 s.
    "OMP_WAIT_POLICY": "PASSIVE",
    "PYTHONUNBUFFERED": "1",
}


def command(role: str) -> list[str]:
    """Program and arguments of a worker: role "reader", "tiles", "builder", "compute" or "trainer"."""
    return [sys.executable, "-m", "segstudio.worker", role]


def environment(role: str, *, device: str = "auto", reader_memory: int = 4 * 2**30) -> dict[str, str]:
    """Environment of a worker; `reader_memory` is the reader's ceiling in bytes."""
    variables = dict(os.environ)
    if role in ("compute", "trainer"):
        variables.update(TUNING)
    variables["SEGSTUDIO_DEVICE"] = device
    variables["SEGSTUDIO_READER_MEMORY"] = str(reader_memory)
    return variables
