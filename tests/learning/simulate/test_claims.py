"""What curves allow to be said."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest

from segstudio.errors import UserError
from segstudio.learning.simulate import results
from segstudio.learning.simulate.chart import svg
from segstudio.learning.simulate.claims import Claim, area, claims_of, compare, effort_to
from segstudio.learning.simulate.results import Result


def result(strategy: str, seed: int, *means: float, learner: str = "loop") -> Result:
    rounds = tuple({"strokes": 8 * 2**i, "mean": mean} for i, mean in enumerate(means))
    return Result("set", learner, strategy, seed, "x", rounds)


def test_the_area_counts_doublings_of_effort_alike() -> None:
    assert area([(8, 0.2), (16, 0.4), (32, 0.6)]) == pytest.approx(0.4)
    assert area([(1, 0.0), (math.e, 1.0), (math.e**3, 1.0)]) == pytest.approx((0.5 + 2) / 3)
    assert area([(8, 0.7)]) == 0.7


def test_effort_is_read_off_between_rounds() -> None:
    curve = [(8, 0.2), (16, 0.6), (24, 0.5), (32, 0.8)]
    assert effort_to(curve, 0.1) == 8
    assert effort_to(curve, 0.4) == pytest.approx(12)
    assert effort_to(curve, 0.7) == pytest.approx(24 + 8 * 2 / 3)
    assert effort_to(curve, 0.9) is None


def test_better_is_said_only_where_the_interval_excludes_no_difference() -> None:
    base = [result("random", seed, 0.4 + seed / 50, 0.5 + seed / 50) for seed in range(5)]
    up = [result("guided", seed, 0.5 + seed / 50, 0.6 + seed / 49) for seed in range(5)]
    mixed = [result("order", s, 0.4 + s / 50 + d, 0.5 + s / 50 + d) for s, d in enumerate((-0.1, 0.1, -0.08, 0.09, 0))]
    found = {name: guided_or([*base, *up, *mixed], name) for name in ("guided", "order")}
    guided, order = found["guided"], found["order"]
    assert guided and guided.word == "better" and guided.pairs == 5
    assert guided.difference == pytest.approx(0.1, abs=0.003)
    assert guided.interval and guided.interval[0] > 0.09
    assert order and order.word == "no difference shown"
    assert guided_or(base, "guided") is None and guided_or(up, "guided") is None
    few = guided_or([*base[:2], *up[:2]], "guided")
    assert few and few.interval is None and few.word == "too few runs to say"
    assert claims_of([*base, *[result("guided", 0, 0.1, 0.1, learner="head")]]) == []


def guided_or(runs: list[Result], strategy: str) -> Claim | None:
    return compare(runs, ("loop", strategy), ("loop", "random"))


def test_learners_are_compared_with_the_forest_and_strategies_with_random() -> None:
    runs = [result("random", seed, 0.4, 0.5) for seed in range(3)]
    runs += [result("guided", seed, 0.3, 0.4) for seed in range(3)]
    runs += [result("random", seed, 0.2, 0.3, learner="forest") for seed in range(3)]
    found = {(claim.one, claim.other): claim.word for claim in claims_of(runs)}
    assert found == {
        (("loop", "guided"), ("loop", "random")): "worse",
        (("loop", "random"), ("forest", "random")): "better",
    }


def test_results_survive_a_kill_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    assert results.read(path) == []
    one, two = result("random", 0, 0.5), result("random", 1, 0.5)
    results.append(path, one)
    with path.open("a") as file:
        file.write('{"dataset": "set", "lear')
    assert results.read(path) == [one]
    results.append(path, two)
    assert results.read(path) == [one, two]
    path.write_text('{"other": 1}\n')
    with pytest.raises(UserError, match="holds no simulations"):
        results.read(path)


def test_the_chart_is_an_svg_with_names_and_a_logarithmic_axis() -> None:
    text = svg("A < B", {"loop, random": [(8, 0.2), (80, 0.9)], "forest": [(8, 0.1), (80, 0.5)]}, {"dense": 0.95})
    root = ElementTree.fromstring(text)
    words = [node.text for node in root.iter() if node.text and node.text.strip()]
    assert {"A < B", "loop, random", "forest", "dense", "strokes (logarithmic)", "mean Dice on test"} <= set(words)
    ticks = {n.text: float(n.attrib["x"]) for n in root.iter() if n.text in ("10", "20", "50")}
    assert (ticks["20"] - ticks["10"]) == pytest.approx(
        (ticks["50"] - ticks["20"]) * math.log(2) / math.log(2.5), abs=0.2
    )
