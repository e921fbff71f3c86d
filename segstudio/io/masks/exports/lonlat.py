"""Outlines of a map as GeoJSON wants them: longitude and latitude, cut at the 180th meridian (RFC 7946, 3.1.9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""(points, 2): x and y, or longitude and latitude."""

Transform = Callable[[Points], Points]

DATELINE, TURN, POLE = 180.0, 360.0, 90.0


def placed(rings: Sequence[Sequence[tuple[float, float]]], step: float, to_lonlat: Transform) -> Any:
    """The polygon (outer ring first, then holes; map coordinates) in longitude and latitude, as shapely's Polygon or,
    where it crosses the 180th meridian, MultiPolygon; rings by the right-hand rule.

    Sides longer than `step` are divided first: straight on the map is not straight in degrees.
    """
    import shapely

    turned = [_unrolled(to_lonlat(_divided(np.array(ring, np.float64), step))) for ring in rings]
    if all(np.abs(ring[:, 0]).max() <= DATELINE and _round(ring) == 0 for ring in turned):
        whole: Any = shapely.Polygon(turned[0], turned[1:])
    else:
        whole = _wrapped(turned[0])
        for hole in turned[1:]:
            whole = whole.difference(_wrapped(hole))
    parts = [shapely.geometry.polygon.orient(part) for part in _polygons(whole)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _polygons(shape: Any) -> list[Any]:
    parts = getattr(shape, "geoms", [shape])
    return [part for part in parts if part.geom_type == "Polygon" and part.area > 0] or [*parts][:1]


def _divided(ring: Points, step: float) -> Points:
    """The ring with points on its sides, `step` apart at most."""
    import shapely

    return np.asarray(shapely.get_coordinates(shapely.segmentize(shapely.LinearRing(ring), step)), np.float64)


def _unrolled(ring: Points) -> Points:
    """The ring without jumps from 180 to -180: its longitudes run on."""
    out = ring.copy()
    out[:, 0] = np.unwrap(ring[:, 0], period=TURN)
    out[:, 0] -= TURN * np.round((out[:, 0].min() + out[:, 0].max()) / 2 / TURN)
    return out


def _round(ring: Points) -> float:
    """By how much the ring runs on when it closes: 0, or a turn around a pole."""
    return float(np.round((ring[-1, 0] - ring[0, 0]) / TURN))


def _wrapped(ring: Points) -> Any:
    """The area of an unrolled ring within -180 to 180; a ring around a pole holds it."""
    import shapely

    if _round(ring) != 0:
        pole = POLE if ring[:, 1].mean() > 0 else -POLE
        ring = np.concatenate([ring, [[ring[-1, 0], pole], [ring[0, 0], pole], ring[0]]])
    area = shapely.make_valid(shapely.Polygon(ring))
    parts = []
    for turn in (-1, 0, 1):
        frame = shapely.box(-DATELINE + turn * TURN, -POLE, DATELINE + turn * TURN, POLE)
        part = shapely.intersection(area, frame)
        if not part.is_empty:
            parts.append(shapely.transform(part, lambda points, by=turn: points - np.array([by * TURN, 0])))
    return shapely.union_all(parts)
