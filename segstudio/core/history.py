"""Edit and History: undo as tiles before and after, within a budget of bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from segstudio.core.geometry import Box, TileKey

Frames = dict[TileKey, bytes]
"""Packed annotation tiles (core.packing) by key."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One undoable change of the annotation plane of one mask layer.

    `when` is seconds since the epoch (UTC). `box` encloses what was touched, its `z` is the
    first slice touched. `seen` counts the pixels that got their first class from a person where a prediction was
    there to compare with, `agreed` those of them where that prediction was right: together the score before
    correction.
    """

    id: int
    image: int
    layer: int
    title: str
    tool: str
    when: float
    box: Box
    before: Frames
    after: Frames
    seen: int = 0
    agreed: int = 0

    @property
    def boxes(self) -> list[Box]:
        """What was touched, a box for each slice that changed."""
        return [replace(self.box, z=z) for z in sorted({key[0] for key in self.after})]

    @property
    def nbytes(self) -> int:
        return sum(map(len, self.before.values())) + sum(map(len, self.after.values()))


class History:
    """The edits of a project across all images, with a position: edits before it are done, the rest undone."""

    def __init__(self, budget: int = 256 * 2**20) -> None:
        self.budget = budget
        self._edits: list[Edit] = []
        self._position = 0
        self._bytes = 0

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(self._edits)

    @property
    def position(self) -> int:
        return self._position

    @property
    def nbytes(self) -> int:
        return self._bytes

    def restore(self, edits: list[Edit], position: int) -> None:
        """Take over a stored history."""
        self._edits = list(edits)
        self._position = position
        self._bytes = sum(edit.nbytes for edit in edits)

    def push(self, edit: Edit) -> None:
        """Append a done edit; what was undone can no longer be redone; the oldest go when over budget."""
        for undone in self._edits[self._position :]:
            self._bytes -= undone.nbytes
        del self._edits[self._position :]
        self._edits.append(edit)
        self._bytes += edit.nbytes
        while self._bytes > self.budget and len(self._edits) > 1:
            self._bytes -= self._edits.pop(0).nbytes
        self._position = len(self._edits)

    def next_undo(self) -> Edit | None:
        return self._edits[self._position - 1] if self._position else None

    def next_redo(self) -> Edit | None:
        return self._edits[self._position] if self._position < len(self._edits) else None

    def step_back(self) -> Edit | None:
        """Move before the last done edit and return it, or None at the start."""
        edit = self.next_undo()
        self._position -= edit is not None
        return edit

    def step_forward(self) -> Edit | None:
        """Move after the first undone edit and return it, or None at the end."""
        edit = self.next_redo()
        self._position += edit is not None
        return edit
