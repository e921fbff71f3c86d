"""The score of a classical method beside the network's: what is no class of the project is wrong, and no reason to fail."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import NOTHING
from segstudio.ui.methods.classical_methods import _dice

TRUTH = np.array([0, 0, 1, 1, NOTHING], np.uint8)


@pytest.mark.parametrize(
    ("said", "ids", "scores"),
    [
        ([0, 0, 1, 1, 1], [0, 1], {0: 1.0, 1: 1.0}),
        ([0, 1, 1, 1, 0], [0, 1], {0: 2 / 3, 1: 0.8}),
        ([0, 3, 3, 1, 3], [0, 1], {0: 2 / 3, 1: 2 / 3}),  # three thresholds in a project of one class
        ([0, 1, 1, 1, 1], [0], {0: 2 / 3}),  # the classes were undone
        ([0, 0, 1, 1, 0], [0, 1, 4], {0: 1.0, 1: 1.0, 4: None}),
    ],
)
def test_dice_of_a_method(said: list[int], ids: list[int], scores: dict[int, float | None]) -> None:
    assert _dice(TRUTH, np.array(said, np.uint8), ids) == pytest.approx(scores)
