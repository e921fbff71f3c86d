"""Coordinate systems: what they are called, whether two are one, and whether they are of the Earth."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.ground import SPHEROID

HALF, NEARLY = 180.0, 179.0
"""Half a turn, and a little less: at 180 degrees itself libraries choose a side."""

EARTH = (6.2e6, 6.5e6)
"""Semi-major axes in metres of bodies that are the Earth: Clarke's and Everest's ellipsoids and all between."""


def same(one: str, two: str) -> bool:
    """Whether two systems (WKT) are one; an unnamed one ("") may be any."""
    from rasterio.crs import CRS

    if not one or not two or one == two:
        return True
    return bool(CRS.from_wkt(one) == CRS.from_wkt(two))


def on_earth(crs: str) -> bool:
    """Whether a system (WKT, or "EPSG:4326") gives places on the Earth: not a site grid's, not Mars'."""
    from rasterio.crs import CRS

    found = CRS.from_user_input(crs)
    body = SPHEROID.search(found.to_wkt())
    return bool((found.is_projected or found.is_geographic) and body and EARTH[0] < float(body[1]) < EARTH[1])


def changed(source: str, target: str, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (n, 2) of one system in another. Raises ValueError for places that are nowhere in the other one."""
    from rasterio._err import CPLE_BaseError  # its public module has no name for what PROJ raises
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    try:
        found = np.stack(transform(source, target, points[:, 0].tolist(), points[:, 1].tolist()), axis=1)
    except (RasterioError, CPLE_BaseError) as error:
        raise ValueError(str(error)) from error
    if not np.isfinite(found).all():
        raise ValueError("A place of the one system has none in the other.")
    return np.asarray(found, np.float64)


@lru_cache(maxsize=16)
def turn_of(crs: str) -> float:
    """How far a turn around the Earth is along x in a system (WKT): 360 in degrees, the length of the equator in
    Mercator's; 0 where x does not run on, as in all that are not cylindrical, and without a system."""
    if not crs or not on_earth(crs):
        return 0.0
    places = np.array([(-NEARLY, 0), (-NEARLY / 2, 0), (NEARLY / 2, 0), (NEARLY, 0)])
    try:
        xs, ys = changed("OGC:CRS84", crs, places).T
    except ValueError:
        return 0.0
    quarters = np.diff(xs) / (0.5, 1, 0.5)
    straight = np.allclose(quarters, quarters[0], rtol=1e-6) and np.allclose(ys, ys[0])
    return abs(float(quarters[0])) * HALF / NEARLY * 2 if straight else 0.0


def metres(crs: Any) -> float:
    """The length of one unit of a plane system (rasterio's CRS) in metres; 0 where its unit is none."""
    from rasterio.errors import CRSError

    if crs is None or crs.is_geographic:
        return 0.0
    try:
        return float(crs.units_factor[1])
    except (CRSError, ValueError):
        return 0.0
