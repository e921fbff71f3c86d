"""The state of a training on disk, so that it goes on after a crash. Tensors and JSON, never a pickle."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor


@dataclass(slots=True)
class State:
    """Everything a training needs to go on: named tensors (weights, averages, optimiser) and plain values."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]


def write(path: Path, state: State) -> None:
    """Write the state beside the last one, then rename over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(path.name + ".part")
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in state.tensors.items()}
    save_file(tensors, scratch, {"state": json.dumps(state.values)})
    scratch.replace(path)


def read(path: Path) -> State | None:
    """The state in a file, or None if there is none that can be used."""
    try:
        with safe_open(path, "pt") as file:
            values = json.loads(file.metadata()["state"])
            return State({name: file.get_tensor(name) for name in file.keys()}, values)  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def pack(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": value for name, value in tensors.items()}


def unpack(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = prefix + "/"
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def pack_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """AdamW's moments by parameter number."""
    state = optimizer.state_dict()["state"]
    return {f"adam/{i}.{name}": torch.as_tensor(value) for i, part in state.items() for name, value in part.items()}


def unpack_optimizer(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Give the optimiser its moments back."""
    whole = optimizer.state_dict()
    for key, value in unpack("adam", tensors).items():
        number, _, name = key.partition(".")
        whole["state"].setdefault(int(number), {})[name] = value
    optimizer.load_state_dict(whole)


def random_state(random: np.random.Generator) -> dict[str, Any]:
    """A generator's state as plain values."""
    state = dict(random.bit_generator.state)
    return {"name": state["bit_generator"], "state": {k: str(v) for k, v in state["state"].items()},
            "has": state["has_uint32"], "rest": state["uinteger"]}  # fmt: skip


def restore_random(random: np.random.Generator, values: dict[str, Any]) -> None:
    """The reverse of `random_state`."""
    random.bit_generator.state = {
        "bit_generator": values["name"],
        "state": {name: int(value) for name, value in values["state"].items()},
        "has_uint32": values["has"],
        "uinteger": values["rest"],
    }
