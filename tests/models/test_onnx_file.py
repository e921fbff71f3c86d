"""ONNX export: every network, at sizes it was not exported at, as ONNX Runtime computes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from segstudio.errors import UserError
from segstudio.models import onnx_file
from segstudio.models.card import Card
from segstudio.models.network import build
from segstudio.models.registry import MODELS

CLASSES = (("a", "#000000"), ("b", "#ff0000"), ("c", "#00ff00"))

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.mark.parametrize("architecture", ["unet", "segnet", "segnet_basic", "fcn8s"])
def test_onnx_runtime_gives_the_same_logits_at_any_size(architecture: str, tmp_path: Path) -> None:
    options = dict(MODELS[architecture].presets["light"])
    options["width"] = 4
    network = build(architecture, 2, CLASSES, options, seed=1)
    for part in network.module.modules():  # an untrained FCN says 0 everywhere
        if isinstance(part, torch.nn.Conv2d) and not part.weight.any():
            torch.nn.init.normal_(part.weight, 0, 0.1)
    network.card = replace(network.card, temperature=2.0)
    path = tmp_path / "m.onnx"
    assert onnx_file.export(network, path) <= onnx_file.TOLERANCE
    assert list(tmp_path.iterdir()) == [path]
    stride = int(network.module.stride)
    pixels = torch.randn(3, 2, 2 * stride, 6 * stride)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"pixels": pixels.numpy()})
    with torch.inference_mode():
        expected = network.module.eval()(pixels).numpy() / 2.0
    assert np.asarray(found).shape == expected.shape
    assert np.abs(found - expected).max() <= 1e-4 * max(1.0, np.abs(expected).max())
    told = {entry.key: entry.value for entry in onnx.load(str(path)).metadata_props}
    assert Card.from_json(told["segstudio"]) == network.card
    assert told["stride"] == str(stride)


def test_a_file_that_fails_the_check_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "_difference", lambda *_: 0.5)
    network = build("unet", 1, CLASSES, {"width": 4, "depth": 2}, seed=1)
    with pytest.raises(UserError, match="not exported"):
        onnx_file.export(network, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_without_the_packages_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "NEEDED", ("onnx", "no_such_package"))
    network = build("unet", 1, CLASSES, {"width": 4, "depth": 2}, seed=1)
    with pytest.raises(UserError, match="not installed") as caught:
        onnx_file.export(network, tmp_path / "m.onnx")
    assert "segstudio[onnx]" in caught.value.hint
