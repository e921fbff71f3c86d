from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from segstudio.learning.evaluate import Evaluation, ScoredImage, dice, iou, mean_dice
from segstudio.learning.gate import DRAWS, _draws, judge

NAMES = ["background", "cell"]


def scored(*wrong: tuple[int, int], pixels: int = 1000) -> Evaluation:
    """One region for each pair: how many background and cell pixels are taken for the other."""
    counts = tuple(np.array([[pixels - b, b], [c, pixels - c]], np.int64) for b, c in wrong)
    return Evaluation(counts, tuple(map(str, range(len(counts)))))


def test_a_better_challenger_is_accepted_and_the_sentence_has_the_numbers() -> None:
    verdict = judge(scored((200, 200)), scored((100, 100)), NAMES)
    assert verdict.accepted and "0.80 → 0.90" in verdict.sentence and "2,000 pixels" in verdict.sentence
    assert verdict.challenger["1"] == pytest.approx(0.9)


def test_an_equal_challenger_is_accepted() -> None:
    assert judge(scored((100, 100)), scored((100, 100)), NAMES).accepted


def test_a_challenger_that_is_worse_for_one_class_is_refused_by_name() -> None:
    champion = Evaluation((np.array([[5000, 0], [100, 100]]),), ("a",))
    challenger = Evaluation((np.array([[5000, 0], [120, 80]]),), ("a",))
    verdict = judge(champion, challenger, NAMES)
    assert not verdict.accepted and "cell fell" in verdict.sentence


def test_a_small_loss_within_the_margin_is_accepted_while_the_mean_holds() -> None:
    champion = Evaluation((np.array([[900, 100, 0], [100, 900, 0], [0, 500, 500]]),), ("a",))
    challenger = Evaluation((np.array([[895, 105, 0], [100, 900, 0], [0, 300, 700]]),), ("a",))
    assert judge(champion, challenger, [*NAMES, "vessel"]).accepted


def test_a_lower_mean_is_refused_though_no_class_fell_much() -> None:
    verdict = judge(scored((100, 100)), scored((106, 106)), NAMES)
    assert not verdict.accepted and "mean Dice fell" in verdict.sentence


def test_a_loss_that_the_regions_disagree_about_is_taken_for_chance() -> None:
    """Cell gains in two regions and loses in two; vessel makes up for the mean."""

    def regions(cells: list[int], vessels: int) -> Evaluation:
        counts = [np.array([[1000, 0, 0], [c, 1000 - c, 0], [vessels, 0, 1000 - vessels]]) for c in cells]
        return Evaluation(tuple(counts), tuple("abcd"))

    champion, challenger = regions([100] * 4, 300), regions([0, 0, 160, 360], 100)
    assert 0.01 < dice(champion.pooled)[1] - dice(challenger.pooled)[1] < 0.03
    verdict = judge(champion, challenger, [*NAMES, "vessel"])
    assert verdict.accepted and verdict.interval is not None and verdict.interval[0] < verdict.interval[1]
    two = (Evaluation(e.counts[2:], e.groups[2:]) for e in (champion, challenger))
    assert not judge(*two, [*NAMES, "vessel"]).accepted  # too few regions to speak of chance


def test_a_loss_in_every_region_is_no_chance() -> None:
    champion = Evaluation(tuple(np.array([[5000, 0], [100, 900]]) for _ in range(5)), tuple("abcde"))
    challenger = Evaluation(tuple(np.array([[5000, 0], [130, 870]]) for _ in range(5)), tuple("abcde"))
    verdict = judge(champion, challenger, NAMES)
    assert not verdict.accepted and "cell fell" in verdict.sentence


def test_a_class_that_is_no_longer_found_is_refused() -> None:
    champion = Evaluation((np.array([[990, 10], [50, 50]]),), ("a",))
    challenger = Evaluation((np.array([[1000, 0], [100, 0]]),), ("a",))
    verdict = judge(champion, challenger, NAMES)
    assert not verdict.accepted and "cell is no longer found" in verdict.sentence


def test_a_class_of_a_few_pixels_has_no_say() -> None:
    champion = Evaluation((np.array([[900, 100], [0, 5]]),), ("a",))
    challenger = Evaluation((np.array([[1000, 0], [2, 3]]),), ("a",))
    assert judge(champion, challenger, NAMES).accepted


def test_numbers_without_limit_are_refused() -> None:
    verdict = judge(scored((200, 200)), scored((100, 100)), NAMES, finite=False)
    assert not verdict.accepted and "astray" in verdict.sentence


def test_a_first_model_need_only_beat_the_random_one() -> None:
    """A random network that calls everything background is right about background."""
    random = Evaluation((np.array([[900, 0], [100, 0]]),), ("a",))
    first = Evaluation((np.array([[700, 200], [10, 90]]),), ("a",))
    assert not judge(random, first, NAMES).accepted
    assert judge(random, first, NAMES, trained=False).accepted
    assert not judge(random, random, NAMES, trained=False).accepted


def test_without_validation_pixels_the_sentence_says_what_was_scored() -> None:
    verdict = judge(scored((200, 200)), scored((100, 100)), NAMES, held_out=False)
    assert verdict.accepted and "none are held out" in verdict.sentence
    assert not judge(scored((100, 100)), scored((200, 200)), NAMES, held_out=False).accepted


def test_nothing_to_score_on_is_refused() -> None:
    assert not judge(Evaluation((), ()), Evaluation((), ()), NAMES).accepted


def test_the_verdict_is_the_same_each_time() -> None:
    champion, challenger = scored((200, 100), (50, 90), (10, 300)), scored((190, 90), (60, 80), (20, 250))
    assert judge(champion, challenger, NAMES) == judge(champion, challenger, NAMES)


def test_a_class_that_is_not_in_the_truth_has_no_score() -> None:
    counts = np.array([[50, 0, 0], [0, 25, 25], [0, 0, 0]])
    assert dice(counts)[:2] == pytest.approx([1, 2 / 3]) and np.isnan(dice(counts)[2])
    assert iou(counts)[1] == pytest.approx(0.5)
    assert mean_dice(counts) == pytest.approx(5 / 6)


def test_regions_of_one_group_are_drawn_together() -> None:
    old = scored(*[(200, 200)] * 12)
    new = scored(*[(100, 100)] * 4, *[(190, 190)] * 4, *[(250, 250)] * 4)
    alone = judge(old, new, NAMES).interval
    groups = tuple("aaaabbbbcccc")
    together = judge(replace(old, groups=groups), replace(new, groups=groups), NAMES).interval
    assert alone is not None and together is not None
    assert together[1] - together[0] > 1.4 * (alone[1] - alone[0])


def test_the_interval_covers_the_true_change_about_nine_times_in_ten() -> None:
    covered, random = 0, np.random.default_rng(5)
    for _ in range(150):
        wrong = random.normal(100, 30, 30).astype(int).clip(0, 400)  # a true gain of 0.1 Dice
        interval = judge(scored(*[(200, 200)] * 30), scored(*[(int(w), int(w)) for w in wrong]), NAMES).interval
        assert interval is not None
        covered += interval[0] <= 0.1 <= interval[1]
    assert 0.82 <= covered / 150 <= 0.96


@pytest.mark.parametrize("units", [3, 8, 41])
def test_units_are_drawn_with_replacement_as_often_as_chance_wants(units: int) -> None:
    drawn = _draws(units)
    assert drawn.shape == (DRAWS, units) and (drawn.sum(1) == units).all()
    np.testing.assert_allclose(drawn.mean(), 1)
    np.testing.assert_allclose(drawn.var(), 1 - 1 / units, rtol=0.05)


def test_the_same_labels_give_the_same_interval_with_any_version_of_numpy() -> None:
    """Numbers of numpy 2.4 and of 2.5, whose multinomial draws differ."""
    wrong = [(60, 90), (150, 120), (210, 260), (80, 20), (170, 190)]
    interval = judge(scored(*[(200, 200)] * 5), scored(*wrong), NAMES).interval
    assert interval == pytest.approx((0.015993375761527373, 0.1129929524291467), abs=1e-9)


def test_the_sentence_tells_the_interval() -> None:
    verdict = judge(scored(*[(200, 200)] * 3), scored((100, 100), (120, 120), (110, 110)), NAMES)
    assert verdict.interval is not None
    assert f"Change {verdict.interval[0]:+.3f} to {verdict.interval[1]:+.3f}" in verdict.sentence
    assert "interval" not in judge(scored((200, 200)), scored((100, 100)), NAMES).sentence


def test_regions_that_got_worse_are_listed_with_the_largest_loss_first() -> None:
    scenes = tuple(ScoredImage(f"region {i}", f"digest:{i}", (0, 0, 64, 64)) for i in range(3))
    old = replace(scored((100, 100), (100, 100), (100, 100)), scenes=scenes)
    new = replace(scored((150, 150), (50, 50), (300, 300)), scenes=scenes)
    worse = judge(old, new, NAMES).worse
    assert [(one.name, one.class_id) for one in worse] == [
        ("region 2", 0),
        ("region 2", 1),
        ("region 0", 0),
        ("region 0", 1),
    ]
    assert worse[0].before == pytest.approx(0.9) and worse[0].after == pytest.approx(0.7)
    assert worse[0].digest == "digest:2"


def regions(*rows: tuple[int, bool], groups: str = "") -> Evaluation:
    """A region for each (cell pixels that are missed of 1000, whether it was corrected lately)."""
    counts = tuple(np.array([[2000, 0], [missed, 1000 - missed]]) for missed, _ in rows)
    scenes = tuple(ScoredImage(str(n), f"{n}:0", (0, 0, 9, 9), recent) for n, (_, recent) in enumerate(rows))
    return Evaluation(counts, tuple(groups) or ("slides",) * len(rows), scenes)


def test_what_was_learnt_first_is_not_paid_for_what_is_learnt_now() -> None:
    champion = regions((100, False), (100, False), (800, True), (800, True))
    challenger = regions((200, False), (200, False), (100, True), (100, True))
    assert dice(challenger.pooled)[1] > dice(champion.pooled)[1] + 0.1
    verdict = judge(champion, challenger, NAMES)
    assert not verdict.accepted and "where nothing was corrected lately" in verdict.sentence
    all_new = (replace(e, scenes=tuple(replace(s, recent=True) for s in e.scenes)) for e in (champion, challenger))
    assert judge(*all_new, NAMES).accepted, "asked of older corrections only"
    nothing_new = (replace(e, scenes=tuple(replace(s, recent=False) for s in e.scenes)) for e in (champion, challenger))
    assert judge(*nothing_new, NAMES).accepted, "without new corrections there are no older ones"
    assert judge(champion, challenger, NAMES, trained=False).accepted, "a network that learnt nothing forgets nothing"


def test_a_small_loss_on_older_corrections_is_borne() -> None:
    champion = regions((100, False), (100, False), (800, True))
    assert judge(champion, regions((110, False), (105, False), (100, True)), NAMES).accepted


def test_the_gain_of_one_older_group_does_not_hide_the_loss_of_another() -> None:
    champion = regions((100, False), (700, False), (800, True), groups="abc")
    challenger = regions((300, False), (100, False), (100, True), groups="abc")
    verdict = judge(champion, challenger, NAMES)
    assert not verdict.accepted and "(a)" in verdict.sentence
    assert judge(champion, regions((120, False), (100, False), (100, True), groups="abc"), NAMES).accepted
