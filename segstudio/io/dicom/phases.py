"""Phases: DICOM files that show the same positions several times, in a heart's cycle, with contrast, by b-value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEANT = (
    "AcquisitionNumber", "TemporalPositionIdentifier", "TemporalPositionIndex", "EchoTime", "EchoNumbers",
    "TriggerTime", "NominalPercentageOfCardiacPhase", "DiffusionBValue", "DiffusionGradientOrientation",
    "InversionTime", "FlipAngle", "ImageType",
)  # fmt: skip
"""What tells phases apart by its meaning: all slices of a phase have the same value."""

TIMES = (
    "TriggerTime", "NominalCardiacTriggerDelayTime", "FrameReferenceTime", "TemporalPositionTimeOffset",
    "AcquisitionDateTime", "AcquisitionTime", "ContentTime",
)  # fmt: skip
"""What grows from phase to phase, though it may differ from slice to slice too."""

PHASES = tuple(dict.fromkeys((*MEANT, *TIMES)))


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A file of a series and its header."""

    path: Path
    header: Any


def one_phase(opened: Slice, files: Sequence[Slice], heights: Mapping[Path, float]) -> list[Slice]:
    """The files of the phase of `opened`: one at each of the heights (mm along the stack).

    What all slices of a phase have in common tells them, where it leaves every position a file; else their turn at
    their position, by time or by number, where all positions have as many. Where positions differ, what the file says
    of its acquisition counts; just the opened file where nothing tells files of one position apart.
    """
    found = list(files)
    every = {heights[row.path] for row in found}
    for name in (*MEANT, *TIMES):
        if len(found) == len(every):
            return found
        same = _same(name, opened, found)
        found = same if {heights[row.path] for row in same} == every else found
    if len(found) == len(every):
        return found
    if turn := _turn(opened, found, heights):
        return turn
    for name in MEANT:
        found = _same(name, opened, found)
        if len({heights[row.path] for row in found}) == len(found):
            return found
    return [opened]


def _same(name: str, opened: Slice, files: Sequence[Slice]) -> list[Slice]:
    return [row for row in files if row.header.get(name) == opened.header.get(name)]


def _turn(opened: Slice, files: Sequence[Slice], heights: Mapping[Path, float]) -> list[Slice]:
    """Those that come at their position when `opened` comes at its own; [] where positions have different numbers."""
    at: dict[float, list[Slice]] = defaultdict(list)
    for row in files:
        at[heights[row.path]].append(row)
    if len({len(rows) for rows in at.values()}) > 1:
        return []
    for rows in at.values():
        rows.sort(key=lambda row: _when(row.header))
    turn = at[heights[opened.path]].index(opened)
    return [rows[turn] for rows in at.values()]


def _when(header: Any) -> tuple[float, ...]:
    """What files of one position are put in order by."""
    return (*(_number(header.get(name)) for name in TIMES), _number(header.get("InstanceNumber")))


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
