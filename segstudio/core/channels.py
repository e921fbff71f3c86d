"""Channels: which images a network can take that was made for so many of them."""

from __future__ import annotations

GREY, COLOUR = 1, 3
"""Grey images and those of red, green and blue are one kind: many programs store grey as three equal channels."""


def fits(channels: int, wanted: int) -> bool:
    """Whether an image of so many channels can be taken by a network that was made for `wanted`."""
    return kind(channels) == kind(wanted)


def kind(channels: int) -> int:
    """The number that all images of one kind share: grey counts as colour, any other number is a kind of its own."""
    return COLOUR if channels == GREY else channels


def words(channels: int) -> str:
    """A number of channels in a sentence."""
    return f"{channels} channel{'s' if channels != 1 else ''}"
