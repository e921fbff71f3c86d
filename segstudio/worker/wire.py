"""What messages are made of and how they go over the wire: one JSON object per line.

msgspec turns structs into plain values and back, and checks the types of every field on the way in. The text is made
by `json`, since two things must survive that msgspec's own JSON does not carry: NaN and infinity as values, and names
of files that are not UTF-8 (lone surrogates).
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Union, cast

import msgspec
import numpy as np

BoxTuple = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels, ends excluded."""

TileTuple = tuple[int, int, int, int]
"""Slice, level, tile row, tile column."""

ClassTuple = tuple[int, str, str]
"""Class id, name, colour."""


class Pixels(msgspec.Struct, frozen=True):
    """An array both processes can see (worker.shared): the file that backs it, its shape and dtype."""

    block: str
    shape: tuple[int, ...]
    dtype: str


class Region(msgspec.Struct, frozen=True):
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


class Quick(msgspec.Struct, frozen=True):
    """News for the quick head: tiles whose labels changed, each as a region of its own around one tile.

    A worker that knows other `labels` than these (another project or layer) forgets them first.
    """

    labels: str
    tiles: tuple[Region, ...] = ()


class Message(msgspec.Struct, frozen=True, tag=True, tag_field="message"):
    """Base of all messages; each is known by the name of its class on the wire, and belongs to a job."""

    job: int


def encode(message: Message) -> str:
    """One line of JSON, newline included."""
    return json.dumps(msgspec.to_builtins(message, enc_hook=_plain), ensure_ascii=True) + "\n"


def decode(line: str | bytes) -> Message:
    """The message in a line; ValueError when it is none, or a field has another type than it should."""
    return cast("Message", msgspec.convert(json.loads(line), _any_message()))


@cache
def _any_message() -> Any:
    return Union[tuple(Message.__subclasses__())]  # noqa: UP007  as many as there are


def _plain(value: object) -> object:
    """A number of numpy's as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is no part of a message")
