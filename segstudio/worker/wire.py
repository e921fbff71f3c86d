"""What messages are made of and how they go over the wire: one JSON object per line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import cache
from types import NoneType, UnionType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

BoxTuple = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels, ends excluded."""

TileTuple = tuple[int, int, int, int]
"""Slice, level, tile row, tile column."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """An array both processes can see (worker.shared): the file that backs it, its shape and dtype."""

    block: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Region:
    """Labelled pixels of one image for the trainer; fields as in learning.dataset.Labelled."""

    name: str
    group: str
    role: str
    digest: str
    image: Pixels
    codes: Pixels
    ranges: tuple[tuple[float, float], ...]
    recent: tuple[BoxTuple, ...]
    offset: tuple[int, int] = (0, 0)  # of the region in its image, so that validation blocks stay where they are


@dataclass(frozen=True, slots=True)
class Quick:
    """News for the quick head: tiles whose labels changed, each as a region of its own around one tile.

    A worker that knows other `labels` than these (another project or layer) forgets them first.
    """

    labels: str
    tiles: tuple[Region, ...] = ()


class Message:
    """Base of all messages; each subclass is known by its name on the wire."""

    kinds: ClassVar[dict[str, type[Message]]] = {}
    job: int

    def __init_subclass__(cls) -> None:
        Message.kinds[cls.__name__] = cls


def encode(message: Message) -> str:
    """One line of JSON, newline included."""
    values = {"kind": type(message).__name__, **asdict(message)}  # type: ignore[call-overload]
    return json.dumps(values, ensure_ascii=True) + "\n"


def decode(line: str | bytes) -> Message:
    """The message in a line; ValueError when it is none."""
    values = json.loads(line)
    kind = Message.kinds.get(values.pop("kind", ""))
    if kind is None:
        raise ValueError("a line is not a message")
    message: Message = _build(kind, values)
    return message


def _build(kind: Any, values: dict[str, Any]) -> Any:
    hints = _hints(kind)
    known = {field.name for field in fields(kind)}
    return kind(**{name: _value(hints[name], value) for name, value in values.items() if name in known})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(hint) in (UnionType,):
        hint = next(part for part in get_args(hint) if part is not NoneType)
    if hint in (Pixels, Quick, Region):
        return _build(hint, value)
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        kinds = [parts[0]] * len(value) if len(parts) == 2 and parts[1] is Ellipsis else parts
        return tuple(_value(part, item) for part, item in zip(kinds, value, strict=True))
    return value
