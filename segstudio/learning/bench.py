"""How near prediction and training come to the bare network: ratios measured side by side in one run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F

from segstudio.core.codes import Origin, encode_map
from segstudio.learning.augment import augment
from segstudio.learning.device import Device, choose
from segstudio.learning.labelled import Labelled
from segstudio.learning.losses import IGNORE
from segstudio.learning.predict import WINDOW, Predictor, predict
from segstudio.learning.recipe import preset
from segstudio.learning.run import begin, step, targets
from segstudio.learning.sampler import Sampler
from segstudio.models.network import Network, build
from segstudio.models.registry import MODELS

SIDE = 1024
CLASSES = (("background", "#000000"), ("object", "#ff0000"))
NETWORKS: tuple[tuple[str, dict[str, int]], ...] = (
    ("unet", {}),
    ("unet", {"width": 16}),
    ("segnet", {}),
    ("fcn8s", {}),
)
"""Architectures of the preset light, with options that differ from it."""

Task = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Milliseconds for one window by plain torch, by our predictor, by ONNX Runtime and by OpenVINO (0 where they are
    missing), and for each of the windows of a tiled prediction with our predictor."""

    name: str
    plain: float
    ours: float
    onnx: float
    openvino: float
    tiled: float


@dataclass(frozen=True, slots=True)
class BenchTraining:
    """Milliseconds for a step of a bare torch loop and of ours, on patches augmented alike."""

    name: str
    bare: float
    ours: float


def predictions(rounds: int) -> list[Prediction]:
    """Windows of 256 x 256, an image of 1024 x 1024, one channel, two classes; the median of `rounds` turns."""
    device = choose("cpu")
    return [_prediction(*_network(*chosen), rounds, device) for chosen in NETWORKS]


def trainings(rounds: int) -> list[BenchTraining]:
    """Steps of the light recipe, on every pixel of made-up images; the median of `rounds` turns each."""
    device = choose("cpu")
    return [_training(*_network(*chosen), rounds, device) for chosen in NETWORKS]


def _network(architecture: str, changes: dict[str, int]) -> tuple[str, Network]:
    options = {**MODELS[architecture].presets["light"], **changes}
    return f"{MODELS[architecture].title}, width {options['width']}", build(architecture, 1, CLASSES, options)


def _prediction(name: str, network: Network, rounds: int, device: Device) -> Prediction:
    predictor = Predictor(network, device)
    network.module.eval()
    window = torch.randn(1, 1, WINDOW, WINDOW)
    image = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 1), dtype=np.uint8)
    onnx_runner, openvino_runner = _others(network, window)
    windows = (-(-(SIDE - WINDOW) // (WINDOW * 3 // 4)) + 1) ** 2  # a quarter overlaps

    def often(task: Task) -> Task:
        return lambda: [task() for _ in range(windows)]

    with torch.inference_mode():
        tasks: list[Task] = [
            often(lambda: network.module(window).softmax(1)),
            often(lambda: predictor(window)),
            often(onnx_runner),
            often(openvino_runner),
            lambda: list(predict(predictor, image, [(0.0, 255.0)])),
        ]
        plain, ours, onnx, openvino, tiled = np.median(_turns(tasks, rounds), axis=0) / windows
    return Prediction(name, plain, ours, onnx, openvino, tiled)


def _others(network: Network, window: torch.Tensor) -> tuple[Task, Task]:
    """The same window by ONNX Runtime and by OpenVINO; a task without result where one is not installed."""
    pixels, tasks = window.numpy(), {}
    if find_spec("onnxruntime") is None:
        return lambda: None, lambda: None
    from segstudio.models.onnx_file import export

    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        export(network, path)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        tasks["onnx"] = lambda: session.run(None, {"pixels": pixels})
        if find_spec("openvino") is not None:
            import openvino

            made = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_NUM_THREADS": torch.get_num_threads()})
            tasks["openvino"] = lambda: made({"pixels": pixels})
    return tasks["onnx"], tasks.get("openvino", lambda: None)


def _training(name: str, network: Network, rounds: int, device: Device) -> BenchTraining:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (256, 256, 1), dtype=np.uint8)
    truth = (pixels[..., 0] > 128).astype(np.uint8)
    region = Labelled("a", "a", pixels, [(0.0, 255.0)], encode_map(truth, Origin.PAINTED), (), "train", "a")
    recipe = preset("light", steps=10**6, seconds=0.0)
    run = begin(network.module, recipe, device)
    sampler = Sampler([region], recipe.tile, network.card.scaling, run.random)
    module = begin(network.module, recipe, device).module
    optimizer = torch.optim.AdamW(module.parameters(), lr=recipe.rate)

    def bare() -> None:
        patches = [augment(patch, random, contrast=recipe.contrast, noise=recipe.noise) for patch in sampler.batch(4)]
        classes, _ = targets(np.stack([codes for _, codes in patches]))
        logits = module(torch.from_numpy(np.stack([part for part, _ in patches])))
        loss = F.cross_entropy(logits, torch.from_numpy(classes), ignore_index=IGNORE)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    times = np.median(_turns([bare, lambda: step(run, sampler)], rounds), axis=0)
    return BenchTraining(name, times[0], times[1])


def _turns(tasks: list[Task], rounds: int) -> np.ndarray:
    """Milliseconds (rounds, tasks), the tasks in turns so that a busy moment touches all; a turn before warms up."""
    found = []
    for _ in range(rounds + 1):
        row = []
        for task in tasks:
            start = time.perf_counter()
            task()
            row.append(1000 * (time.perf_counter() - start))
        found.append(row)
    return np.array(found[1:])
