"""Stored: the numbers that a picture of class ids holds, before anything is made of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.errors import UserError
from segstudio.io.formats import sniff
from segstudio.io.reading import INDEX, open_stored

WHITE = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class StoredMasks:
    """`numbers` is (slices, rows, columns), the numbers as stored: palette indices, samples of few bits, white-is-zero
    as it is in the file. `unknown` are those that mean "no data", `palette` is red, green and blue of each index or
    empty."""

    numbers: NDArray[np.generic]
    unknown: tuple[int, ...] = ()
    palette: tuple[tuple[int, int, int], ...] = ()

    @property
    def white(self) -> bool:
        """Whether 255 may be white: a palette in which it has a colour of its own says that it is not."""
        return not self.palette or self.palette[255:256] in ((), (WHITE,))


def stored(path: Path, *, tint: int = 0) -> StoredMasks:
    """The numbers in a picture. One saved in red, green and blue must be grey, within `tint` (JPEG leaves a little).

    Raises UserError for colour pictures, and as `open_image`.
    """
    found = open_stored(path)
    pixels = found.pixels
    if pixels.shape[3] >= 3 and np.ptp(pixels[..., :3].astype(np.float64), axis=3).max() > tint:
        raise UserError(
            f"“{path.name}” is a colour picture, not class ids.",
            hint="Save it with a palette, or give a table of colours and classes.",
        )
    nodata = found.info.nodata
    unknown = (int(nodata),) if nodata and float(nodata).is_integer() else ()  # 0 is the background all the same
    palette = _palette(path) if found.info.channel_names == INDEX else ()
    return StoredMasks(np.asarray(pixels[..., 0]), unknown, palette)


def _palette(path: Path) -> tuple[tuple[int, int, int], ...]:
    """The colours of a file's palette."""
    if sniff(path).id == "tiff":
        import tifffile

        with tifffile.TiffFile(path, _multifile=False) as file:
            keyframe: Any = file.series[0].keyframe
            table = np.asarray(keyframe.colormap).T
        values = (table >> 8 if table.max() > 255 else table).ravel().tolist()
    else:
        from PIL import Image

        with Image.open(path) as picture:
            values = picture.getpalette() or []
    return tuple((int(r), int(g), int(b)) for r, g, b in zip(values[::3], values[1::3], values[2::3], strict=False))
