"""The stages of FCN: a finer network goes on from a coarser one (Long et al. 2015, section 4.2)."""

from __future__ import annotations

from dataclasses import replace

import torch

from segstudio.errors import UserError
from segstudio.models.fcn import FCN
from segstudio.models.network import Network, build
from segstudio.models.registry import find

COARSER = {"fcn16s": "fcn32s", "fcn8s": "fcn16s"}
"""What each network is preceded by."""


def finer(coarse: Network, architecture: str) -> Network:
    """The network `architecture` with all weights of `coarse`; its new score layer is zero.

    It begins with the coarse network's scores, upsampled in two steps instead of one. Its card names the coarse
    network, and the recipe "paper" then learns with a hundredth of the rate. Raises UserError where `coarse` is not
    the stage before.
    """
    before = COARSER.get(architecture, "")
    if coarse.card.architecture != before:
        found, wanted = find(coarse.card.architecture).title, find(architecture).title
        raise UserError(
            f"{wanted} cannot go on from {found}.",
            why=f"It goes on from {find(before).title}." if before else "It has no stage before it.",
            hint="Start it from random weights, or train the stages one after the other: FCN-32s, FCN-16s, FCN-8s.",
        )
    network = build(
        architecture,
        coarse.card.channels,
        coarse.card.classes,
        coarse.card.options,
        seed=coarse.card.seed,
        ids=coarse.card.ids,
    )
    assert isinstance(network.module, FCN)
    known = {name: value for name, value in coarse.module.state_dict().items() if name != "final.weight"}
    with torch.no_grad():
        network.module.load_state_dict({**network.module.state_dict(), **known})
    metrics = {"stage": f"goes on from {find(before).title} after {coarse.card.steps} steps"}
    network.card = replace(network.card, scaling=coarse.card.scaling, metrics=metrics)
    return network
