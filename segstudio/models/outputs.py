"""A network for other classes or channels than it was made for: what it knows is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from segstudio.core.channels import COLOUR, GREY
from segstudio.errors import UserError
from segstudio.models.card import Card
from segstudio.models.network import Network, construct

UNLIKELY = 1.0
"""How much the logit of a new class lies below the mean of the others: it is not the likeliest before it was learnt."""

Class = tuple[int, str, str]
"""Id, name, colour."""

Change = Callable[[Tensor, int], Tensor]
"""What makes a tensor of another size along a dimension."""


def with_classes(network: Network, classes: Sequence[Class]) -> Network:
    """The network with an output for each of `classes`, in this order.

    An output goes with its class id: those that are known keep their weights, and among them the network says what it
    said before. A new one begins as the mean of all, a little less likely. Outputs of other classes go. The network
    itself is not changed. Raises UserError where the network has no layer that gives the classes.
    """
    card, ids = network.card, tuple(row[0] for row in classes)
    named = tuple((name, color) for _, name, color in classes)
    if ids == card.class_ids:
        return Network(network.module, replace(card, classes=named))
    known = [card.class_ids.index(class_id) if class_id in card.class_ids else -1 for class_id in ids]
    changed = replace(card, classes=named, ids=() if ids == tuple(range(len(ids))) else ids)

    def outputs(value: Tensor, dimension: int) -> Tensor:
        rows = value.movedim(dimension, 0)
        fresh = rows.mean(0) - (UNLIKELY if value.dim() == 1 else 0.0)
        return torch.stack([rows[at] if at >= 0 else fresh for at in known]).movedim(0, dimension)

    return _changed(network, changed, replace(card, classes=(*card.classes, ("", "")), ids=()), outputs)


def with_channels(network: Network, channels: int) -> Network:
    """A network for grey images as one for colour: it says of three equal channels what it said of the one.

    Others, and those that take so many channels, are given back as they are.
    """
    card = network.card
    if (card.channels, channels) != (GREY, COLOUR):
        return network
    wide = replace(card, channels=channels)

    def inputs(value: Tensor, dimension: int) -> Tensor:
        return value.repeat_interleave(channels, dimension) / channels

    return _changed(network, wide, wide, inputs)


def as_begun(network: Network, card: Card) -> Network:
    """The network as a training began with it whose result has this `card`: for its classes and channels."""
    classes = tuple((i, name, color) for i, (name, color) in zip(card.class_ids, card.classes, strict=True))
    return with_channels(with_classes(network, classes), card.channels)


def _changed(network: Network, card: Card, other: Card, change: Change) -> Network:
    """The network made for `card`; `change` is asked for every tensor whose shape is another in a network for `other`,
    with the dimension that differs."""
    state = dict(network.module.state_dict())
    touched = dict(_differing(network, other))
    if not touched:
        raise UserError("This network cannot be changed for other classes.", hint="Make a new model for them.")
    for name, dimension in touched.items():
        state[name] = change(state[name], dimension)
    with torch.device("meta"):
        module = construct(card.architecture, card.channels, len(card.classes), card.options)
    if any(state[name].shape != value.shape for name, value in module.state_dict().items()):
        raise UserError("This network cannot be changed for other classes.", hint="Make a new model for them.")
    module = module.to_empty(device="cpu")
    module.load_state_dict({name: value.detach().cpu().clone() for name, value in state.items()})
    return Network(module.eval(), card)


def _differing(network: Network, other: Card) -> Iterator[tuple[str, int]]:
    """Tensors whose shape depends on what differs between the network's card and `other`, with the dimension."""
    with torch.device("meta"):
        module = construct(other.architecture, other.channels, len(other.classes), other.options)
    for name, value in module.state_dict().items():
        mine = network.module.state_dict()[name].shape
        if places := [place for place, (a, b) in enumerate(zip(mine, value.shape, strict=True)) if a != b]:
            yield name, places[0]
