"""Network: a module together with its card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import torch
from torch import nn

from segstudio import __version__
from segstudio.errors import UserError
from segstudio.models.card import CHANNEL_LIMIT, CLASS_LIMIT, Card
from segstudio.models.registry import find
from segstudio.models.spec import ModelSpec


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
    ids: Sequence[int] = (),
) -> Network:
    """A network with random weights, the same for the same seed; global random numbers stay undisturbed.

    `classes` are (name, colour) of each output, `ids` their class ids (none: 0, 1, 2 and so on). Raises UserError for
    an unknown architecture or option and for numbers of channels or classes no network can have.
    """
    complete = find(architecture).complete(options or {})
    if not 1 <= channels <= CHANNEL_LIMIT:
        raise UserError(f"A network takes 1 to {CHANNEL_LIMIT} channels, not {channels}.")
    if not 1 <= len(classes) <= CLASS_LIMIT:
        raise UserError(f"A network tells 1 to {CLASS_LIMIT} classes apart, not {len(classes)}.")
    with seeded(seed):
        module = construct(architecture, channels, len(classes), complete)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    card = Card(architecture, complete, channels, tuple(classes), seed=seed, created=created, app=__version__)
    card = replace(card, ids=() if tuple(ids) == tuple(range(len(classes))) else tuple(ids))
    return Network(module, card)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random numbers from a seed; those of the rest of the program stay undisturbed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed accelerators too
        yield


def construct(architecture: str, channels: int, classes: int, options: Mapping[str, Any]) -> nn.Module:
    """The bare module of an architecture; `options` must be complete. Raises UserError where a plugin's fails."""
    return assemble(find(architecture), channels, classes, options)


def assemble(spec: ModelSpec, channels: int, classes: int, options: Mapping[str, Any]) -> nn.Module:
    """As `construct`, of a network that need not be in the table."""
    make = spec.load()
    try:
        made = make(channels, classes, **options)
        if not isinstance(made, nn.Module) or not isinstance(getattr(made, "stride", None), int):
            raise TypeError("it is no module with a whole number as stride")
    except Exception as error:
        if spec.plugin is None:
            raise
        why = f"Its {spec.title} could not be built: {error}."
        raise UserError(f"The plugin “{spec.plugin.name}” does not work.", why=why) from error
    return made
