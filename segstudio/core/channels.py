"""Channels: which images a network can take that was made for so many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

GREY, COLOUR = 1, 3
"""Grey images and those of red, green and blue are one kind: many programs store grey as three equal channels."""


def fits(channels: int, wanted: int) -> bool:
    """Whether an image of so many channels can be taken by a network that was made for `wanted`."""
    return kind(channels) == kind(wanted)


def kind(channels: int) -> int:
    """The number that all images of one kind share: grey counts as colour, any other number is a kind of its own."""
    return COLOUR if channels == GREY else channels


def without_alpha(channels: int, alpha: int | None, wanted: int) -> bool:
    """Whether an image that has an alpha channel is taken without it by a network made for `wanted`."""
    return alpha is not None and not fits(channels, wanted) and fits(channels - 1, wanted)


def words(channels: int) -> str:
    """A number of channels in a sentence."""
    return f"{channels} channel{'s' if channels != 1 else ''}"


def wanted(every: Sequence[int], annotated: Sequence[int], shown: int) -> int:
    """How many channels a new model gets, from those of all images, of the annotated ones, and of the shown one.

    The kind that most annotated images have decides, the shown one's at a tie; among grey and colour it is colour
    where any image is.
    """
    counts = Counter(kind(channels) for channels in annotated)
    best = [one for one, count in counts.items() if count == max(counts.values())]
    chosen = best[0] if best and kind(shown) not in best else kind(shown)
    return max((channels for channels in every if kind(channels) == chosen), default=shown)
