"""Checkpoints: safetensors files with a card. Nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes

from segstudio.errors import UserError
from segstudio.models.card import KEY, read_card
from segstudio.models.network import Network, construct
from segstudio.models.registry import find


def save(network: Network, path: Path) -> str:
    """Write the network to `path` (a temporary name, synced, then renamed); returns the file's sha256."""
    state = {name: value.detach().cpu().contiguous() for name, value in network.module.state_dict().items()}
    if not all(torch.isfinite(value).all() for value in state.values() if value.is_floating_point()):
        raise UserError("The model was not saved.", why="Its weights are not finite numbers any more.")
    data = to_bytes(state, {KEY: network.card.to_json()})
    scratch = path.with_name(path.name + ".part")
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    return hashlib.sha256(data).hexdigest()


def load(path: Path) -> Network:
    """The network in a checkpoint, on the CPU and in eval mode.

    Raises UserError when the file is no SegStudio model, when its tensors do not have the shapes of the
    network its card names, and when a weight is not finite.
    """
    card = read_card(path)
    with torch.device("meta"):
        module = construct(
            card.architecture, card.channels, len(card.classes), find(card.architecture).complete(card.options)
        )
    wanted = module.state_dict()
    try:
        with safe_open(path, "pt") as file:
            if set(file.keys()) != set(wanted):
                raise UserError(f"The model “{path.name}” is damaged.", why="Its weights are not those its card names.")
            for name in wanted:
                if tuple(file.get_slice(name).get_shape()) != tuple(wanted[name].shape):
                    raise UserError(f"The model “{path.name}” is damaged.", why=f"“{name}” has the wrong shape.")
            state = {name: file.get_tensor(name) for name in wanted}
    except (SafetensorError, OSError) as error:
        raise UserError(f"The model “{path.name}” could not be read.", why=str(error)) from error
    for name, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise UserError(f"The model “{path.name}” is damaged.", why=f"“{name}” holds values that are not numbers.")
    module = module.to_empty(device="cpu")
    module.load_state_dict(state)
    return Network(module.eval(), card)
