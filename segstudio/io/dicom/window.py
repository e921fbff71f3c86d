"""The display windows that a DICOM file asks for (PS3.3 C.11.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.image import NamedWindow
from segstudio.io.dicom.groups import group

DARK, BRIGHT = 0.02, 0.98
"""Shares of a VOI LUT's output between which the window lies that stands for it."""

TAGS = ["WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTSequence"]


def windows_of(header: Any, frame: int = 0) -> tuple[NamedWindow, ...]:
    """(name, low, high) of each window of a frame, the first one first, then of each VOI LUT; in rescaled values.

    A window of width w around c is c - w / 2 to c + w / 2, whatever its VOI LUT Function: the standard's half a grey
    value is not seen, and a sigmoid is shown as the straight line of its slope. A VOI LUT is shown as the window
    between the values that it makes nearly black and nearly white.
    """
    places = (header, group(header, "FrameVOILUTSequence", frame))
    found = [window for place in places if place is not None for window in (*_windows(place), *_tables(place))]
    return tuple(dict.fromkeys(found))


def _windows(place: Any) -> Iterator[NamedWindow]:
    try:
        centers, widths = (
            np.atleast_1d(np.asarray(place.get(f"Window{what}"), np.float64)) for what in ("Center", "Width")
        )
    except (TypeError, ValueError):
        return
    names = place.get("WindowCenterWidthExplanation") or ()
    names = [names] if isinstance(names, str) else [str(name) for name in names]
    for number, (middle, span) in enumerate(zip(centers, widths, strict=False)):
        if span > 0 and np.isfinite((middle, span)).all():
            name = names[number] if number < len(names) else ""
            yield name, float(middle - span / 2), float(middle + span / 2)


def _tables(place: Any) -> Iterator[NamedWindow]:
    for item in place.get("VOILUTSequence") or ():
        try:
            _, first, bits = (int(v) for v in item.LUTDescriptor)
            data = item.LUTData
            kind = np.uint8 if bits <= 8 and len(data) == int(item.LUTDescriptor[0]) else np.uint16
            stored = np.frombuffer(data, kind) if isinstance(data, bytes) else np.asarray(data)
            table: NDArray[np.float64] = np.atleast_1d(stored).astype(np.float64)
            reach = float(np.ptp(table))
        except (AttributeError, TypeError, ValueError):
            continue
        if len(table) < 2 or not 0 < reach < np.inf:
            continue
        share = (table - table.min()) / reach
        inside = np.flatnonzero((share > DARK) & (share < BRIGHT))
        if inside.size and inside[-1] > inside[0]:
            yield str(item.get("LUTExplanation", "")), float(first + inside[0]), float(first + inside[-1])
