"""Edit and History: undo as tiles before and after, within a budget of memory and one of disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segstudio.core.geometry import Box, TileKey
from segstudio.core.undo_spill import SpilledFrames, UndoSpill

Frames = Mapping[TileKey, bytes]
"""Packed annotation tiles (core.packing) by key."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One undoable change: of the annotation of one mask layer, of an image's layers, or of the class table.

    `when` is seconds since the epoch (UTC). `box` encloses what was touched, its `z` is the first slice. `seen`
    counts the pixels that got their first class from a person where a prediction was there to compare with,
    `agreed` those of them where that prediction was right: together the score before correction.

    A change of the table of classes or of the layers has no tiles, but `state`: {"classes" or "layers": [before,
    after]} as core.state writes it; `image` and `layer` are 0 where the change belongs to none. Where a class was
    merged into another, "merged": [class, other]; where an image was taken away, "image": [its place before, -1].
    Edits that follow each other with the same `step` (0: none) are parts of one step: undone and redone together.
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
    state: dict[str, Any] | None = None
    step: int = 0

    @property
    def boxes(self) -> list[Box]:
        """What was touched, a box for each slice that changed."""
        return [replace(self.box, z=z) for z in sorted({key[0] for key in self.after})]

    @property
    def nbytes(self) -> int:
        """Bytes of the tiles, wherever they are."""
        return _size(self.before) + _size(self.after)

    @property
    def spilled(self) -> bool:
        """Whether the tiles are on disk."""
        return isinstance(self.before, SpilledFrames)


class History:
    """The edits of a project across all images, with a position: edits before it are done, the rest undone.

    `budget` bounds the bytes of tiles in memory; older edits move to a temporary file in `folder` (the system's
    own, if None), and are forgotten only when that holds more than `disk` bytes.
    """

    def __init__(self, budget: int = 256 * 2**20, disk: int = 4 * 2**30, folder: Path | None = None) -> None:
        self.budget, self.disk = budget, disk
        self._folder = folder
        self._spill: UndoSpill | None = None
        self._edits: list[Edit] = []
        self._position = 0
        self._bytes = 0
        self._hot = 0  # edits before this index are on disk or without tiles

    @property
    def edits(self) -> tuple[Edit, ...]:
        return tuple(self._edits)

    @property
    def position(self) -> int:
        return self._position

    @property
    def nbytes(self) -> int:
        """Bytes of tiles in memory."""
        return self._bytes

    @property
    def disk_bytes(self) -> int:
        """Bytes of tiles in the temporary file."""
        return self._spill.live if self._spill else 0

    def restore(self, edits: list[Edit], position: int) -> None:
        """Take over a stored history."""
        for edit in self._edits:
            self._forget(edit)
        self._edits = list(edits)
        self._position = position
        self._hot = 0
        self._bytes = sum(edit.nbytes for edit in edits)
        self._make_room()

    def push(self, edit: Edit) -> None:
        """Append a done edit; what was undone can no longer be redone; the oldest go when over budget."""
        for undone in self._edits[self._position :]:
            self._forget(undone)
        del self._edits[self._position :]
        self._hot = min(self._hot, self._position)
        self._edits.append(edit)
        self._bytes += edit.nbytes
        self._position = len(self._edits)
        self._make_room()

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

    def _make_room(self) -> None:
        """Move the oldest edits to disk, and the oldest there out, until both budgets are kept."""
        while self._bytes > self.budget and self._hot < len(self._edits) - 1:
            edit = self._edits[self._hot]
            if edit.nbytes and not edit.spilled:
                try:
                    self._spill = self._spill or UndoSpill(self._folder)
                    spilled = replace(edit, before=self._spill.put(edit.before), after=self._spill.put(edit.after))
                except OSError:  # no room on the disk: then undo reaches less far back
                    self._drop_oldest()
                    continue
                self._bytes -= edit.nbytes
                self._edits[self._hot] = spilled
            self._hot += 1
        while self.disk_bytes > self.disk and len(self._edits) > 1:
            self._drop_oldest()
        if self._spill and self._spill.size > 2 * self._spill.live + self.disk // 4:
            self._compact(self._spill)

    def _drop_oldest(self) -> None:
        self._forget(self._edits.pop(0))
        self._position = max(0, self._position - 1)
        self._hot = max(0, self._hot - 1)

    def _compact(self, old: UndoSpill) -> None:
        """Copy what is still wanted to a new file: most of this one belongs to edits that are gone."""
        fresh = self._spill = UndoSpill(self._folder)
        for place, edit in enumerate(self._edits):
            if edit.spilled:
                self._edits[place] = replace(edit, before=fresh.put(edit.before), after=fresh.put(edit.after))
        del old  # its file goes with the last edit that a listener still holds

    def _forget(self, edit: Edit) -> None:
        if edit.spilled and self._spill:
            self._spill.drop(edit.before)
            self._spill.drop(edit.after)
        else:
            self._bytes -= edit.nbytes


def _size(frames: Frames) -> int:
    return frames.nbytes if isinstance(frames, SpilledFrames) else sum(map(len, frames.values()))
