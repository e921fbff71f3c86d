"""A model trained in the window: what it would change, and the same weights again from the project on disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.cli.main import run

from .conftest import User

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


def test_a_version_trained_in_the_window_is_replayed_from_the_project(
    user: User,
    isbi: Callable[[int], tuple[Path, NDArray[np.uint8]]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, truth = isbi(0)
    user.session.settings = user.session.settings.with_(train_seconds=8)
    user.studio.new_project(tmp_path / "project")
    user.open(path, isbi(1)[0])
    user.show(1)
    document = user.session.document
    assert document is not None
    writer = user.session.begin_edit("Paint", tool="brush")
    writer.put(0, 0, 0, truth[:320, :448])
    user.session.finish_edit(writer)
    user.studio.training.start()
    user.wait(lambda: 2 in document.versions and not user.studio.training.running, 240)
    version = document.versions[2]
    assert version.metrics["ended_by"] == "the end of the recipe", version.verdict
    assert version.metrics["calibration"]["pixels"] >= 500 and version.verdict
    user.wait(lambda: not user.studio.predicting.busy, 120)
    assert isinstance(version.metrics["worse"], list)
    digest = document.images[1].digest
    user.show(2)
    for box in ((100, 120, 140, 160), (300, 320, 340, 360)):  # from another image, and inside the shown one
        user.window.show_region(f"{digest}:0", box)
        user.wait(lambda: user.session.image is not None and user.session.image.id == 1)
        view = user.canvas.view
        user.wait(lambda: user.session.pixels is not None)
        middle = view.to_image(view.width / 2, view.height / 2)
        assert middle == pytest.approx((box[0] + 20, box[1] + 20), abs=2)
    user.canvas.fit()
    if not user.session.layer.prediction.is_empty():
        user.studio.comparing.show(1)
        user.wait(lambda: user.session.proposal is not None, 120)
        assert "v1" in user.session.proposal.title and user.session.proposal.impact.changed > 0
        user.session.proposals.discard()
    writer = user.session.begin_edit("More", tool="brush")
    writer.put(0, 300, 300, np.ones((20, 20), np.uint8))  # the labels of today are not what is replayed
    user.session.finish_edit(writer)
    user.studio.projects.close()
    assert run(["replay", str(tmp_path / "project"), "--version", "2"]) == 0
    assert "bit-identical" in capsys.readouterr().out
    assert run(["replay", str(tmp_path / "project"), "--version", "1"]) == 1
    assert "not trained here" in capsys.readouterr().err
    kept = next((tmp_path / "project" / "models").glob("0002-*.labels"))
    shutil.move(kept, tmp_path / "elsewhere")
    assert run(["replay", str(tmp_path / "project"), "--version", "2"]) == 1
    assert "were not kept" in capsys.readouterr().err
