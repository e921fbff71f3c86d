"""Coordinate systems: what they are called, whether two are one, and whether they are of the Earth."""

from __future__ import annotations

from typing import Any

from segstudio.core.ground import SPHEROID

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


def metres(crs: Any) -> float:
    """The length of one unit of a plane system (rasterio's CRS) in metres; 0 where its unit is none."""
    from rasterio.errors import CRSError

    if crs is None or crs.is_geographic:
        return 0.0
    try:
        return float(crs.units_factor[1])
    except (CRSError, ValueError):
        return 0.0
