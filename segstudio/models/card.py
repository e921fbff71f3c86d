"""Card: what a checkpoint says about itself. Readable without torch."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from segstudio.errors import UserError

KEY = "segstudio"
HEADER_LIMIT = 2**20
"""Bytes a safetensors header may have here."""

CHANNEL_LIMIT = 4096
CLASS_LIMIT = 255
"""Class ids are 0..254; 255 means nothing."""

SCALINGS = ("range", "imagenet")


@dataclass(frozen=True, slots=True)
class Card:
    """The network in a checkpoint: how to build it, what its classes mean, where it comes from.

    `scaling` is how pixels become input ("range": each channel's robust range to -1..1, "imagenet":
    torchvision's statistics). `number` is the version's number in its project (0 outside one), `parent` the
    sha256 of the checkpoint it was trained from, `labels` the sha256 of the labels it was trained on,
    `created` an ISO time (UTC), `temperature` what logits are divided by before the softmax, `receipt`
    everything the training was made of (learning.receipt), so that it can be repeated. `ids` are the class ids of the
    outputs, ascending from 0; none means 0, 1, 2 and so on, as in files that do not say it.
    """

    architecture: str
    options: dict[str, Any]
    channels: int
    classes: tuple[tuple[str, str], ...]  # (name, colour) of each output
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
    receipt: dict[str, Any] = field(default_factory=dict)
    ids: tuple[int, ...] = ()

    @property
    def class_ids(self) -> tuple[int, ...]:
        """The class id that each output stands for."""
        return self.ids or tuple(range(len(self.classes)))

    def name(self, class_id: int) -> str:
        """What a class is called; for an id that the network does not know, "class" and the id."""
        known = dict(zip(self.class_ids, self.classes, strict=True))
        return known[class_id][0] if class_id in known else f"class {class_id}"

    def to_json(self) -> str:
        """One line of JSON; a metric that is not a finite number becomes null."""
        return json.dumps(_finite(asdict(self)), sort_keys=True, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """The reverse of `to_json`; unknown fields are ignored. Raises ValueError for anything else."""
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("the card is not a table")
        known = {f.name: values[f.name] for f in fields(cls) if f.name in values}
        try:
            for f in fields(cls):
                if f.name in known:
                    known[f.name] = _READERS[str(f.type)](known[f.name])
            card = cls(**known)
        except TypeError as error:
            raise ValueError(f"the card is incomplete ({error})") from error
        _check(card)
        return card


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


def _check(card: Card) -> None:
    if not 1 <= card.channels <= CHANNEL_LIMIT:
        raise ValueError(f"{card.channels} channels")
    if not 1 <= len(card.classes) <= CLASS_LIMIT:
        raise ValueError(f"{len(card.classes)} classes")
    if card.ids and (
        len(card.ids) != len(card.classes)
        or list(card.ids) != sorted(set(card.ids))
        or card.ids[0] != 0
        or card.ids[-1] >= CLASS_LIMIT
    ):
        raise ValueError(f"class ids {card.ids}")
    if card.scaling not in SCALINGS:
        raise ValueError(f"unknown scaling {card.scaling!r}")
    if not (math.isfinite(card.temperature) and card.temperature > 0):
        raise ValueError(f"temperature {card.temperature}")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not an integer")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a number")
    return float(value)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table")
    return value


def _classes(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list):
        raise ValueError("the classes are not a list")
    return tuple((_text(name), _text(color)) for name, color in value)


def _ids(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise ValueError("the class ids are not a list")
    return tuple(map(_integer, value))


_READERS = {
    "str": _text,
    "int": _integer,
    "float": _number,
    "dict[str, Any]": _table,
    "tuple[tuple[str, str], ...]": _classes,
    "tuple[int, ...]": _ids,
}
"""How each kind of field is read, by its annotation."""
