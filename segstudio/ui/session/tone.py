"""Tone: from image values to the colours on the screen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.uint32]
"""0xAARRGGBB by value."""

STEPS = 4096
"""Entries of the table for values that are no small integers."""

RAMPS: dict[str, tuple[str, ...]] = {
    "grey": ("#000000", "#ffffff"),
    "viridis": ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"),
    "magma": ("#000004", "#1c1044", "#4f127b", "#812581", "#b5367a", "#e55064", "#fb8761", "#fec287", "#fcfdbf"),
    "heat": ("#000000", "#8a0000", "#ff4500", "#ffc400", "#ffffff"),
    "ice": ("#000000", "#0b3c5d", "#328cc1", "#a8e0ff", "#ffffff"),
}
"""Colours of single-band images from dark to bright. Viridis and magma (van der Walt and Smith, 2015) are even steps
to the eye, also with a colour-vision deficiency."""


@dataclass(frozen=True)
class Tone:
    """How an image is shown: the window of each channel, which channels, gamma, and colours.

    `bands` are one channel, coloured by `ramp`, or three for red, green and blue. `gamma` above 1 brightens the
    middle. Pixels that are no number are black.
    """

    windows: tuple[tuple[float, float], ...]
    bands: tuple[int, ...]
    gamma: float = 1.0
    inverted: bool = False
    ramp: str = "grey"

    def argb(self, part: NDArray[np.generic]) -> Table:
        """Pixels (rows, columns, channels) as 0xAARRGGBB."""
        tables = self._tables(part.dtype)
        shown = _look_up(tables[0], part[..., self.bands[0]], self.windows[self.bands[0]])
        for table, band in zip(tables[1:], self.bands[1:], strict=True):
            shown |= _look_up(table, part[..., band], self.windows[band])
        return shown

    def _tables(self, dtype: np.dtype[np.generic]) -> list[Table]:
        if dtype not in self._made:
            self._made[dtype] = [self._table(dtype, place) for place in range(len(self.bands))]
        return self._made[dtype]

    @cached_property
    def _made(self) -> dict[np.dtype[np.generic], list[Table]]:
        return {}

    def _table(self, dtype: np.dtype[np.generic], place: int) -> Table:
        low, high = self.windows[self.bands[place]]
        values: NDArray[np.floating]
        if dtype.itemsize <= 2 and dtype.kind in "iu":
            entries = np.arange(1 << 8 * dtype.itemsize).astype(f"u{dtype.itemsize}")
            values = np.asarray(entries.view(dtype), np.float64)
        else:
            values = np.linspace(low, high, STEPS)
        share = np.power(np.clip((values - low) / (high - low), 0, 1), 1 / self.gamma)
        if self.inverted:
            share = 1 - share
        if len(self.bands) == 1:
            return ramp_table(self.ramp)[np.round(share * 255).astype(np.intp)]
        return np.uint32(0xFF000000) | np.round(share * 255).astype(np.uint32) << np.uint32(16 - 8 * place)


def default_bands(channels: int, channel: int | None) -> tuple[int, ...]:
    """The channels that are shown unless something else is asked for: one as grey, three or more as colour."""
    return (channel,) if channel is not None else (0, 1, 2) if channels >= 3 else (0,)


def ramp_table(name: str) -> Table:
    """256 colours from dark to bright."""
    stops = np.array([[int(color[i : i + 2], 16) for i in (1, 3, 5)] for color in RAMPS[name]], np.float64)
    places = np.linspace(0, len(stops) - 1, 256)
    red, green, blue = (
        np.round(np.interp(places, np.arange(len(stops)), stops[:, part])).astype(np.uint32) for part in range(3)
    )
    return np.uint32(0xFF000000) | red << np.uint32(16) | green << np.uint32(8) | blue


def _look_up(table: Table, plane: NDArray[np.generic], window: tuple[float, float]) -> Table:
    if len(table) != STEPS:
        entries = plane.view(f"u{plane.dtype.itemsize}").astype(np.intp)
        return np.take(table, entries, mode="wrap")  # all lie inside; "wrap" is the fastest way to say so
    low, high = window
    scale = np.float32((STEPS - 1) / (high - low))
    places = (plane.astype(np.float32) - np.float32(low)) * scale
    np.nan_to_num(places, copy=False, nan=0.0, posinf=STEPS, neginf=0.0)
    np.clip(places, 0, STEPS - 1, out=places)
    return np.take(table, (places + np.float32(0.5)).astype(np.intp))
