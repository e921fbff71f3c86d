"""Display: how things are drawn, not what they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from segstudio.core.slab import Slab
from segstudio.ui.session.levels import Window
from segstudio.ui.session.tone import Tone, default_bands

MaskStyle = Literal["fill", "outline", "hatch"]


@dataclass(frozen=True, slots=True)
class Display:
    """`channel` None shows all channels as colour (or the only one as grey), `bands` those three as red, green and
    blue (None: the first three). `smooth` blends magnified pixels, `levelling` makes a drag set the display window,
    `peeking` hides all masks for a moment, `slab` shows several slices as one.
    """

    masks_visible: bool = True
    peeking: bool = False
    mask_style: MaskStyle = "fill"
    uncertainty_visible: bool = False
    channel: int | None = None
    bands: tuple[int, int, int] | None = None
    gamma: float = 1.0
    inverted: bool = False
    ramp: str = "grey"
    smooth: bool = True
    levelling: bool = False
    slab: Slab = field(default_factory=Slab)
    rulers: bool = False

    def tone(self, windows: list[Window], channels: int) -> Tone:
        """How the values of an image of so many channels become colours."""
        bands = self.bands if self.bands and self.channel is None else default_bands(channels, self.channel)
        ends = tuple((window.low, window.high) for window in windows)
        return Tone(ends, bands, self.gamma, self.inverted, self.ramp)
