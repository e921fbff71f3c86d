"""Learning while painting: each stroke makes what is seen better, without a key and without a training."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from segstudio.core.codes import NOTHING
from segstudio.core.geometry import Box
from segstudio.ui.commands.table import COMMANDS

from .conftest import User
from .test_the_loop import dice_where_nobody_spoke, walk

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


def settled(user: User) -> None:
    """Wait until nothing is left to learn or predict."""
    quiet = [0]

    def idle() -> bool:
        quiet[0] = 0 if user.studio.predicting.busy or user.studio.live.waiting else quiet[0] + 1
        return quiet[0] > 5

    user.wait(idle, 120)


def test_strokes_are_learnt_at_once_undone_strokes_are_forgotten_and_another_image_profits(
    user: User, isbi: Callable[[int], tuple[Path, NDArray[np.uint8]]], tmp_path: Path
) -> None:
    pairs = [isbi(number) for number in range(2)]
    user.session.settings = user.session.settings.with_(live=True)
    user.studio.new_project(tmp_path / "project")
    user.open(*(path for path, _ in pairs))
    user.session.classes.change(0, name="Membrane")
    user.show(1)
    random = np.random.default_rng(1)
    scores = []
    for number in range(8):
        class_id = number % 2
        user.press(Qt.Key.Key_0 if class_id == 0 else Qt.Key.Key_1)
        user.session.set_brush_radius(1.5 if class_id == 0 else 3.0)
        user.stroke(walk(pairs[0][1], class_id, random))
        settled(user)
        if number == 0:
            assert (user.prediction(1) == NOTHING).all(), "one class teaches nothing"
        else:
            scores.append(dice_where_nobody_spoke(user, 1, pairs[0][1]))
    print([round(score, 3) for score in scores])
    assert min(scores) > 0.5

    user.show(2)
    settled(user)
    assert dice_where_nobody_spoke(user, 2, pairs[1][1]) > 0.5, "another image is predicted when it is looked at"

    user.show(1)
    for _ in range(6):
        user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settled(user)
    again = dice_where_nobody_spoke(user, 1, pairs[0][1])
    assert abs(again - scores[0]) < 0.02, "undone strokes are not learnt any more"

    user.press(Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert not user.session.settings.live
    before = user.prediction(1).copy()
    user.stroke(walk(pairs[0][1], 0, random))
    settled(user)
    assert (user.prediction(1) == before).all()


def test_a_crash_of_the_worker_costs_nothing_but_time(
    user: User, isbi: Callable[[int], tuple[Path, NDArray[np.uint8]]], tmp_path: Path
) -> None:
    path, truth = isbi(0)
    user.session.settings = user.session.settings.with_(live=True)
    user.studio.new_project(tmp_path / "project")
    user.open(path)
    random = np.random.default_rng(1)
    for class_id in (0, 1):
        user.press(Qt.Key.Key_0 if class_id == 0 else Qt.Key.Key_1)
        user.stroke(walk(truth, class_id, random))
    settled(user)
    assert (user.prediction(1) != NOTHING).any()
    os.kill(user.studio.workers.compute.process_id, signal.SIGKILL)
    user.wait(lambda: not user.studio.workers.compute.process_id)
    user.stroke(walk(truth, 0, random))
    settled(user)
    found = user.prediction(1)
    assert {0, 1} <= set(np.unique(found).tolist()), "both classes are known again, not only the newest stroke's"


def test_the_model_is_exported_as_onnx_from_the_menu(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx

    out = tmp_path / "m.onnx"
    monkeypatch.setattr("segstudio.ui.dialogs.files.QFileDialog.getSaveFileName", lambda *_: (str(out), ""))
    user.studio.open_sample()
    user.wait(lambda: user.session.pixels is not None)
    if user.session.document is not None and user.session.document.champion is None:
        user.predict()
    user.window.run(next(command for command in COMMANDS if command.id == "model.export"))
    user.wait(out.exists, 120)
    assert [entry.name for entry in onnx.load(str(out)).graph.output] == ["logits"]


def test_only_what_is_seen_is_computed_after_a_stroke_and_only_in_the_shown_slice(user: User, tmp_path: Path) -> None:
    rows, columns = np.mgrid[:900, :900]
    volume = np.stack([(120 + 60 * np.sin(rows / 17 + z) * np.cos(columns / 23)).astype(np.uint8) for z in range(3)])
    np.save(tmp_path / "volume.npy", volume)
    user.session.settings = user.session.settings.with_(live=True)
    user.studio.new_project(tmp_path / "project")
    user.open(tmp_path / "volume.npy")
    assert user.session.shape == (3, 900, 900)
    user.canvas.zoom_by(2.0 / user.canvas.view.scale)
    user.canvas.center_on(450, 450)
    for key, row in ((Qt.Key.Key_0, 420), (Qt.Key.Key_1, 470)):
        user.press(key)
        user.stroke([(row, 400), (row, 500)])
    settled(user)
    seen = user.session.view
    known = user.layer(1).prediction
    shown = known.read(Box.whole((3, 900, 900), user.session.slice)) != NOTHING
    assert shown[seen.rows, seen.columns].all() and shown.sum() == seen.height * seen.width
    assert {key[0] for key in known.keys()} == {user.session.slice}  # noqa: SIM118  a Plane is no dict
