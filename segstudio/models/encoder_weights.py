"""ImageNet weights of torchvision's VGG16 for the encoders of SegNet and FCN."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from segstudio.errors import UserError
from segstudio.models.fcn import FCN
from segstudio.models.segnet import SegNet

CONVS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
"""Places of the 13 convolutions in the `features` of torchvision's vgg16."""

CONVS_BN = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)
"""The same in vgg16_bn; each batch norm is one place further."""

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What torchvision's weights expect of red, green, blue in 0..1."""

NORM_PARTS = ("weight", "bias", "running_mean", "running_var")

State = dict[str, Tensor]

_UNREADABLE = (
    SafetensorError, pickle.UnpicklingError, struct.error, EOFError, RuntimeError, ValueError, TypeError,
    AttributeError, LookupError, AssertionError, OverflowError,
)  # fmt: skip
"""What safetensors and torch's restricted unpickler raise for damaged files (found by damaging some)."""


def load_encoder(module: nn.Module, path: Path | None = None, *, download: bool = False) -> None:
    """Replace the encoder's random weights by those of vgg16_bn (networks with batch norm) or vgg16.

    They come from `path`, a state_dict as .safetensors or .pth (read without unpickling code), or, only when
    `download` is set, from torchvision's server. SegNet and FCN of width 64 take them; FCN as published also
    takes conv6 and conv7 from the classifier. Nothing is changed unless everything fits, else UserError.

    The first convolution is adapted to "range" scaled input (-1..1) by folding ImageNet's mean and deviation
    into it, so the card's scaling stays "range". With one channel its weights are summed over red, green and
    blue, which equals giving the image three times; any other number of channels shares that sum equally.
    """
    if not isinstance(module, SegNet | FCN):
        raise UserError("This network has no ImageNet encoder.", hint="SegNet and FCN have one.")
    convs = [part for part in module.encoder.modules() if isinstance(part, nn.Conv2d)]
    norms = [part for part in module.encoder.modules() if isinstance(part, nn.BatchNorm2d)]
    if convs[0].out_channels != 64:
        why = f"They fit width 64 only; this one has width {convs[0].out_channels}."
        raise UserError("ImageNet weights do not fit this network.", why=why, hint="Use width 64.")
    source = "vgg16_bn" if norms else "vgg16"
    if path is None and not download:
        hint = f"Name a file of {source}, or allow the download."
        raise UserError("No ImageNet weights were given.", hint=hint)
    given = _download(source) if path is None else _read(path)
    _copy(_mapped(module, convs, norms, given, source))


def _mapped(
    module: nn.Module, convs: list[nn.Conv2d], norms: list[nn.BatchNorm2d], given: State, source: str
) -> list[tuple[Tensor, Tensor]]:
    """Pairs (our tensor, its new values), every one checked."""
    places = CONVS_BN if norms else CONVS
    pairs: list[tuple[Tensor, Tensor]] = []
    for part, at in zip(convs, places, strict=True):
        shape = (part.out_channels, 3 if at == 0 else part.in_channels, 3, 3)
        weight = _take(given, f"features.{at}.weight", shape, source)
        bias = _take(given, f"features.{at}.bias", (part.out_channels,), source)
        if at == 0:
            weight, bias = _fold_scaling(weight, bias, part.in_channels)
        pairs += zip(part.parameters(), (weight, bias), strict=True)
    for norm, at in zip(norms, places, strict=False):
        for name in NORM_PARTS:
            values = _take(given, f"features.{at + 1}.{name}", (norm.num_features,), source)
            pairs.append((getattr(norm, name), values))
    if isinstance(module, FCN) and not norms:
        pairs += _classifier(module, given, source)
    return pairs


def _classifier(module: FCN, given: State, source: str) -> list[tuple[Tensor, Tensor]]:
    """conv6 and conv7 from the classifier, whose input torchvision flattens channel by channel."""
    conv6, conv7 = module.conv6[0], module.conv7[0]
    assert isinstance(conv6, nn.Conv2d) and isinstance(conv7, nn.Conv2d)
    if conv6.out_channels != 4096 or conv6.kernel_size != (7, 7):
        return []  # a light head has nothing to take over
    pairs: list[tuple[Tensor, Tensor]] = []
    for part, at in ((conv6, 0), (conv7, 3)):
        weight = _take(given, f"classifier.{at}.weight", (4096, part.weight[0].numel()), source)
        bias = _take(given, f"classifier.{at}.bias", (4096,), source)
        pairs += zip(part.parameters(), (weight.view(part.weight.shape), bias), strict=True)
    return pairs


def _fold_scaling(weight: Tensor, bias: Tensor, channels: int) -> tuple[Tensor, Tensor]:
    """The first convolution for x in -1..1 instead of ((x + 1) / 2 - mean) / std, and for any channels."""
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    bias = bias + (weight * (0.5 - mean) / std).sum((1, 2, 3))
    weight = weight / (2 * std)
    if channels != 3:
        weight = weight.sum(1, keepdim=True).expand(-1, channels, -1, -1) / channels
    return weight, bias


def _take(given: State, name: str, shape: tuple[int, ...], source: str) -> Tensor:
    value = given.get(name)
    if value is None or tuple(value.shape) != shape or not value.is_floating_point():
        raise UserError(
            f"These weights are not those of {source}.",
            why=f"“{name}” is missing or has another shape.",
            hint=f"This network needs the state_dict of torchvision's {source}.",
        )
    if not torch.isfinite(value).all():
        raise UserError("These weights are damaged.", why=f"“{name}” holds values that are not numbers.")
    return value.float()


def _copy(pairs: list[tuple[Tensor, Tensor]]) -> None:
    with torch.no_grad():
        for ours, values in pairs:
            ours.copy_(values)


def _read(path: Path) -> State:
    try:
        if path.suffix == ".safetensors":
            values: Any = load_file(path)
        else:
            values = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(f"“{path.name}” could not be read.", why=error.strerror or str(error)) from error
    except _UNREADABLE as error:
        why = "It is not a .safetensors or .pth file, or it is damaged."
        raise UserError(f"“{path.name}” holds no weights.", why=why) from error
    if not isinstance(values, dict) or not all(isinstance(value, Tensor) for value in values.values()):
        raise UserError(f"“{path.name}” holds no weights.", why="It is not a table of tensors.")
    return values


def _download(source: str) -> State:
    try:
        from torchvision import models

        weights = models.get_model_weights(source)["IMAGENET1K_V1"]
        state: State = weights.get_state_dict(progress=False, check_hash=True)
    except (ImportError, RuntimeError) as error:  # RuntimeError: built for another torch, or a bad hash
        raise UserError("The ImageNet weights could not be downloaded.", why=str(error)) from error
    except OSError as error:
        raise UserError(
            "The ImageNet weights could not be downloaded.",
            why=str(error),
            hint=f"Download {source} on another computer and name the file.",
        ) from error
    return state
