"""Remembered: where one was in each image, and how the images of a kind are displayed."""

from __future__ import annotations

from dataclasses import dataclass

from segstudio.core.image import ImageInfo
from segstudio.ui.session.levels import Window, first_windows

Kind = tuple[str, tuple[str, ...]]
"""Images of one data type and the same channels are of one kind."""


@dataclass(frozen=True, slots=True)
class ViewPlace:
    """Slice and layer id of an image when it was left."""

    slice: int
    layer: int


@dataclass(frozen=True, slots=True)
class Look:
    """What of the display belongs to a kind of image: the windows if a user has set them, and the shown channels."""

    windows: tuple[tuple[float, float], ...] = ()
    channel: int | None = None
    bands: tuple[int, int, int] | None = None


class Remembered:
    """Of one project: a place for each image that was shown (by id), a look for each kind."""

    def __init__(self) -> None:
        self._places: dict[int, ViewPlace] = {}
        self._looks: dict[Kind, Look] = {}

    def leave(self, image: int, place: ViewPlace) -> None:
        self._places[image] = place

    def place(self, image: int) -> ViewPlace | None:
        """Where one was in an image; None where it was not shown yet."""
        return self._places.get(image)

    def keep(self, info: ImageInfo, look: Look) -> None:
        """Images of this kind look so from now on."""
        self._looks[_kind(info)] = look

    def look(self, info: ImageInfo) -> Look:
        return self._looks.get(_kind(info), Look())

    def windows(self, info: ImageInfo) -> list[Window]:
        """The display windows to begin with: those set for the kind, unless they would show nothing of this image."""
        kept = self.look(info).windows
        ranges = info.ranges
        if len(kept) == info.channels and all(
            low < top and high > bottom for (low, high), (bottom, top) in zip(kept, ranges, strict=False)
        ):
            return [Window(low, high) for low, high in kept]
        return first_windows(info)


def _kind(info: ImageInfo) -> Kind:
    return info.dtype, info.channel_names
