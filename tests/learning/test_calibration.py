from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from segstudio.learning.calibration import (
    MOST,
    calibrate,
    fit_temperature,
    held_out_logits,
    probabilities,
    reliability,
)
from segstudio.learning.device import Device
from segstudio.learning.labelled import Labelled
from segstudio.learning.predict import Predictor
from segstudio.models.network import Network


def honest(pixels: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three classes, and classes drawn with exactly their probabilities."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (pixels, 3))
    draws = random.random(pixels)
    return logits, (draws[:, None] > probabilities(logits, 1.0).cumsum(1)).sum(1)


@pytest.mark.parametrize("overconfident", [0.4, 1.0, 3.0])
def test_the_temperature_undoes_too_much_or_too_little_confidence(overconfident: float) -> None:
    logits, truth = honest(40_000)
    assert fit_temperature(logits * overconfident, truth) == pytest.approx(overconfident, rel=0.05)


def test_measures_by_hand() -> None:
    found = np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [0.45, 0.55]])
    said = reliability(found, np.array([0, 1, 1, 0]))
    assert said.ece == pytest.approx((2 * abs(0.5 - 0.9) + abs(1 - 0.7) + abs(0 - 0.55)) / 4)
    assert said.brier == pytest.approx((2 * 0.01 + 2 * 0.81 + 2 * 0.09 + 2 * 0.3025) / 4)
    assert said.nll == pytest.approx(-(math.log(0.9) + math.log(0.1) + math.log(0.7) + math.log(0.45)) / 4)
    assert len(said.bins) == 15 and said.bins[13] == (0.9, 0.5, 2) and sum(n for _, _, n in said.bins) == 4


def test_a_temperature_makes_an_overconfident_network_honest() -> None:
    logits, truth = honest(40_000)
    before = reliability(probabilities(logits * 4, 1.0), truth)
    after = reliability(probabilities(logits * 4, fit_temperature(logits * 4, truth)), truth)
    assert before.ece > 0.15 and after.ece < 0.02
    assert after.brier < before.brier and after.nll < before.nll


def test_it_reads_held_out_pixels_only_and_the_logits_before_any_temperature(
    network: Network, squares: Callable[..., Labelled], cpu: Device
) -> None:
    warm = Predictor(Network(network.module, replace(network.card, temperature=7.0)), cpu)
    region = squares(0, side=320)
    logits, truth = held_out_logits(warm, [region, squares(1, role="train")])
    held_out = int(region.validation.sum())
    every = -(-held_out // MOST)
    assert abs(len(truth) - held_out / every) <= 1 and logits.shape == (len(truth), 2)
    cold, _ = held_out_logits(Predictor(network, cpu), [region])
    np.testing.assert_array_equal(logits, cold)


def test_the_predictor_divides_by_what_was_fitted(
    network: Network, squares: Callable[..., Labelled], cpu: Device
) -> None:
    region = squares(0, role="validation")
    found = calibrate(Predictor(network, cpu), [region])
    assert found is not None and found.pixels == 128 * 128
    assert found.after.nll <= found.before.nll + 1e-9
    x = torch.randn(1, 1, 64, 64)
    set_ = Predictor(Network(network.module, replace(network.card, temperature=found.temperature)), cpu)
    expected = (set_.logits(x) / found.temperature).softmax(1)
    torch.testing.assert_close(set_(x), expected)


def test_few_held_out_pixels_give_no_temperature(
    network: Network, squares: Callable[..., Labelled], cpu: Device
) -> None:
    codes = squares(0).codes.copy()
    codes[4:] = 0  # 4 rows of 100 are fewer than 500 pixels
    codes[:, 100:] = 0
    assert calibrate(Predictor(network, cpu), [squares(0, role="validation", codes=codes)]) is None
    assert calibrate(Predictor(network, cpu), []) is None
