"""Network: a module together with its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import torch
from torch import nn

from segstudio import __version__
from segstudio.errors import UserError
from segstudio.models.card import CHANNEL_LIMIT, CLASS_LIMIT, Card
from segstudio.models.registry import find


@dataclass(slots=True)
class Network:
    """A network that can be used.

    `module(x)` takes float32 (N, channels, H, W) of any height and width and gives logits (N, classes, H, W).
    """

    module: nn.Module
    card: Card


def build(
    architecture: str,
    channels: int,
    classes: Sequence[tuple[str, str]],
    options: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
) -> Network:
    """A network with random weights, the same for the same seed; global random numbers stay undisturbed.

    `classes` are (name, colour) by class id. Raises UserError for an unknown architecture or option and for
    numbers of channels or classes no network can have.
    """
    complete = find(architecture).complete(options or {})
    if not 1 <= channels <= CHANNEL_LIMIT:
        raise UserError(f"A network takes 1 to {CHANNEL_LIMIT} channels, not {channels}.")
    if not 1 <= len(classes) <= CLASS_LIMIT:
        raise UserError(f"A network tells 1 to {CLASS_LIMIT} classes apart, not {len(classes)}.")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed accelerators too
        module = construct(architecture, channels, len(classes), complete)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    card = Card(architecture, complete, channels, tuple(classes), seed=seed, created=created, app=__version__)
    return Network(module, card)


def construct(architecture: str, channels: int, classes: int, options: Mapping[str, Any]) -> nn.Module:
    """The bare module of an architecture; `options` must be complete."""
    module, _, name = find(architecture).factory.partition(":")
    made = getattr(import_module(module), name)(channels, classes, **options)
    assert isinstance(made, nn.Module)
    return made
