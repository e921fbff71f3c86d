"""Simulations from beginning to end, on pictures small enough for seconds."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from segstudio.errors import UserError
from segstudio.learning.device import choose
from segstudio.learning.simulate.annotator import DrawingHand
from segstudio.learning.simulate.board import Board
from segstudio.learning.simulate.learners import LEARNERS, Setting, make
from segstudio.learning.simulate.picture import SimulatedImage, split
from segstudio.learning.simulate.protocol import Round, SimulationPlan, dense, simulate
from segstudio.learning.simulate.strategies import STRATEGIES, find
from segstudio.models.network import build

CLASSES = (("background", "#000000"), ("cell", "#ff0000"))
PLAN = SimulationPlan(strokes=8, per_round=4, per_window=2, window=64, hand=DrawingHand(radius=2, length=30))


def picture(seed: int, side: int = 96, classes: int = 2) -> SimulatedImage:
    random = np.random.default_rng(seed)
    truth = np.zeros((side, side), np.uint8)
    for number, (row, column) in enumerate(random.integers(0, side - 24, (8, 2))):
        truth[row : row + 24, column : column + 24] = 1 + number % (classes - 1)
    pixels = (truth * (150 // classes) + 40 + random.normal(0, 15, truth.shape)).clip(0, 255).astype(np.uint8)
    return SimulatedImage(f"{seed}.png", pixels[..., None], [(20, 220)], truth)


PICTURES = [picture(seed) for seed in range(6)]


def setting(seed: int = 0, classes: int = 2, steps: int = 6) -> Setting:
    names = tuple((f"class {index}", "#123456") for index in range(classes))
    options = {"width": 4, "depth": 2, "upsampling": "bilinear"}
    return Setting(names, lambda: build("unet", 1, names, options, seed=seed), choose("cpu"), steps=steps, seed=seed)


def outcome(learner: str, strategy: str, seed: int = 0, plan: SimulationPlan = PLAN) -> list[Round]:
    pool, test = split(PICTURES)
    return list(simulate(pool, test, make(learner), find(strategy), setting(seed), plan))


def test_a_third_is_test_whatever_else_is_there() -> None:
    pool, test = split(PICTURES)
    assert len(pool) == 4 and len(test) == 2 and not {p.name for p in pool} & {p.name for p in test}
    assert [p.name for p in split(PICTURES)[1]] == [p.name for p in test]
    assert any([p.name for p in split(PICTURES, seed)[1]] != [p.name for p in test] for seed in range(1, 6))
    with pytest.raises(UserError, match="too few"):
        split(PICTURES[:2])
    small = PICTURES[0].cropped(32)
    assert small.truth.shape == (32, 32) and (small.truth == PICTURES[0].truth[32:64, 32:64]).all()


@pytest.mark.parametrize("learner", LEARNERS)
def test_every_learner_learns_from_strokes(learner: str) -> None:
    rounds = outcome(learner, "random")
    assert [one.effort.strokes for one in rounds] == [4, 8]
    last = rounds[-1]
    assert last.mean > (0.9 if learner in ("forest", "threshold") else 0.4), last
    assert 0 < last.effort.pixels < 4 * 96 * 96 and last.compute > 0
    assert last.effort.seconds == pytest.approx(last.effort.windows * 2 + 8 * 1.2 + last.effort.length * 0.004)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_same_seed_gives_the_same_bits(strategy: str) -> None:
    one, two, other = (outcome("head", strategy, seed) for seed in (1, 1, 2))
    assert [(r.effort, r.dice) for r in one] == [(r.effort, r.dice) for r in two]
    assert [(r.effort, r.dice) for r in one] != [(r.effort, r.dice) for r in other]


def test_training_repeats_bit_for_bit() -> None:
    plan = SimulationPlan(strokes=3, per_round=3, per_window=1, window=64)
    one, two = (outcome("loop", "guided", plan=plan) for _ in range(2))
    assert one[0].mean > 0 and [(r.effort, r.dice) for r in one] == [(r.effort, r.dice) for r in two]


def test_file_order_goes_through_the_pictures_in_turn() -> None:
    board = Board(PICTURES[:2], 2, 64, make("threshold"))
    board.learner.begin(setting())
    assert [(w.picture, w.top, w.left) for w in board.windows[:5]] == [
        (0, 0, 0),
        (0, 0, 32),
        (0, 32, 0),
        (0, 32, 32),
        (1, 0, 0),
    ]
    seen = []
    for _ in range(9):
        index = find("order")(board, None, np.random.default_rng(0))
        assert index is not None
        board.last = index
        seen.append(index)
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    for codes in board.codes:
        codes[:] = 256
    for strategy in STRATEGIES.values():
        assert strategy(board, None, np.random.default_rng(0)) is None


def test_it_ends_where_nothing_is_left_to_paint() -> None:
    plan = SimulationPlan(strokes=1000, per_round=50, per_window=4, window=16, hand=DrawingHand(radius=20, length=40))
    pool = [p.cropped(16) for p in PICTURES[:2]]
    rounds = list(simulate(pool, PICTURES[2:3], make("threshold"), find("random"), setting(), plan))
    assert rounds[-1].effort.strokes < 1000


def test_more_classes_than_two() -> None:
    pictures = [picture(seed, classes=3) for seed in range(3)]
    for learner in ("threshold", "forest", "loop"):
        last = list(simulate(pictures[:2], pictures[2:], make(learner), find("guided"), setting(classes=3), PLAN))[-1]
        assert len(last.dice) == 3 and last.mean > 0.4, learner


def test_the_dense_reference_sees_every_pixel_of_the_pool() -> None:
    pool, test = split(PICTURES)
    one = dense(pool, test, setting(steps=20), PLAN)
    assert one.effort.pixels == 4 * 96 * 96 and one.mean > 0.8


def test_a_forest_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(UserError, match="scikit-learn"):
        make("forest").begin(setting())


def test_unknown_names_are_told() -> None:
    with pytest.raises(UserError, match="no learner"):
        make("perceptron")
    with pytest.raises(UserError, match="no strategy"):
        find("fancy")
