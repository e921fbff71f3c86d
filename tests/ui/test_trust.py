"""What the window tells of a model version, and the way to what it would change."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock, call

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel, QWidget

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import Version
from segstudio.ui.learning.predicting import Predicting, Trial
from segstudio.ui.learning.version_changes import VersionChanges
from segstudio.ui.panels.reliability import ReliabilityPlot
from segstudio.ui.panels.version_card import VersionCard
from segstudio.ui.shell.window import MainWindow

BINS = [[(i + 0.5) / 15, i / 15, 100 * i] for i in range(15)]
SCORES = {"ece": 0.12345, "brier": 0.2, "nll": 0.5, "bins": BINS}
METRICS: dict[str, Any] = {
    "interval": (-0.01, 0.05),
    "calibration": {"temperature": 1.7, "pixels": 1000, "before": SCORES, "after": {**SCORES, "ece": 0.01}},
    "worse": [
        {
            "name": "cells.png#0",
            "digest": f"{'0' * 64}:0",
            "box": [0, 0, 64, 64],
            "class_id": 1,
            "before": 0.9,
            "after": 0.7,
        }
    ],
}


def texts(widget: QWidget) -> str:
    return "\n".join(found.text() for found in widget.findChildren(QLabel))


@pytest.fixture
def card(window: MainWindow) -> VersionCard:
    document = window.session.document
    assert document is not None
    document.put_version(Version(1, "f", "d", 0, "champion", "unet", 0.0))
    document.put_version(
        Version(2, "f", "d", 1, "waiting", "unet", 9.0, "In use. Change -0.010 to +0.050 (90 % interval).", METRICS)
    )
    window.monitor.versions.names[2].click()
    return window.findChildren(VersionCard)[-1]


def test_a_click_on_a_version_tells_interval_calibration_and_what_got_worse(card: VersionCard) -> None:
    said = texts(card)
    assert "-0.010 to +0.050 (90 % interval)" in said and "No interval" not in said
    assert "0.1235" in said and "0.0100" in said and "Temperature 1.70" in said
    assert card.findChild(ReliabilityPlot) is not None and not card.grab().isNull()
    assert "0.90 → 0.70" in card.worse[0].text() and "cells.png#0" in card.worse[0].text()


def test_a_click_on_a_worse_region_goes_there(card: VersionCard, window: MainWindow) -> None:
    card.worse[0].click()
    view = window.canvas.view
    assert view.to_image(view.width / 2, view.height / 2) == pytest.approx((32, 32))


def test_the_card_leads_to_what_would_change(card: VersionCard, studio: Mock) -> None:
    card.show_change.click()
    assert studio.mock_calls == [call.comparing.show(2)]


def test_a_version_that_knows_nothing_says_so(window: MainWindow) -> None:
    window.session.document.put_version(Version(1, "f", "d", 0, "champion", "unet", 0.0))  # type: ignore[union-attr]
    window.monitor.versions.names[1].click()
    said = texts(window.findChildren(VersionCard)[-1])
    assert "not calibrated" in said and "No interval" in said and "No held-out region got worse" in said


class Asking(Predicting):
    """A predictor whose version says class 1 everywhere, in one block of 100 x 100."""

    def __init__(self, window: MainWindow) -> None:
        self.asked: list[Trial] = []
        self.window = window
        super(Predicting, self).__init__(window)

    def try_out(self, project: Any, entry: Any, layer: int, visible: Any, trial: Trial) -> None:
        self.asked.append(trial)
        trial.blocks.append((0, 0, np.ones((100, 100), np.uint8)))
        trial.then(entry.id, layer, trial)


def test_only_pixels_that_were_predicted_otherwise_and_not_annotated_are_proposed(window: MainWindow) -> None:
    session, document = window.session, window.session.document
    assert document is not None and session.image is not None
    comparing, version = VersionChanges(session, Asking(window)), Version(2, "f", "d", 1, "waiting", "unet", 0.0)
    refused: list[str] = []
    session.blocked.connect(refused.append)
    session.message.connect(refused.append)
    comparing.compare(version, (0, 0, 120, 160))
    assert session.proposal is None and "no prediction" in refused[-1]
    before = np.full((120, 160), NOTHING, np.uint8)
    before[:50, :60], before[:10, :60] = 0, 1
    document.put_prediction(session.image.id, 1, 0, 0, 0, before, np.zeros_like(before), 1)
    writer = document.begin_edit(session.image.id, 1, "Paint", tool="brush", origin=Origin.PAINTED)
    writer.put(0, 20, 0, np.full((5, 60), 0, np.uint8))
    document.finish_edit(writer)
    comparing.compare(version, (0, 0, 120, 160))
    proposal = session.proposal
    assert proposal is not None and proposal.impact.changed == 35 * 60  # of 50 rows 10 agree and 5 are painted
    assert (proposal.wanted[0, 50:] == NOTHING).all() and "v2" in proposal.title
    assert window.proposal_bar.isVisible() and len(window.proposal_bar.changes()) == 2
    session.proposals.accept()
    assert (session.layer.prediction.read(proposal.box) == before[:100, :100]).all()  # nothing but annotation changed
