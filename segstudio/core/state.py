"""What an edit changes besides pixels, as plain values: the class table, and which layers an image has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from segstudio.core.classes import ClassEntry
from segstudio.core.layer import MaskLayer

State = list[list[Any]]
"""Rows of plain values, as they can be stored as JSON."""


def classes_state(entries: Iterable[ClassEntry]) -> State:
    """Id, name, colour and code of each class. Locks and visibility are not undone: they are how one works."""
    return [[entry.id, entry.name, entry.color, entry.code] for entry in entries]


def classes_from(state: State, now: Sequence[ClassEntry]) -> list[ClassEntry]:
    """The classes of a state, each as locked and visible as the class of that id is now."""
    known = {entry.id: entry for entry in now}
    made = []
    for class_id, name, color, *code in state:  # steps of earlier projects have no code
        present = known.get(class_id)
        locked, visible = (present.locked, present.visible) if present else (False, True)
        made.append(ClassEntry(class_id, name, color, locked, visible, *code))
    return made


def layers_state(layers: Iterable[MaskLayer]) -> State:
    """Id and name of each layer, the bottom one first."""
    return [[layer.id, layer.name] for layer in layers]
