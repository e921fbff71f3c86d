"""What is known about an image besides its pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.geometry import Shape
from segstudio.core.grid import Grid

ALPHA = "alpha"
"""The name of a channel that is 0 where nothing was measured: transparency, or the mask of a map."""

NamedWindow = tuple[str, float, float]
"""A display window: name ("" for none), low and high in pixel values."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Shape and meaning of an image's pixels. Pixel arrays are (slices, rows, columns, channels), native dtype.

    `spacing` is (between slices, between rows, between columns) in `unit` ("mm", "m", ...) or None if unknown.
    `ranges` holds per channel the robust (0.5 %, 99.5 %) percentiles of the finite pixels, low < high: the
    default display window, and what networks scale their input by. `notes` says in plain words what a reader
    did (palette expanded, orientation applied, constant alpha dropped). `window` is the display window (low, high)
    that the file asks for, in pixel values, `windows` all those it offers. `nodata` is the pixel value that means "no
    measurement". `grid` says where the pixels lie in a patient or on a map, if the file does. `value_unit` is that of
    the pixel values ("HU", "Bq/mL"), "" where the file says none.
    """

    format: str
    shape: Shape
    channels: int
    channel_names: tuple[str, ...]
    dtype: str
    spacing: tuple[float, float, float] | None = None
    unit: str = ""
    ranges: tuple[tuple[float, float], ...] = ()
    notes: tuple[str, ...] = ()
    window: tuple[float, float] | None = None
    nodata: float | None = None
    grid: Grid | None = None
    windows: tuple[NamedWindow, ...] = ()
    value_unit: str = ""

    @property
    def alpha(self) -> int | None:
        """The channel that is 0 where nothing was measured, if there is one."""
        return self.channel_names.index(ALPHA) if ALPHA in self.channel_names else None

    def without_alpha(self) -> ImageInfo:
        """The image without its alpha channel."""
        kept = [place for place in range(self.channels) if place != self.alpha]
        return replace(
            self, channels=len(kept), channel_names=tuple(self.channel_names[place] for place in kept),
            ranges=tuple(self.ranges[place] for place in kept) if self.ranges else (),
        )  # fmt: skip

    @property
    def nbytes(self) -> int:
        """Bytes of all pixels."""
        slices, rows, columns = self.shape
        return slices * rows * columns * self.channels * np.dtype(self.dtype).itemsize

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> ImageInfo:
        """The reverse of `to_json`."""
        spacing, window, grid = values.get("spacing"), values.get("window"), values.get("grid")
        slices, rows, columns = values["shape"]
        return cls(
            format=values["format"],
            shape=(slices, rows, columns),
            channels=values["channels"],
            channel_names=tuple(values["channel_names"]),
            dtype=values["dtype"],
            spacing=(spacing[0], spacing[1], spacing[2]) if spacing else None,
            unit=values.get("unit", ""),
            ranges=tuple((low, high) for low, high in values.get("ranges", ())),
            notes=tuple(values.get("notes", ())),
            window=(window[0], window[1]) if window else None,
            nodata=values.get("nodata"),
            grid=Grid.from_json(grid) if grid else None,
            windows=tuple((str(name), float(low), float(high)) for name, low, high in values.get("windows", ())),
            value_unit=str(values.get("value_unit", "")),
        )


def unmeasured(pixels: NDArray[np.generic], nodata: float | None, alpha: int | None = None) -> NDArray[np.bool_]:
    """Where nothing was measured, (rows, columns): every channel of pixels (rows, columns, channels) is `nodata` or no
    number, or the channel `alpha` is 0."""
    seen = pixels if alpha is None else np.delete(pixels, alpha, axis=2)
    missing = np.zeros(seen.shape, np.bool_) if nodata is None else seen == nodata
    if seen.dtype.kind == "f":
        missing |= ~np.isfinite(seen)
    found = np.asarray(missing.all(2)) if seen.shape[2] else np.zeros(pixels.shape[:2], np.bool_)
    return found if alpha is None else found | (pixels[:, :, alpha] == 0)
