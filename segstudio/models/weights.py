"""Checkpoints: safetensors files with a card. Nothing is ever unpickled."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from segstudio.errors import UserError
from segstudio.models.card import KEY, read_card
from segstudio.models.network import Network, construct
from segstudio.models.registry import find


def save(network: Network, path: Path) -> str:
    """Write the network to `path` and return the file's sha256.

    A reader sees the old file or the new one, never a part: it is written under another name, synced and
    renamed.
    Raises UserError when a weight is not finite and when the file cannot be written.
    """
    state = {name: value.detach().cpu().contiguous() for name, value in network.module.state_dict().items()}
    if any(map(_broken, state.values())):
        raise UserError("The model was not saved.", why="Its weights are not finite numbers any more.")
    scratch = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file(state, scratch, {KEY: network.card.to_json()})
        with scratch.open("rb+") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        scratch.replace(path)
        _sync_folder(path.parent)
    except (OSError, SafetensorError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"The model could not be saved as “{path.name}”.", why=why) from error
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
    return digest


def load(path: Path) -> Network:
    """The network in a checkpoint, on the CPU and in eval mode.

    Raises UserError when the file is no SegStudio model, when its tensors do not have the names, shapes and
    types of the network its card names, and when a weight is not finite.
    """
    card = read_card(path)
    options = find(card.architecture).complete(card.options)
    with torch.device("meta"):  # shapes are compared before any memory is taken
        module = construct(card.architecture, card.channels, len(card.classes), options)
    state = _read(path, module.state_dict())
    module = module.to_empty(device="cpu")
    module.load_state_dict(state)
    return Network(module.eval(), card)


def weights_hash(module: nn.Module) -> str:
    """sha256 over the names, types, shapes and values of all weights, in their order: the same on every device."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _read(path: Path, wanted: dict[str, Tensor]) -> dict[str, Tensor]:
    try:
        with safe_open(path, "pt") as file:
            if set(file.keys()) != set(wanted):
                raise _damaged(path, "Its weights are not those its card names.")
            for name, tensor in wanted.items():
                if tuple(file.get_slice(name).get_shape()) != tuple(tensor.shape):
                    raise _damaged(path, f"“{name}” has the wrong shape.")
            state = {name: file.get_tensor(name) for name in wanted}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, str(error)) from error
    for name, value in state.items():
        if value.dtype != wanted[name].dtype:
            raise _damaged(path, f"“{name}” has the wrong type of number.")
        if _broken(value):
            raise _damaged(path, f"“{name}” holds values that are not numbers.")
    return state


def _damaged(path: Path, why: str) -> UserError:
    hint = "Use another version, or copy the file again from where it came."
    return UserError(f"The model “{path.name}” is damaged.", why=why, hint=hint)


def _broken(value: Tensor) -> bool:
    return value.is_floating_point() and not bool(torch.isfinite(value).all())


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the system can open folders (not Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
