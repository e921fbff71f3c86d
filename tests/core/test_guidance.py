"""Which windows are proposed first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from segstudio.core.guidance import RegionCandidates, disagreement, doubt, rank


def candidates(count: int = 8, classes: int = 2) -> RegionCandidates:
    zeros = np.zeros(count)
    return RegionCandidates(
        np.zeros((count, classes)), zeros, np.zeros((count, 3)), np.zeros((0, 3)), zeros, np.ones(classes, np.int64)
    )


def best(given: RegionCandidates, noise: float = 0.0) -> list[int]:
    return rank(given, np.random.default_rng(0), noise).tolist()


def test_each_reason_alone_brings_a_window_to_the_front() -> None:
    plain = candidates()
    one = np.eye(8)[5]
    assert best(replace(plain, uncertainty=np.stack([one, one], 1)))[0] == 5
    assert best(replace(plain, disagreement=one))[0] == 5
    assert best(replace(plain, features=one[:, None] * np.ones(3), known=np.zeros((2, 3))))[0] == 5
    assert best(replace(plain, disagreement=one, trust=0.0))[0] == 0, "what the model doubts has no say then"


def test_classes_take_turns_the_least_annotated_first() -> None:
    doubts = np.zeros((8, 2))
    doubts[2, 0], doubts[3, 0], doubts[6, 1], doubts[7, 1] = 1.0, 0.9, 1.0, 0.9
    given = replace(candidates(), uncertainty=doubts, counts=np.array([500, 20]))
    assert best(given)[:4] == [6, 2, 7, 3]


def test_annotated_windows_are_never_proposed_and_all_others_are() -> None:
    given = replace(candidates(), annotated=np.array([0, 1, 0.5, 0.96, 0, 0.94, 1, 0]))
    assert sorted(best(given, 0.3)) == [0, 2, 4, 5, 7]
    assert best(replace(given, annotated=np.ones(8))) == []
    assert best(given, 0.3) == best(given, 0.3), "the same seed gives the same order"


def test_doubt_is_of_the_worst_patch_by_predicted_class() -> None:
    probabilities = np.zeros((2, 128, 192), np.float32)
    probabilities[0] = 1
    probabilities[:, 64:, 128:] = np.array([0.4, 0.6])[:, None, None]
    found = doubt(probabilities)
    assert found[1] > found[0] > 0.3 and found[1] < 0.6
    assert doubt(probabilities[:, :64]).max() < 0.01
    now, before = np.zeros((130, 70), np.uint8), np.zeros((130, 70), np.uint8)
    before[128:, 64:] = 1
    assert disagreement(now, before) == 1.0 and disagreement(now, now) == 0.0
