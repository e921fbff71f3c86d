"""ONNX files: a network for other programs, checked against ONNX Runtime before it is kept."""

from __future__ import annotations

import copy
import os
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from segstudio.errors import UserError
from segstudio.models.network import Network

TOLERANCE = 1e-4
"""How far ONNX Runtime's logits may be from torch's, relative to the largest logit where that is above 1."""

OPSET = 18
NEEDED = ("onnx", "onnxscript", "onnxruntime")


def export(network: Network, path: Path) -> float:
    """Write `network` to `path` as ONNX; returns the largest difference that ONNX Runtime showed.

    Input `pixels` is float32 (N, channels, H, W), scaled as the card says; output `logits` float32 (N, classes, H, W),
    already divided by the model's temperature: the softmax over axis 1 gives its probabilities. N, H and W are free,
    but H and W must be multiples of the network's stride, which is in the metadata with the whole card. The file is
    checked on two sizes and appears only if it passes. Raises UserError when it does not, when the packages for ONNX
    are missing and when the file cannot be written.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UserError(
            "ONNX export needs packages that are not installed.",
            why=f"Missing: {', '.join(missing)}.",
            hint="Install them with: pip install 'segstudio[onnx]'",
        )
    module = _Tempered(copy.deepcopy(network.module).cpu().eval(), network.card.temperature).eval()
    stride: int = network.module.stride  # type: ignore[assignment]
    scratch = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        _write(module, network, stride, scratch)
        worst = max(_difference(module, network, scratch, stride, sides) for sides in ((3, 4), (5, 2)))
        if not worst <= TOLERANCE:
            raise UserError(
                "The model was not exported.", why=f"ONNX Runtime's results differ by {worst:.1g} from the model's."
            )
        scratch.replace(path)
    except OSError as error:
        raise UserError(f"“{path.name}” could not be written.", why=error.strerror or str(error)) from error
    finally:
        scratch.unlink(missing_ok=True)
    return worst


class _Tempered(nn.Module):
    """Logits divided by the temperature."""

    def __init__(self, network: nn.Module, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.network(pixels)
        return logits / self.temperature


def _write(module: nn.Module, network: Network, stride: int, path: Path) -> None:
    import onnx

    sides = {axis: stride * torch.export.Dim(name, min=1, max=4096) for axis, name in ((2, "rows"), (3, "columns"))}
    shapes = {"pixels": {0: torch.export.Dim("batch", min=1, max=1024), **sides}}
    example = torch.zeros(2, network.card.channels, 3 * stride, 4 * stride)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        program = torch.onnx.export(
            module, (example,), input_names=["pixels"], output_names=["logits"], dynamic_shapes=shapes,
            opset_version=OPSET, dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip
    assert program is not None
    made = program.model_proto
    told = {"segstudio": network.card.to_json(), "stride": str(stride), "scaling": network.card.scaling}
    onnx.helper.set_model_props(made, told)
    path.write_bytes(made.SerializeToString())


def _difference(module: nn.Module, network: Network, path: Path, stride: int, sides: tuple[int, int]) -> float:
    """Largest difference between torch and ONNX Runtime on random pixels of so many strides, relative as TOLERANCE."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    random = torch.Generator().manual_seed(sum(sides))
    pixels = torch.randn(1, network.card.channels, sides[0] * stride, sides[1] * stride, generator=random)
    with torch.inference_mode():
        expected = module(pixels).numpy()
    (found,) = session.run(None, {"pixels": pixels.numpy()})
    return float(np.abs(np.asarray(found) - expected).max() / max(1.0, float(np.abs(expected).max())))
