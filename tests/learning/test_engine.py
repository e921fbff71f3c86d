"""Other engines in torch's place: the same probabilities, only when it pays, and never in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segstudio.errors import UserError
from segstudio.learning import engine as module
from segstudio.learning.device import Device
from segstudio.learning.engine import Engine, TranslatedPredictor, translated
from segstudio.learning.predict import Predictor, glance, predict
from segstudio.models.network import Network
from segstudio.models.onnx_file import export

RANGES = ((0.0, 255.0),)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, tiny_network: Callable[[int], Network]) -> Path:
    """The network of `network`, written once: that takes longer than all that is asked of it."""
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    export(tiny_network(0), path)
    return path


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (300, 400, 1)).astype(np.uint8)


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_other_engines_say_what_torch_says(cpu: Device, network: Network, temperature: float, tmp_path: Path) -> None:
    network = Network(network.module, replace(network.card, temperature=temperature))
    plain = Predictor(network, cpu)
    export(network, tmp_path / "m.onnx")
    runs = list(module._engines(tmp_path / "m.onnx"))
    assert runs
    for run in runs:
        other = TranslatedPredictor(plain, run)
        windows = torch.randn(2, 1, 64, 96)
        np.testing.assert_allclose(other.logits(windows), plain.logits(windows), atol=1e-3)
        for one, two in zip(predict(plain, picture(), RANGES), predict(other, picture(), RANGES), strict=True):
            assert one.box == two.box
            np.testing.assert_allclose(one.probabilities, two.probabilities, atol=1e-4)
        box = (37, 61, 190, 333)
        apart = glance(plain, picture(), RANGES, box).probabilities
        assert np.abs(apart - glance(other, picture(), RANGES, box).probabilities).max() < 1e-4


def test_the_fastest_that_says_the_same_is_taken(
    cpu: Device, network: Network, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Predictor(network, cpu)
    right = next(module._engines(file))
    wrong = lambda pixels: right(pixels) + np.linspace(0, 1, 2, dtype=np.float32)[:, None, None]  # noqa: E731
    times, written = {}, []
    monkeypatch.setattr(module, "export", lambda network, path: written.append(network))
    monkeypatch.setattr(module, "_engines", lambda path: iter([wrong, right]))
    monkeypatch.setattr(module, "_seconds", lambda predictor, window: times.get(type(predictor), 1.0))
    assert translated(plain) is plain, "as fast is not faster"
    times[TranslatedPredictor] = 0.5
    found = translated(plain)
    assert isinstance(found, TranslatedPredictor) and found._run_padded is right
    assert written == [network, network]


def test_it_takes_over_once_enough_was_predicted_and_is_tried_once(
    cpu: Device, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Predictor] = []
    monkeypatch.setattr(module, "translated", lambda predictor: tried.append(predictor) or predictor)
    engine = Engine(Predictor(network, cpu))
    engine.count(module.WORTH)
    assert not tried
    for _ in range(3):
        engine.count(10)
    assert len(tried) == 1


def test_where_it_cannot_be_translated_torch_goes_on(
    cpu: Device, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(predictor: Predictor) -> Predictor:
        raise UserError("The model was not exported.")

    monkeypatch.setattr(module, "translated", broken)
    plain = Predictor(network, cpu)
    engine = Engine(plain)
    engine.count(module.WORTH + 1)
    assert engine.predictor is plain
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(module, "translated", lambda predictor: pytest.fail("the packages are missing"))
    Engine(plain).count(module.WORTH + 1)
