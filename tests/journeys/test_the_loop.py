"""What the program exists for: open, predict, correct, learn, predict better."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from segstudio.core.document import Document
from segstudio.core.geometry import Box

from .conftest import User

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900)]

Truths = dict[int, NDArray[np.uint8]]
STEPS = 160
"""After so many the user ends the training: what was best so far is kept."""


def dice_where_nobody_spoke(user: User, image: int, truth: NDArray[np.uint8]) -> float:
    """Mean Dice over the two classes on pixels without annotation."""
    unset = user.annotation(image) == 0
    predicted = user.prediction(image)
    scores = []
    for class_id in (0, 1):
        ours, theirs = (predicted == class_id) & unset, (truth == class_id) & unset
        scores.append(2 * (ours & theirs).sum() / (ours.sum() + theirs.sum()))
    return float(np.mean(scores))


def walk(truth: NDArray[np.uint8], class_id: int, random: np.random.Generator) -> list[tuple[float, float]]:
    """A stroke that stays inside one class: a random walk in steps of two pixels."""
    places = np.argwhere(truth == class_id)
    points = [tuple(int(value) for value in places[random.integers(len(places))])]
    for _ in range(40):
        row, column = points[-1]
        near = [(row + r, column + c) for r in (-2, 0, 2) for c in (-2, 0, 2) if r or c]
        inside = [
            (r, c)
            for r, c in near
            if 0 <= r < truth.shape[0] and 0 <= c < truth.shape[1] and truth[r, c] == class_id and (r, c) not in points
        ]
        if not inside:
            break
        points.append(inside[random.integers(len(inside))])
    return [(row + 0.5, column + 0.5) for row, column in points]


def test_a_few_strokes_make_the_prediction_much_better_and_nothing_painted_is_lost(
    user: User, isbi: Callable[[int], tuple[Path, NDArray[np.uint8]]], tmp_path: Path
) -> None:
    pairs = [isbi(number) for number in range(3)]
    truths: Truths = {image + 1: truth for image, (_, truth) in enumerate(pairs)}
    user.session.settings = user.session.settings.with_(
        train_seconds=600
    )  # the number of steps counts, not the machine
    user.studio.new_project(tmp_path / "project")
    user.open(*(path for path, _ in pairs))
    user.session.classes.change(0, name="Membrane")
    assert user.session.classes.name(1) == "Foreground", "there is something to paint with from the first minute"
    user.session.classes.change(1, name="Cell")

    for image in truths:
        user.show(image)
        user.predict()
    before = {image: dice_where_nobody_spoke(user, image, truth) for image, truth in truths.items()}

    random = np.random.default_rng(0)
    strokes = 0
    for image in (1, 2):
        user.show(image)
        for number in range(9):
            user.press(Qt.Key.Key_0 if number % 2 == 0 else Qt.Key.Key_1)
            user.session.set_brush_radius(1.5 if number % 2 == 0 else 3.0)
            user.stroke(walk(truths[image], number % 2, random))
            strokes += 1
    document = user.session.document
    assert isinstance(document, Document)
    assert strokes >= 15
    assert len(document.history.edits) == strokes
    painted = {image: user.annotation(image).copy() for image in truths}
    assert painted[1].any() and painted[2].any() and not painted[3].any()

    user.press(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    user.wait(lambda: user.studio.training.running, 30)
    user.wait(lambda: user.studio.training.state.step >= STEPS or not user.studio.training.running, 400)
    user.studio.training.stop()
    user.wait(lambda: not user.studio.training.running)
    champion = document.champion
    assert champion is not None and champion.number == 2, user.studio.training.state.message
    user.wait(lambda: not user.studio.predicting.busy)

    after = {image: dice_where_nobody_spoke(user, image, truth) for image, truth in truths.items()}
    print({image: (round(before[image], 3), round(after[image], 3)) for image in truths})
    assert np.mean([after[1] - before[1], after[2] - before[2]]) >= 0.2
    assert after[3] - before[3] >= 0.2
    for image, pixels in painted.items():
        assert (user.annotation(image) == pixels).all()
    versions = user.layer(3).versions
    assert set(versions.values()) == {2}

    store = user.session.project.store
    assert store is not None and store.flush()
    predictions = {image: user.prediction(image).copy() for image in truths}
    user.studio.projects.close()
    user.studio.open_project(tmp_path / "project")
    user.wait(lambda: user.session.pixels is not None)
    for image in truths:
        assert (user.annotation(image) == painted[image]).all()
        assert (user.prediction(image) == predictions[image]).all()

    for _ in range(strokes):
        user.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    for image in (1, 2):
        layer = user.layer(image)
        assert not layer.annotation.read(Box.whole(layer.shape)).any()
