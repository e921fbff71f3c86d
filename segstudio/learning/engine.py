"""Faster engines in torch's place, where they are installed and there is enough to predict on the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from segstudio.errors import UserError
from segstudio.learning.predict import WINDOW, Predictor
from segstudio.models.blocks import pad_to
from segstudio.models.onnx_file import NEEDED, TOLERANCE, export

WORTH = 30 * 10**6
"""Pixels a model has predicted with torch before it is translated: that takes some seconds, and saves half of the time
and more from then on (docs/benchmarks.md)."""

TURNS = 3
"""Windows that each engine is timed with; the median counts."""

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Pixels (N, channels, H, W), sides multiples of the stride, to logits divided by the temperature."""


class TranslatedPredictor(Predictor):
    """A predictor that another engine computes; differs from torch by 1e-4 at most.

    Nothing of it runs in torch's threads: they wait by spinning, and two such pools on the same cores are slower than
    either alone.
    """

    def __init__(self, plain: Predictor, run: Run) -> None:
        super().__init__(plain.network, plain.device, ready=True)
        self._run_padded = run
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
        height, width = windows.shape[-2:]
        values = self._run_padded(pad_to(windows, self._stride).contiguous().numpy())
        return np.array(values[..., :height, :width], np.float32)


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


def translated(plain: Predictor) -> Predictor:
    """The fastest of the predictor itself and those of the other engines that say the same, measured here and now.

    Raises UserError where the network cannot be written as ONNX.
    """
    window = torch.randn(1, plain.network.card.channels, WINDOW, WINDOW, generator=torch.Generator().manual_seed(0))
    expected = plain(window)
    best, shortest = plain, _seconds(plain, window)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(plain.network, path)
        for run in _engines(path):
            other = TranslatedPredictor(plain, run)
            if (other(window) - expected).abs().max() <= TOLERANCE and (took := _seconds(other, window)) < shortest:
                best, shortest = other, took
    return best


def _seconds(predictor: Predictor, window: Tensor) -> float:
    """Median of some turns after one that warms up."""
    found = []
    for _ in range(TURNS + 1):
        start = time.perf_counter()
        predictor(window)
        found.append(time.perf_counter() - start)
    return float(np.median(found[1:]))


def _engines(path: Path) -> Iterator[Run]:
    """The installed engines with an ONNX file, which may go once all are made."""
    import onnxruntime

    threads = torch.get_num_threads()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    yield lambda pixels: session.run(None, {"pixels": pixels})[0]
    if find_spec("openvino") is not None:
        import openvino

        wishes = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
        model = openvino.Core().compile_model(openvino.Core().read_model(path), "CPU", wishes)
        yield lambda pixels: model({"pixels": pixels})[0]
