"""Receipt: everything a model version was made from, so that it can be made again."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import platform
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

import segstudio
from segstudio.core.codes import NOTHING, classes_of
from segstudio.learning.labelled import BLOCK, SHARE, Labelled, labels_hash
from segstudio.learning.run import Run
from segstudio.models.network import Network
from segstudio.models.weights import weights_hash


def receipt(run: Run, start: Network, best: Network, regions: Sequence[Labelled], ended_by: str) -> dict[str, Any]:
    """The table that the card of `best` carries. `start` is the network the run began from.

    `weights` and `start` are sha256 over names and values of all tensors; `schedule` holds the rows (step, share
    of the time over, share for each step) that a clocked learning rate followed.
    """
    return {
        "labels": labels_hash(regions),
        "split": split(regions),
        "seed": run.recipe.seed,
        "code": {"version": segstudio.__version__, "commit": commit()},
        "start": weights_hash(start.module),
        "weights": weights_hash(best.module),
        "recipe": json.loads(json.dumps(dataclasses.asdict(run.recipe))),
        "schedule": [list(mark) for mark in run.marks],
        "steps": run.step,
        "best_step": run.best_step,
        "seconds": run.spent,
        "ended_by": ended_by,
        "out_of_memory": run.backed_off,
        "device": {"kind": run.device.kind, "name": run.device.title, "threads": torch.get_num_threads()},
        "libraries": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "machine": f"{platform.system()} {platform.machine()}",
    }


def split(regions: Sequence[Labelled]) -> dict[str, Any]:
    """How labelled pixels were divided: the rule, how many on each side, and a sha256 of every region's part."""
    training = validation = 0
    digest = hashlib.sha256()
    for region in regions:
        known = classes_of(region.codes) != NOTHING
        training += int((known & ~region.validation).sum())
        validation += int((known & region.validation).sum())
        digest.update(f"{region.role}:{region.digest}:{region.offset}:{region.codes.shape};".encode())
        digest.update(np.packbits(region.validation).tobytes())
    return {
        "block": BLOCK, "share": 1 / SHARE, "training_pixels": training, "validation_pixels": validation,
        "sha256": digest.hexdigest(),
    }  # fmt: skip


@cache
def commit() -> str:
    """The git commit this program runs from, "+" after it where files were changed; "" where there is none."""
    folder = Path(segstudio.__file__).parents[1]
    if not (folder / ".git").exists():
        return ""
    try:
        head, changes = (
            subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=10, check=True)
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return head.stdout.strip() + ("+" if changes.stdout.strip() else "")
