"""What every network must do, built in or from a plugin: the promises that prediction and training rely on."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from segstudio.models.network import assemble, seeded
from segstudio.models.spec import ModelSpec

SIDES = (67, 45)
"""An image of awkward size."""


CLASSES = 3


def failures(spec: ModelSpec) -> Iterator[str]:
    """A sentence for each promise that the light preset breaks: images of any size, logits of that size, finite
    numbers, gradients for all weights, the same for the same seed, weights of float32 or whole numbers,
    shapes without memory.
    """
    for channels in (1, 4):
        module = _made(spec, channels).train()
        logits = module(torch.rand(2, channels, *SIDES))
        if tuple(logits.shape) != (2, CLASSES, *SIDES):
            yield f"a batch of 2 images of {SIDES} gave {tuple(logits.shape)}, not {(2, CLASSES, *SIDES)}"
            continue
        if not bool(logits.isfinite().all()):
            yield "its logits are not finite"
        logits.square().mean().backward()  # weights that are fixed on purpose say so themselves
        if still := [name for name, value in module.named_parameters() if value.requires_grad and value.grad is None]:
            yield f"“{still[0]}” gets no gradient"
    yield from _unlike(spec)


def _unlike(spec: ModelSpec) -> Iterator[str]:
    """What two networks that should be the same differ in."""
    first, again = (_made(spec, 1).state_dict() for _ in range(2))
    if any(not torch.equal(first[name], again[name]) for name in first):
        yield "the same seed gives other weights"
    if any(v.is_floating_point() and v.dtype != torch.float32 for v in first.values()):
        yield "its weights are not float32"
    with torch.device("meta"):
        shapes = _made(spec, 1).state_dict()
    if any(shapes[name].shape != value.shape for name, value in first.items()):
        yield "it cannot be built on torch's meta device"


def _made(spec: ModelSpec, channels: int) -> nn.Module:
    with seeded(3):
        return assemble(spec, channels, CLASSES, spec.complete(spec.presets.get("light", {})))
