"""Functional groups: what a DICOM file says of single frames (PS3.3 C.7.6.16)."""

from __future__ import annotations

from typing import Any


def group(header: Any, name: str, frame: int = 0) -> Any | None:
    """The item of a functional group of a frame, from the frame's own groups or from those that all frames share; None
    where the file has no such group."""
    for sequence, place in (("PerFrameFunctionalGroupsSequence", frame), ("SharedFunctionalGroupsSequence", 0)):
        items = header.get(sequence) or ()
        found = items[place].get(name) if place < len(items) else None
        if found:
            return found[0]
    return None
