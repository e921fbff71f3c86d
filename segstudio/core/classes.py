"""The class table: what the pixel values mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.events import Event
from segstudio.errors import UserError

PALETTE = (
    "#f58518", "#2f9bff", "#54a24b", "#e45756", "#b279a2", "#eeca3b", "#72b7b2", "#ff9da6", "#9d755d",
    "#4c78a8", "#c7e01f", "#8c6bff",
)  # fmt: skip
"""Colours given to new classes in turn (mostly after Vega's tableau10; the first stands out on grey images)."""


SAFE_PALETTE = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#ffffff", "#882255", "#44aa99",
)  # fmt: skip
"""Colours that stay apart with any colour vision: Okabe and Ito 2008 (white for black, which images are full of),
and two of Tol's."""


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """One class: its id (the pixel value, 0..254), name, colour as `#rrggbb`, and how it is treated. `code` says in a
    coding system what it is, as DICOM writes it: "value^scheme^meaning" ("10200004^SCT^Liver"), "" for nothing."""

    id: int
    name: str
    color: str
    locked: bool = False
    visible: bool = True
    code: str = ""


class ClassTable:
    """The classes of a project in order of their ids. Class 0 is the background and always there."""

    def __init__(self, entries: tuple[ClassEntry, ...] = ()) -> None:
        self.changed: Event[None] = Event()
        self._entries = {entry.id: entry for entry in entries}
        self._entries.setdefault(0, ClassEntry(0, "Background", "#5a5f66"))
        self.highest = max(self._entries)
        """The highest id that was ever given: pixels and models may still mean a class that is gone."""
        self.in_use: Callable[[], Iterable[int]] = tuple
        """Ids that pixels hold, whether or not there is such a class."""

    def __iter__(self) -> Iterator[ClassEntry]:
        return iter(sorted(self._entries.values(), key=lambda entry: entry.id))

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, class_id: int) -> bool:
        return class_id in self._entries

    def __getitem__(self, class_id: int) -> ClassEntry:
        return self._entries[class_id]

    def get(self, class_id: int) -> ClassEntry | None:
        """The class with this id, or None."""
        return self._entries.get(class_id)

    def name(self, class_id: int) -> str:
        """The class's name, also for an id that is not in the table."""
        entry = self._entries.get(class_id)
        return entry.name if entry else f"class {class_id}"

    def add(self, name: str, color: str = "", *, class_id: int | None = None) -> ClassEntry:
        """Append a class with this id, where no class has it and no pixel holds it; else with one that no class had
        before, as long as there are any."""
        if class_id is None or class_id in {*self._entries, *self.in_use()}:
            class_id = self._free()
        self.highest = max(self.highest, class_id)
        entry = ClassEntry(class_id, name, color or PALETTE[(class_id - 1) % len(PALETTE)])
        self._entries[class_id] = entry
        self.changed.emit(None)
        return entry

    def _free(self) -> int:
        used = {*self.in_use(), *self._entries}
        if (after := max(self.highest, *used) + 1) < 255:
            return after
        class_id = next((i for i in range(1, 255) if i not in used), None)
        if class_id is None:
            raise UserError("No more classes can be added.", why="A project holds at most 254 classes.")
        return class_id

    def change(self, class_id: int, **values: object) -> ClassEntry:
        """Change name, color, locked, visible or code of a class."""
        entry = replace(self._entries[class_id], **values)  # type: ignore[arg-type]
        if entry != self._entries[class_id]:
            self._entries[class_id] = entry
            self.changed.emit(None)
        return entry

    def remove(self, class_id: int) -> None:
        """Take a class out of the table; the background stays. Pixels keep their value."""
        if class_id == 0:
            raise UserError("The background class cannot be removed.")
        del self._entries[class_id]
        self.changed.emit(None)

    def recolor(self, palette: Sequence[str]) -> None:
        """Give all classes but the background the colours of a palette in turn."""
        objects = [entry for entry in self if entry.id]
        for place, entry in enumerate(objects):
            self._entries[entry.id] = replace(entry, color=palette[place % len(palette)])
        self.changed.emit(None)

    def restore(self, entries: Iterable[ClassEntry]) -> None:
        """Hold exactly these classes; the background is always there."""
        restored = {entry.id: entry for entry in entries}
        restored.setdefault(0, self._entries[0])
        self.highest = max(self.highest, *restored)
        if restored != self._entries:
            self._entries = restored
            self.changed.emit(None)

    def known(self) -> NDArray[np.bool_]:
        """Lookup of 256 booleans: whether there is a class of this id."""
        return self._look_up(lambda entry: True)

    def locked(self) -> NDArray[np.bool_]:
        """Lookup of 256 booleans: whether pixels that show this class are protected."""
        return self._look_up(lambda entry: entry.locked)

    def hidden(self) -> NDArray[np.bool_]:
        """Lookup of 256 booleans: whether pixels that show this class are not drawn."""
        return self._look_up(lambda entry: not entry.visible)

    def _look_up(self, test: Callable[[ClassEntry], bool]) -> NDArray[np.bool_]:
        table = np.zeros(256, bool)
        for entry in self._entries.values():
            table[entry.id] = test(entry)
        return table
