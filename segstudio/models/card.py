"""Card: what a checkpoint says about itself. Readable without torch."""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from segstudio.errors import UserError

KEY = "segstudio"
HEADER_LIMIT = 2**20
"""Bytes a safetensors header may have here."""


@dataclass(frozen=True, slots=True)
class Card:
    """The network in a checkpoint: how to build it, what its classes mean, where it comes from.

    `scaling` is how pixels become input ("range": each channel's robust range to -1..1, "imagenet": torchvision's
    statistics). `number` is the version's number in its project (0 outside one), `parent` the sha256 of the
    checkpoint it was trained from, `labels` the sha256 of the labels it was trained on, `created` an ISO time
    (UTC), `temperature` what logits are divided by before the softmax.
    """

    architecture: str
    options: dict[str, Any]
    channels: int
    classes: tuple[tuple[str, str], ...]  # (name, colour) by class id
    scaling: str = "range"
    number: int = 0
    parent: str = ""
    labels: str = ""
    seed: int = 0
    steps: int = 0
    seconds: float = 0.0
    metrics: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    app: str = ""
    temperature: float = 1.0

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """The reverse of `to_json`; unknown fields are ignored. Raises ValueError for anything else."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("a card is a table")
        known = {f.name for f in fields(cls)}
        try:
            values["classes"] = tuple((str(name), str(color)) for name, color in values["classes"])
            return cls(**{name: value for name, value in values.items() if name in known})
        except (KeyError, TypeError) as error:
            raise ValueError(f"the card is incomplete ({error})") from error


def read_card(path: Path) -> Card:
    """The card of a checkpoint, from the file's header only.

    Raises UserError when the file is missing or is not a SegStudio model.
    """
    try:
        with path.open("rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            if size > HEADER_LIMIT:
                raise ValueError("its header is too long")
            header = json.loads(file.read(size))
        return Card.from_json(header["__metadata__"][KEY])
    except OSError as error:
        raise UserError(f"The model “{path.name}” could not be read.", why=error.strerror or "") from error
    except (ValueError, KeyError, TypeError, struct.error, RecursionError) as error:
        raise UserError(
            f"“{path.name}” is not a SegStudio model.",
            why="It is not a safetensors file with a SegStudio card.",
            hint="Models are made by training, with the ending .safetensors.",
        ) from error
