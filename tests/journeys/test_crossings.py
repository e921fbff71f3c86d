"""Every pair of features, in any order, in the real window: the crossings in `_crossings.py`, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.codes import Origin, encode

from ._plain import Plain, State, Stroke

HERE = Path(__file__).parent
ACTIONS = int(os.environ.get("CROSSINGS_ACTIONS", "300"))
"""20,000 for docs/reliability.md, with seeds 1 to 20."""


@pytest.mark.journey
@pytest.mark.timeout(600)
def test_no_crossing_of_two_features_breaks() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONFAULTHANDLER": "1"}
    run = subprocess.run(
        [sys.executable, str(HERE / "_crossings.py"), "--actions", str(ACTIONS), "--each", "60", "--seed", "20"],
        env=environment, capture_output=True, text=True, check=False, cwd=HERE.parents[1],
    )  # fmt: skip
    assert run.returncode == 0, f"{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
    assert "no fault" in run.stdout.splitlines()[-1]


def state(*codes: int) -> State:
    return State((0, 1), {1: (1,)}, {(1, 1): np.array([[codes]], np.uint16)})


def test_the_plain_model_tells_one_wrong_pixel() -> None:
    assert state(0, 256, 257).difference(state(0, 256, 257)) == ""
    assert "1 pixels" in state(0, 256, 257).difference(state(0, 256, 256))
    assert "classes" in State((0,), {}, {}).difference(State((0, 1), {}, {}))


def test_a_plain_stroke_is_every_pixel_within_its_radius() -> None:
    empty = State((0, 1), {1: (1,)}, {(1, 1): np.zeros((1, 9, 9), np.uint16)})
    drawn = Stroke((1, 1), 0, 2.0, encode(1, Origin.PAINTED), [(4.5, 2.5), (4.5, 6.5)]).on(empty).codes[1, 1][0]
    assert [int(row.astype(bool).sum()) for row in drawn] == [0, 0, 5, 7, 9, 7, 5, 0, 0]
    assert not empty.codes[1, 1].any(), "states are never changed in place"


def test_the_plain_history_forgets_what_was_undone_when_something_new_is_done() -> None:
    plain = Plain(state(0))
    plain.push(state(1))
    plain.step(-1)
    plain.push(state(2))
    assert plain.position == 1 and len(plain.steps) == 2 and plain.state.codes[1, 1].item() == 2
