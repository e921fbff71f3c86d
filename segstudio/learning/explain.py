"""Explanations: which pixels a network's answer about a region rests on."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from segstudio.errors import UserError
from segstudio.learning.device import Device
from segstudio.learning.scaling import scale
from segstudio.models.network import Network

METHODS = {"gradcam": "Seg-Grad-CAM", "integrated": "Integrated gradients"}

STEPS = 16
"""Points between the empty and the real image at which gradients are taken (integrated gradients)."""

TOP = 0.99
"""Share of the pixels that are at most as strong as what is drawn strongest: single pixels should not dim the rest."""


class _Region(nn.Module):
    """Sum of a class's logits over a region: the one number whose reasons are asked for."""

    def __init__(self, module: nn.Module, class_id: int, region: Tensor) -> None:
        super().__init__()
        self.module, self._class, self._region = module, class_id, region

    def forward(self, x: Tensor) -> Tensor:  # (N, channels, H, W)
        total: Tensor = (self.module(x)[:, self._class] * self._region).flatten(1).sum(1, keepdim=True)  # (N, 1)
        return total


def explain(
    network: Network, pixels: NDArray[np.generic], ranges: Sequence[tuple[float, float]], region: NDArray[np.bool_],
    class_id: int, method: str, device: Device,
) -> NDArray[np.float32]:  # fmt: skip
    """How much each pixel speaks for `class_id` in `region`: 0 (nothing) to 1 (most), float32 (rows, columns).

    `pixels` are (rows, columns, channels) in the file's units, `region` marks the pixels that are asked about.
    "gradcam" is Seg-Grad-CAM (Vinogradova, Dibrov, Myers 2020, arXiv:2002.11434) on the network's deepest layer, coarse
    and about objects; "integrated" is integrated gradients (Sundararajan, Taly, Yan 2017, arXiv:1703.01365) from an
    image of the middle grey, fine and about edges. Both through Captum. Raises UserError for another method and for an
    empty region.
    """
    if method not in METHODS:
        raise UserError(f"There is no explanation “{method}”.", hint=f"Choose {', '.join(METHODS)}.")
    if class_id not in network.card.class_ids:
        raise UserError("The model does not know this class.", hint="Train it: then it learns the class.")
    if not region.any():
        raise UserError("There is no object here to explain.", hint="Point at a predicted object.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Captum about hooks, and of matplotlib, which it imports
        from captum.attr import IntegratedGradients, LayerGradCam
    x = torch.from_numpy(scale(pixels, ranges, network.card.scaling, network.card.channels))[None].to(device.torch)
    module = network.module.to(device.torch).eval()
    asked = _Region(
        module, network.card.class_ids.index(class_id), torch.from_numpy(region.astype(np.float32)).to(device.torch)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "gradcam":
            found = LayerGradCam(asked, deepest(module)).attribute(x, target=0)
            found = F.interpolate(found.clamp_min(0), x.shape[-2:], mode="bilinear", align_corners=False)[0, 0]
        else:
            found = IntegratedGradients(asked).attribute(x, target=0, n_steps=STEPS, internal_batch_size=1)
            found = found[0].abs().sum(0)
    values = found.detach().cpu().float().numpy()
    top = float(np.quantile(values, TOP)) or float(values.max())
    return np.clip(values / top, 0, 1).astype(np.float32) if top > 0 else np.zeros(region.shape, np.float32)


def deepest(module: nn.Module) -> nn.Module:
    """The layer with the widest view: what follows the last pooling."""
    for name in ("bottom", "conv7"):
        found = getattr(module, name, None)
        if isinstance(found, nn.Module):
            return found
    encoder = getattr(module, "encoder", None)
    if isinstance(encoder, nn.ModuleList):
        return encoder[-1]
    raise UserError("This network does not say which of its layers is the deepest.", hint="Use integrated gradients.")
