"""The starter: weights learnt from generated images, for any number of channels and classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from segstudio.errors import UserError
from segstudio.models.card import Card
from segstudio.models.network import Network, build
from segstudio.models.registry import find
from segstudio.models.stages import finer
from segstudio.models.weights import load
from segstudio.resources import folder

FILE = "models/starter-unet.safetensors"
"""Its place in the resources."""

WEIGHTS = ("starter", "random", "coarser")

HEAD = 0.01
"""Deviation of a fresh head's weights: hardly an opinion, so that the first steps decide."""


def fits(architecture: str, options: Mapping[str, Any]) -> bool:
    """Whether the starter's weights fit a network with these (complete) options."""
    return architecture == "unet" and options == find("unet").complete(find("unet").presets["light"])


def starter(card: Card, *, seed: int = 0) -> Network:
    """A light U-Net with the starter's features for the channels and classes of `card`, and a fresh head.

    Its first convolution was trained on three channels; for another number its weights are their mean, scaled so
    that the same signal in all channels gives the same response. Raises UserError where the architecture does not
    fit.
    """
    if not fits(card.architecture, card.options):
        raise UserError(
            "There are no starter weights for this network.",
            hint="They fit the U-Net with the preset light; start others from random weights.",
        )
    known = load(folder() / FILE)
    network = build(card.architecture, card.channels, card.classes, card.options, seed=seed, ids=card.ids)
    weights = dict(known.module.state_dict())
    weights["encoder.0.0.weight"] = _channels(weights["encoder.0.0.weight"], card.channels)
    own = network.module.state_dict()
    for name in ("head.weight", "head.bias"):
        weights[name] = torch.zeros_like(own[name])
    weights["head.weight"].normal_(0, HEAD, generator=torch.Generator().manual_seed(seed))
    network.module.load_state_dict(weights)
    told = {"starter": known.card.metrics.get("starter", "")}
    network.card = replace(network.card, scaling=card.scaling, metrics=told)
    return network


def begin(
    architecture: str,
    channels: int,
    classes: Sequence[tuple[str, str]],
    options: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    weights: str = "starter",
    model: Path | None = None,
    ids: Sequence[int] = (),
) -> Network:
    """A network to begin with: with "starter" weights where there are some for it, else with "random" ones.

    "coarser" weights are those of the file `model`, the stage of FCN before this one (models.stages). Raises UserError
    as models.network.build does, and for other weights.
    """
    if weights not in WEIGHTS:
        raise UserError(f"There are no weights “{weights}”.", hint=f"Choose {', '.join(WEIGHTS)}.")
    if weights == "coarser":
        if model is None:
            raise UserError("There is no coarser model to go on from.", hint="Train FCN-32s first, then FCN-16s.")
        return finer(load(model), architecture)
    network = build(architecture, channels, classes, options, seed=seed, ids=ids)
    if weights == "starter" and fits(architecture, network.card.options):
        return starter(network.card, seed=seed)
    return network


def _channels(weight: Tensor, channels: int) -> Tensor:
    """First-layer weights (outputs, 3, 3, 3) for another number of channels."""
    if channels == weight.shape[1]:
        return weight
    return weight.sum(1, keepdim=True).expand(-1, channels, -1, -1) / channels
