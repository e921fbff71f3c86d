"""A short soak: random work through real events ends with the same bits as a plain numpy model, also on disk."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from segstudio.ui.bench.model import Model
from segstudio.ui.bench.soak import SHAPE, soak


@pytest.mark.parametrize("seed", [11, 12])
def test_random_work_ends_as_the_plain_model_says(qapp: QApplication, seed: int) -> None:
    report = soak(160, seed)
    assert report.strokes > 50
    assert report.differ == 0 and report.differ_on_disk == 0


def test_the_model_would_notice_one_wrong_pixel(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    stroke = Model.stroke

    def wrong(self: Model, *arguments: object) -> None:
        stroke(self, *arguments)  # type: ignore[arg-type]
        self.codes[self.order[0]][0, 0, 0] = 777

    monkeypatch.setattr(Model, "stroke", wrong)
    assert soak(12, 3).differ >= 1
    assert np.prod(SHAPE) < 2_000_000
