"""World files: six numbers beside a picture that say where it lies on a map (ESRI's)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from segstudio.core.grid import Grid
from segstudio.core.ground import spacing_of
from segstudio.core.image import ImageInfo
from segstudio.io import crs as systems

LONGEST = 65_536
"""Bytes of a file beside that are looked at."""


def beside(path: Path) -> Path | None:
    """The world file of a picture: a.tfw, a.tifw, a.wld of a.tif, in small or capital letters; None without one."""
    kind = path.suffix[1:]
    endings = (f"{kind[:1]}{kind[-1:]}w", f"{kind}w", "wld")
    wanted = {f"{path.stem}.{ending}".lower() for ending in endings if kind}
    try:
        return next((one for one in sorted(path.parent.iterdir()) if one.name.lower() in wanted), None)
    except OSError:
        return None


def located(path: Path, info: ImageInfo) -> ImageInfo:
    """The info with the place that a world file gives, and the coordinate system of a .prj beside it.

    Its numbers are for the centre of the first pixel. A picture that is turned upright has another first pixel, so
    that its place is left out; a note says what was done.
    """
    found = beside(path)
    if found is None or info.grid is not None:
        return info
    if any("orientation" in note for note in info.notes):
        return _noted(info, f"Its place in “{found.name}” is left out: the picture was turned.")
    try:
        a, d, b, e, c, f = (float(word) for word in found.read_text("utf-8-sig")[:LONGEST].split()[:6])
        known = _system(path)
        grid = Grid.of("map", np.array([[a, b, 0, c], [d, e, 0, f], [0, 0, 1, 0], [0, 0, 0, 1.0]]), crs=known)
    except (ValueError, OSError):
        return _noted(info, f"Its place in “{found.name}” could not be read and is left out.")
    spacing, unit = info.spacing, info.unit
    if known:
        from rasterio.crs import CRS

        middle = (info.shape[1] / 2 - 0.5, info.shape[2] / 2 - 0.5)
        spacing, unit = spacing_of(grid, middle, systems.metres(CRS.from_wkt(known))), "m"
    note = f"Its place is that of “{found.name}”" + ("." if known else ", which names no coordinate system.")
    return replace(_noted(info, note), grid=grid, spacing=spacing, unit=unit if spacing else "")


def _system(path: Path) -> str:
    """The coordinate system (WKT) in a .prj file beside a picture, "" without one that can be read."""
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    beside_it = path.with_suffix(".prj")
    try:
        return str(CRS.from_wkt(beside_it.read_text("utf-8-sig")[:LONGEST]).to_wkt()) if beside_it.is_file() else ""
    except (CRSError, OSError, ValueError):
        return ""


def _noted(info: ImageInfo, note: str) -> ImageInfo:
    return replace(info, notes=(*info.notes, note))
