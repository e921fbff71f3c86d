"""How large the pixels of an image are: in a patient and on plane maps all alike, on the ellipsoid row by row."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo

SPHEROID = re.compile(r'(?:SPHEROID|ELLIPSOID)\["[^"]*",\s*([\d.eE+-]+),\s*([\d.eE+-]+)')
"""Semi-major axis in metres and inverse flattening (0: a sphere) in WKT 1 and 2."""
ANGLE = re.compile(r'UNIT\["[^"]*",\s*([\d.eE+-]+)')
"""The unit of a geographic system in radians."""

GAUSS = 1 / np.sqrt(12)
"""Half a pixel times the place of the two points of Gauss and Legendre's rule."""


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A body whose longitudes and latitudes a map has; `radians` is the unit of these."""

    axis: float
    flattening: float
    radians: float

    @classmethod
    def of(cls, crs: str) -> Ellipsoid | None:
        """The one of a geographic system (WKT); None for other systems."""
        found, unit = SPHEROID.search(crs), ANGLE.search(crs)
        if not crs.startswith("GEOG") or found is None or unit is None:
            return None
        inverse = float(found[2])
        return cls(float(found[1]), 1 / inverse if inverse else 0.0, float(unit[1]))

    def lengths(self, latitude: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Metres to the north and east for one unit of latitude and longitude there (Snyder 1987, 4-18 to 4-21)."""
        phi = np.asarray(latitude, np.float64) * self.radians
        squared = self.flattening * (2 - self.flattening)
        bend = 1 - squared * np.sin(phi) ** 2
        north = self.axis * (1 - squared) / bend**1.5
        east = self.axis * np.cos(phi) / np.sqrt(bend)
        return north * self.radians, np.abs(east) * self.radians


def spacing_of(grid: Grid, middle: tuple[float, float], metres: float) -> tuple[float, float, float] | None:
    """(1, between rows, between columns) of a map in metres; on the ellipsoid those at `middle` (row, column).

    `metres` is the length of one unit of a plane system. None where the map's unit is no length.
    """
    body = Ellipsoid.of(grid.crs)
    if body is None:
        return (1.0, grid.spacing[1] * metres, grid.spacing[2] * metres) if metres else None
    _, latitude, _ = grid.world(0, *middle)
    north, east = body.lengths(latitude)
    (a, b), (d, e) = grid.matrix[0, :2], grid.matrix[1, :2]
    down, across = float(np.hypot(b * east, e * north)), float(np.hypot(a * east, d * north))
    return (1.0, down, across) if down > 0 and across > 0 else None


def pixel_areas(info: ImageInfo, rows: ArrayLike, columns: ArrayLike) -> NDArray[np.float64] | None:
    """Areas of pixels in square units of the image's spacing; None where it has none."""
    at = np.broadcast_arrays(np.asarray(rows, np.float64), np.asarray(columns, np.float64))
    if info.spacing is None:
        return None
    grid = info.grid
    plane = np.full(at[0].shape, info.spacing[1] * info.spacing[2])
    if grid is None or grid.frame != "map":
        return plane
    flat = grid.matrix[:2, :2]
    turned = abs(float(np.linalg.det(flat)))
    body = Ellipsoid.of(grid.crs)
    if body is None:
        return plane * (turned / float(np.prod(np.linalg.norm(flat, axis=0))))
    latitude = grid.matrix[1, 0] * at[1] + grid.matrix[1, 1] * at[0] + grid.matrix[1, 3]
    reach = GAUSS * float(np.hypot(*flat[1]))
    each = [np.prod(body.lengths(latitude + side * reach), axis=0) for side in (-1, 1)]
    return np.asarray(turned * (each[0] + each[1]) / 2)
