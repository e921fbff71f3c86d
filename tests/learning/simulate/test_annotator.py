"""The simulated annotator: where it draws, and what it never paints."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import NOTHING
from segstudio.learning.simulate.annotator import DrawingHand, Stroke, centreline, draw


def rings(side: int = 96) -> np.ndarray:
    """Thin and thick rings of three classes, a corner of it unknown."""
    r, c = np.ogrid[:side, :side]
    truth = (np.hypot(r - side / 2, c - side / 3) ** 1.3 // 9 % 3).astype(np.uint8)
    truth[-10:, -10:] = NOTHING
    return truth


def first(hand: DrawingHand, truth: np.ndarray, predicted: np.ndarray | None, seed: int = 0, **more: int) -> Stroke:
    random = np.random.default_rng(seed)
    stroke = draw(hand, truth, predicted, np.zeros(truth.shape, bool), random, classes=3, **more)
    assert stroke is not None
    return stroke


@pytest.mark.parametrize("seed", range(5))
def test_strokes_stay_in_their_class_until_all_is_painted(seed: int) -> None:
    truth, random = rings(), np.random.default_rng(seed)
    predicted = random.integers(0, 3, truth.shape).astype(np.uint8) // 2 * 2
    annotated = np.zeros(truth.shape, bool)
    for _ in range(40):
        stroke = draw(DrawingHand(), truth, predicted, annotated, random, classes=3)
        assert stroke is not None
        assert stroke.painted.any() and (truth[stroke.painted] == stroke.class_id).all()
        assert stroke.length <= 82
        assert (stroke.painted & ~annotated).any()
        annotated |= stroke.painted
    annotated[:] = True
    assert draw(DrawingHand(), truth, predicted, annotated, random, classes=3) is None


def test_it_corrects_the_largest_error_along_its_middle() -> None:
    truth = np.zeros((60, 80), np.uint8)
    truth[20:40, 5:75] = 1
    predicted = truth.copy()
    predicted[22:37, 30:70] = 0  # the largest piece
    predicted[1:5, 1:5] = 1
    stroke = first(DrawingHand(radius=2), truth, predicted)
    assert stroke.class_id == 1
    assert np.abs(stroke.points[len(stroke.points) // 2, 0] - 29) <= 1
    assert stroke.length > 20 and (stroke.painted.sum(0).max()) == 5
    annotated = np.zeros(truth.shape, bool)
    annotated[22:37, 30:70] = True
    other = draw(DrawingHand(), truth, predicted, annotated, np.random.default_rng(0))
    assert other is not None and other.class_id == 0 and other.painted[:8, :8].any()


def test_without_a_prediction_it_draws_the_class_it_is_asked_for_at_random() -> None:
    truth = rings()
    for wanted in range(3):
        places = {tuple(first(DrawingHand(), truth, None, seed, wanted=wanted).points[0]) for seed in range(4)}
        assert len(places) > 1
        assert first(DrawingHand(), truth, None, 0, wanted=wanted).class_id == wanted
    assert draw(DrawingHand(), truth, None, truth == 1, np.random.default_rng(0), wanted=1) is None


def test_where_nothing_is_wrong_it_confirms() -> None:
    truth = rings()
    stroke = first(DrawingHand(), truth, truth)
    assert stroke.painted.any() and (truth[stroke.painted] == stroke.class_id).all()


def test_noise_makes_it_miss_and_slip() -> None:
    truth = rings()
    shaken = [first(DrawingHand(jitter=2), truth, None, seed) for seed in range(5)]
    assert any((truth[s.painted] != s.class_id).any() for s in shaken)
    steady = first(DrawingHand(), truth, None, 3)
    slipped = first(DrawingHand(slips=1), truth, None, 3)
    assert (slipped.points == steady.points).all() and slipped.class_id != steady.class_id


def test_the_centreline_follows_a_bend_and_is_cut_to_length() -> None:
    bend = np.zeros((70, 70), bool)
    bend[10:16, 10:60] = True
    bend[10:60, 10:16] = True
    path = centreline(bend, 1000)
    assert bend[tuple(path.T)].all() and len(path) > 80
    assert np.hypot(*np.diff(path, axis=0).T).max() < 1.5, "every pixel on the way"
    short = centreline(bend, 20)
    assert 18 <= np.hypot(*np.diff(short, axis=0).T).sum() <= 20
    dot = np.zeros((5, 5), bool)
    dot[2, 3] = True
    assert centreline(dot, 10).tolist() == [[2, 3]]
