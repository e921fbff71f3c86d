"""Outlines that run through the centres of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAR = 0.02
"""Pixels by which an outline may pass beside a centre that it is drawn through: files round their numbers."""


def centres_on(places: NDArray[np.float64], rows: int, columns: int, *, closed: bool) -> NDArray[np.bool_]:
    """Which pixels of an image have their centre on an outline through `places`, (row, column) with whole numbers at
    the centres; without `closed` on one of the places."""
    found = np.zeros((rows, columns), bool)
    ends = np.roll(places, -1, axis=0) if closed else places
    steps = np.maximum(np.abs(ends - places).max(1), 0)
    count = np.ceil(steps).astype(np.int64) + 2  # whole numbers that the longer side of each piece may pass
    piece = np.repeat(np.arange(len(places)), count)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    along = np.abs(ends - places).argmax(1)[piece]  # the longer side of the piece
    start, end = places[piece], ends[piece]
    first = np.take_along_axis(start, along[:, None], 1)[:, 0]
    last = np.take_along_axis(end, along[:, None], 1)[:, 0]
    whole = np.round(np.minimum(first, last)) + step
    share = np.clip(np.divide(whole - first, last - first, out=np.zeros(len(piece)), where=first != last), 0, 1)
    there = start + share[:, None] * (end - start)
    centre = np.round(there).astype(np.int64)
    on = np.abs(there - centre).max(1) <= NEAR
    on &= ((centre >= 0) & (centre < (rows, columns))).all(1)
    found[tuple(centre[on].T)] = True
    return found
