"""ONNX Runtime in torch's place, where it is installed and there is enough to predict on the CPU."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segstudio.errors import UserError
from segstudio.learning.predict import Predictor
from segstudio.models.blocks import pad_to
from segstudio.models.onnx_file import NEEDED, export

WORTH = 30 * 10**6
"""Pixels a model has predicted with torch before it is translated: that takes some seconds, and saves a third to a
half of the time from then on (docs/benchmarks.md)."""


class OnnxPredictor(Predictor):
    """A predictor that ONNX Runtime computes; differs from torch by 1e-4 at most (models.onnx_file checks it).

    Nothing of it runs in torch's threads: they wait by spinning, and two such pools on the same cores are slower than
    either alone.
    """

    def __init__(self, plain: Predictor, session: Any) -> None:
        super().__init__(plain.network, plain.device, ready=True)
        self._session = session
        self._stride: int = plain.network.module.stride  # type: ignore[assignment]

    def __call__(self, windows: Tensor) -> Tensor:
        values = self._run(windows)
        values -= values.max(1, keepdims=True)
        np.exp(values, out=values)
        values /= values.sum(1, keepdims=True)
        return torch.from_numpy(values)

    def logits(self, windows: Tensor) -> Tensor:
        """As a call, but what comes before the temperature and the softmax."""
        return torch.from_numpy(self._run(windows) * np.float32(self.network.card.temperature))

    def _run(self, windows: Tensor) -> NDArray[np.float32]:
        """Logits (N, classes, H, W), divided by the temperature as in the file."""
        height, width = windows.shape[-2:]
        (values,) = self._session.run(None, {"pixels": pad_to(windows, self._stride).contiguous().numpy()})
        return np.ascontiguousarray(values[..., :height, :width], np.float32)


class Engine:
    """A predictor that changes its engine once enough was predicted with it; `plain` is torch's, as it began."""

    def __init__(self, plain: Predictor) -> None:
        self.plain = self.predictor = plain
        self._pixels = 0
        self._tried = plain.device.kind != "cpu" or any(find_spec(name) is None for name in NEEDED)

    def count(self, pixels: int) -> None:
        """So many pixels are about to be predicted, in one go and with nobody waiting for a stroke's answer."""
        self._pixels += pixels
        if not self._tried and self._pixels > WORTH:
            self._tried = True
            self._translate()

    def _translate(self) -> None:
        try:
            self.predictor = translated(self.plain)
        except (UserError, RuntimeError, ValueError, ImportError, OSError):
            return  # torch goes on


def translated(predictor: Predictor) -> OnnxPredictor:
    """The predictor with ONNX Runtime in torch's place. Raises UserError where the results would differ."""
    import onnxruntime

    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(predictor.network, path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    return OnnxPredictor(predictor, session)
