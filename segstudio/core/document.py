"""Document: a project in memory. Images, mask layers, classes, versions and the history across all of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_use import Withdrawn, give_back, ids_in_use, withdraw
from segstudio.core.classes import ClassTable
from segstudio.core.codes import NOTHING, ClassMap, Origin
from segstudio.core.events import Event
from segstudio.core.geometry import Box, TileKey
from segstudio.core.history import Edit, Frames, History
from segstudio.core.image import ImageInfo
from segstudio.core.image_entry import ImageEntry as ImageEntry
from segstudio.core.layer import MaskLayer
from segstudio.core.packing import unpack
from segstudio.core.plane import MEMORY, Tile
from segstudio.core.state import State, classes_from, classes_state, layers_state
from segstudio.core.version import Version as Version
from segstudio.core.writer import MaskWriter, write_prediction
from segstudio.errors import UserError

T = TypeVar("T")
Direction = Literal["do", "undo", "redo"]


@dataclass(frozen=True, slots=True)
class EditEvent:
    """An edit was done, undone or redone; `frames` are the annotation tiles as they are now."""

    edit: Edit
    direction: Direction
    position: int
    frames: Frames


@dataclass(frozen=True, slots=True)
class PredictionEvent:
    """Prediction tiles of a layer were replaced."""

    image: int
    layer: MaskLayer
    keys: tuple[TileKey, ...]


class Document:
    """A project in memory. The store listens to its events; views listen to its layers."""

    def __init__(self, classes: ClassTable | None = None, history: History | None = None) -> None:
        self.classes = classes or ClassTable()
        self.history = history or History()
        self.images: dict[int, ImageEntry] = {}
        self.removed_images: dict[int, ImageEntry] = {}
        """Images that were taken out of the project and that undo can bring back."""
        self.last_image = 0
        """The highest id that an image ever had."""
        self.versions: dict[int, Version] = {}
        self.next_edit = 1
        self.settling: Event[None] = Event()
        """Something else is about to change the document: whoever holds the open edit ends it now."""
        self.edited: Event[EditEvent] = Event()
        self.predicted: Event[PredictionEvent] = Event()
        self.image_changed: Event[ImageEntry] = Event()
        self.versions_changed: Event[Version] = Event()
        self._withdrawn: dict[int, Withdrawn] = {}  # by the step that merged a class, in memory only
        self.classes.in_use = lambda: ids_in_use(self)
        self._open: MaskWriter | None = None

    @property
    def open_edit(self) -> MaskWriter | None:
        """The edit that is being made; there is never a second one, and nothing else may write."""
        return self._open if self._open is not None and not self._open.closed else None

    def settle(self) -> None:
        """End the open edit as a step with what was written so far. All that changes the document does this first."""
        if self.open_edit is not None:
            self.settling.emit(None)
        if (writer := self.open_edit) is not None:
            self.finish_edit(writer)

    @property
    def champion(self) -> Version | None:
        """The version that predicts, or None before the first."""
        return next((v for v in self.versions.values() if v.status == "champion"), None)

    @property
    def other_version(self) -> Version | None:
        """The version that waits; with none waiting, the champion's parent."""
        waiting = [version for version in self.versions.values() if version.status == "waiting"]
        return waiting[-1] if waiting else self.versions.get(self.champion.parent) if self.champion else None

    def add_image(self, path: str, digest: str, info: ImageInfo, group: str = "") -> ImageEntry:
        """Append an image with one empty mask layer."""
        self.last_image = max(self.last_image, *self.images, *self.removed_images, 0) + 1
        entry = ImageEntry(self.last_image, path, digest, info, group or path)
        entry.layers.append(MaskLayer(1, "Mask", info.shape))
        self.images[entry.id] = entry
        self.image_changed.emit(entry)
        return entry

    def remove_image(self, image: int, title: str) -> None:
        """Take an image with its masks out of the project, as one undo step; its file is not touched."""
        self.settle()
        entry, place = self.images[image], list(self.images).index(image)
        self._place_image(image, -1)
        self._record(title, image, entry.layers[-1].id, {"image": [place, -1]})

    def add_layer(self, image: int, name: str) -> MaskLayer:
        """Put a new empty mask layer on top of the image's layers, as one undo step."""
        entry = self.images[image]
        entry.next_layer = max(entry.next_layer, 1 + max((layer.id for layer in entry.layers), default=0))
        layer = MaskLayer(entry.next_layer, name, entry.info.shape)
        entry.next_layer += 1
        self._change_layers(entry, "Add layer", [*entry.layers, layer])
        return layer

    def remove_layer(self, image: int, layer: int) -> None:
        """Take a mask layer away, as one undo step. UserError for the last one: an image needs a mask."""
        entry = self.images[image]
        gone = self.layer(image, layer)
        if len(entry.layers) == 1:
            raise UserError("The last mask layer cannot be removed.", hint="Add another one first.")
        self._change_layers(entry, f"Remove “{gone.name}”", [kept for kept in entry.layers if kept is not gone])

    def move_layer(self, image: int, layer: int, place: int) -> None:
        """Put a mask layer at a place counted from the bottom, 0 first, as one undo step."""
        entry = self.images[image]
        moved = self.layer(image, layer)
        others = [other for other in entry.layers if other is not moved]
        self._change_layers(entry, "Move layer", [*others[:place], moved, *others[place:]])

    def rename_layer(self, image: int, layer: int, name: str) -> None:
        """Give a mask layer another name, as one undo step."""
        self.settle()
        entry, renamed = self.images[image], self.layer(image, layer)
        before = layers_state(entry.layers)
        renamed.name = name
        self._record_layers(entry, "Rename layer", before)

    def forget_removed(self) -> None:
        """Let go of removed layers that no step can bring back any more."""
        wanted = {
            (edit.image, row[0])
            for edit in self.history.edits
            if edit.state
            for state in edit.state.get("layers", ())
            for row in state
        }
        steps = {edit.image for edit in self.history.edits if "image" in (edit.state or {})}
        self.removed_images = {number: entry for number, entry in self.removed_images.items() if number in steps}
        for entry in self.images.values():
            entry.removed = {number: layer for number, layer in entry.removed.items() if (entry.id, number) in wanted}

    def change_classes(
        self, title: str, change: Callable[[ClassTable], T], *, step: int = 0, merged: tuple[int, int] | None = None
    ) -> T:
        """Change the class table through `change`, as one undo step where names, colours or classes differ. With
        `merged`, (class, other), predictions follow. Edits with the same `step` are undone together."""
        self.settle()
        before = classes_state(self.classes)
        result = change(self.classes)
        after = classes_state(self.classes)
        if before != after:
            state: dict[str, Any] = {"classes": [before, after]}
            if merged is not None:
                state["merged"] = list(merged)
                self._withdrawn[self.next_edit] = self._tell(withdraw(self, {merged[0]}, merged[1]))
            self._record(title, 0, 0, state, step)
        return result

    def layer(self, image: int, layer: int) -> MaskLayer:
        """The mask layer with these ids; KeyError if there is none."""
        if (found := next((one for one in self.images[image].layers if one.id == layer), None)) is None:
            raise KeyError(f"image {image} has no layer {layer}")
        return found

    def kept_layer(self, image: int, layer: int) -> MaskLayer:
        """As `layer`, of those too that were taken away and can come back."""
        entry = self.images.get(image) or self.removed_images[image]
        known = {**entry.removed, **{one.id: one for one in entry.layers}}
        return known[layer]

    def begin_edit(
        self, image: int, layer: int, title: str, *, tool: str, origin: Origin = Origin.PAINTED, seen: bool = False
    ) -> MaskWriter:
        """A writer for one edit, the open one from now on; hand it to `finish_edit` or call its `rollback`.

        With `seen` it leaves alone what shows a class that is hidden.
        """
        self.settle()
        target = self.layer(image, layer)
        self._open = MaskWriter(target, self.classes, image=image, title=title, tool=tool, origin=origin, seen=seen)
        return self._open

    def finish_edit(self, writer: MaskWriter, *, step: int = 0) -> Edit | None:
        """Commit the writer as one undo step (or a part of one), or return None if no pixel changed, or it is over."""
        if writer.closed:
            return None
        try:
            edit = writer.commit()
        except BaseException:  # no memory to pack it: then nothing of it stays, and history and pixels agree
            writer.rollback()
            raise
        if edit is None:
            return None
        edit = replace(edit, id=self.next_edit, step=step)
        self.next_edit += 1
        self.history.push(edit)
        MEMORY.trim()
        self._count(edit, 1)
        self.edited.emit(EditEvent(edit, "do", self.history.position, edit.after))
        return edit

    def undo(self) -> Edit | None:
        """Take back the last step, whichever image it was on; its last edit, None when there is nothing to undo.

        Raises UserError, having changed nothing, when a tile of the stored history is damaged.
        """
        self.settle()
        last = edit = self._undo_one()
        while edit and edit.step and (before := self.history.next_undo()) and before.step == edit.step:
            edit = self._undo_one()
        return last

    def _undo_one(self) -> Edit | None:
        edit = self.history.next_undo()
        if edit is not None:
            frames = dict(edit.before)
            tiles = self._unpack(frames)
            self.history.step_back()
            self._count(edit, -1)
            self._apply(edit, frames, tiles, "undo")
        return edit

    def redo(self) -> Edit | None:
        """Do the last undone step again; its last edit, None when there is nothing to redo. Raises as `undo` does."""
        self.settle()
        edit = self._redo_one()
        while edit and edit.step and (after := self.history.next_redo()) and after.step == edit.step:
            edit = self._redo_one()
        return edit

    def _redo_one(self) -> Edit | None:
        edit = self.history.next_redo()
        if edit is not None:
            frames = dict(edit.after)
            tiles = self._unpack(frames)
            self.history.step_forward()
            self._count(edit, 1)
            self._apply(replace(edit, before=dict(edit.before), after=frames), frames, tiles, "redo")
        return edit

    def put_prediction(
        self, image: int, layer: int, z: int, top: int, left: int,
        classes: ClassMap, uncertainty: NDArray[np.uint8], version: int, *, in_part: bool = False,
    ) -> None:  # fmt: skip
        """Replace prediction tiles by a 256-aligned block of classes; see `writer.write_prediction`."""
        target = self.layer(image, layer)
        keys = write_prediction(target, z, top, left, classes, uncertainty, version, in_part=in_part)
        MEMORY.trim()
        self.predicted.emit(PredictionEvent(image, target, tuple(keys)))

    def put_version(self, version: Version) -> None:
        """Add or update a version; a new champion retires the one before."""
        champion = self.champion
        if version.status == "champion" and champion is not None and champion.number != version.number:
            retired = replace(champion, status="retired")
            self.versions[retired.number] = retired
            self.versions_changed.emit(retired)
        self.versions[version.number] = version
        self.versions_changed.emit(version)

    @staticmethod
    def _unpack(frames: Frames) -> dict[TileKey, Tile]:
        return {key: unpack(frame, np.uint16) for key, frame in frames.items()}

    def _apply(self, edit: Edit, frames: Frames, tiles: dict[TileKey, Tile], direction: Direction) -> None:
        """Bring tiles and state of an edit back. `frames` are in memory: the store reads them on its own thread."""
        after = direction != "undo"
        for what, states in (edit.state or {}).items():
            if what == "classes":
                self.classes.restore(classes_from(states[after], tuple(self.classes)))
                self._follow_classes(edit, redone=after)
            elif what == "image":
                self._place_image(edit.image, states[after])
            elif what == "layers":
                self._restore_layers(self.images[edit.image], states[after])
        if tiles:
            layer = self.kept_layer(edit.image, edit.layer)
            for key, tile in tiles.items():
                layer.put_annotated(key, tile)
            MEMORY.trim()
            layer.tell(Box.of_tile(key).clip(layer.shape) for key in tiles)
        self.edited.emit(EditEvent(edit, direction, self.history.position, frames))

    def _place_image(self, image: int, place: int) -> None:
        """Put an image at a place among the others, or (-1) take it away."""
        entry = self.images.pop(image, None) or self.removed_images.pop(image)
        entry.gone = place < 0
        if entry.gone:
            self.removed_images[image] = entry
        else:
            others = list(self.images.items())
            self.images.clear()
            self.images.update([*others[:place], (image, entry), *others[place:]])
        self.image_changed.emit(entry)

    def _follow_classes(self, edit: Edit, *, redone: bool) -> None:
        """Predictions hold classes of the table only, whatever was undone or redone."""
        source, target = (edit.state or {}).get("merged", (0, NOTHING))
        if source and not redone:
            self._tell(give_back(self._withdrawn.pop(edit.id, [])))
        gone = {row[0] for row in (edit.state or {})["classes"][not redone]} - {entry.id for entry in self.classes}
        if gone:
            changed = self._tell(withdraw(self, gone, target))
            self._withdrawn |= {edit.id: changed} if source else {}

    def _tell(self, changed: Withdrawn) -> Withdrawn:
        for event in (PredictionEvent(image, layer, tuple(tiles)) for layer, image, tiles in changed):
            self.predicted.emit(event)
        return changed

    def _change_layers(self, entry: ImageEntry, title: str, layers: list[MaskLayer]) -> None:
        self.settle()
        before = layers_state(entry.layers)
        self._show_layers(entry, layers)
        self._record_layers(entry, title, before)

    def _record_layers(self, entry: ImageEntry, title: str, before: State) -> None:
        after = layers_state(entry.layers)
        if before != after:
            self.image_changed.emit(entry)
            self._record(title, entry.id, entry.layers[-1].id, {"layers": [before, after]})

    def _restore_layers(self, entry: ImageEntry, state: State) -> None:
        known = {**entry.removed, **{layer.id: layer for layer in entry.layers}}
        for number, name in state:
            known[number].name = name
        self._show_layers(entry, [known[number] for number, _ in state])
        self.image_changed.emit(entry)

    def _show_layers(self, entry: ImageEntry, layers: list[MaskLayer]) -> None:
        known = {**entry.removed, **{layer.id: layer for layer in (*entry.layers, *layers)}}
        entry.layers = layers
        entry.removed = {number: layer for number, layer in known.items() if layer not in layers}

    def _record(self, title: str, image: int, layer: int, state: dict[str, Any], step: int = 0) -> None:
        """Append a step that changes no pixels."""
        box, when = Box(0, 0, 0, 0, 0), time.time()
        edit = Edit(self.next_edit, image, layer, title, "", when, box, {}, {}, state=state, step=step)
        self.next_edit += 1
        self.history.push(edit)
        self.forget_removed()
        self.edited.emit(EditEvent(edit, "do", self.history.position, {}))

    def _count(self, edit: Edit, sign: int) -> None:
        if edit.image not in self.images:
            return
        entry = self.images[edit.image]
        entry.seen += sign * edit.seen
        entry.agreed += sign * edit.agreed
