"""Document: a project in memory. Images, mask layers, classes, versions and the history across all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from segstudio.core.classes import ClassTable
from segstudio.core.codes import ClassMap, Origin
from segstudio.core.events import Event
from segstudio.core.geometry import Box, TileKey
from segstudio.core.history import Edit, Frames, History
from segstudio.core.image import ImageInfo
from segstudio.core.layer import MaskLayer
from segstudio.core.packing import unpack
from segstudio.core.plane import Tile
from segstudio.core.writer import MaskWriter, write_prediction

Direction = Literal["do", "undo", "redo"]


@dataclass
class ImageEntry:
    """An image of the project; its pixels are loaded by whoever shows it.

    `path` is relative to the project's folder where possible, else absolute. `group` names what belongs
    together for validation (patient, slide, scene); `role` says how the group's labels are used ("blocks":
    trained on except for the validation blocks; "validation": never trained on) and is never changed once given.
    """

    id: int
    path: str
    digest: str
    info: ImageInfo
    group: str = ""
    role: str = "blocks"
    done: bool = False
    layers: list[MaskLayer] = field(default_factory=list)
    seen: int = 0
    agreed: int = 0

    @property
    def name(self) -> str:
        return self.path.replace("\\", "/").rsplit("/", 1)[-1]

    @property
    def agreement(self) -> float | None:
        """Share of first-time annotated pixels where the prediction was already right; None before any."""
        return self.agreed / self.seen if self.seen else None


@dataclass(frozen=True, slots=True)
class Version:
    """A model version of the project: a checkpoint file with its parent and what the gate said of it."""

    number: int
    file: str
    digest: str
    parent: int
    status: Literal["champion", "retired", "rejected", "waiting"]
    architecture: str
    created: float
    verdict: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)


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
        self.versions: dict[int, Version] = {}
        self.next_edit = 1
        self.edited: Event[EditEvent] = Event()
        self.predicted: Event[PredictionEvent] = Event()
        self.image_changed: Event[ImageEntry] = Event()
        self.versions_changed: Event[Version] = Event()

    @property
    def champion(self) -> Version | None:
        """The version that predicts, or None before the first."""
        return next((v for v in self.versions.values() if v.status == "champion"), None)

    def add_image(self, path: str, digest: str, info: ImageInfo, group: str = "") -> ImageEntry:
        """Append an image with one empty mask layer."""
        entry = ImageEntry(max(self.images, default=0) + 1, path, digest, info, group or path)
        entry.layers.append(MaskLayer(1, "Mask", info.shape))
        self.images[entry.id] = entry
        self.image_changed.emit(entry)
        return entry

    def add_layer(self, image: int, name: str) -> MaskLayer:
        """Put a new empty mask layer on top of the image's layers."""
        entry = self.images[image]
        layer = MaskLayer(max((layer.id for layer in entry.layers), default=0) + 1, name, entry.info.shape)
        entry.layers.append(layer)
        self.image_changed.emit(entry)
        return layer

    def layer(self, image: int, layer: int) -> MaskLayer:
        """The mask layer with these ids; KeyError if there is none."""
        for found in self.images[image].layers:
            if found.id == layer:
                return found
        raise KeyError(f"image {image} has no layer {layer}")

    def begin_edit(
        self, image: int, layer: int, title: str, *, tool: str, origin: Origin = Origin.PAINTED
    ) -> MaskWriter:
        """A writer for one edit; hand it to `finish_edit` or call its `rollback`."""
        target = self.layer(image, layer)
        return MaskWriter(target, self.classes, image=image, title=title, tool=tool, origin=origin)

    def finish_edit(self, writer: MaskWriter) -> Edit | None:
        """Commit the writer as one undo step, or return None if no pixel changed."""
        edit = writer.commit()
        if edit is None:
            return None
        edit = replace(edit, id=self.next_edit)
        self.next_edit += 1
        self.history.push(edit)
        self._count(edit, 1)
        self.edited.emit(EditEvent(edit, "do", self.history.position, edit.after))
        return edit

    def undo(self) -> Edit | None:
        """Take back the last edit, whichever image it was on; None when there is nothing to undo.

        Raises UserError, having changed nothing, when a tile of the stored history is damaged.
        """
        edit = self.history.next_undo()
        if edit is not None:
            tiles = self._unpack(edit.before)
            self.history.step_back()
            self._count(edit, -1)
            self._apply(edit, tiles, "undo")
        return edit

    def redo(self) -> Edit | None:
        """Do the last undone edit again; None when there is nothing to redo. Raises as `undo` does."""
        edit = self.history.next_redo()
        if edit is not None:
            tiles = self._unpack(edit.after)
            self.history.step_forward()
            self._count(edit, 1)
            self._apply(edit, tiles, "redo")
        return edit

    def put_prediction(
        self, image: int, layer: int, z: int, top: int, left: int,
        classes: ClassMap, uncertainty: NDArray[np.uint8], version: int,
    ) -> None:  # fmt: skip
        """Replace prediction tiles by a 256-aligned block of classes; see `writer.write_prediction`."""
        target = self.layer(image, layer)
        keys = write_prediction(target, z, top, left, classes, uncertainty, version)
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

    def _apply(self, edit: Edit, tiles: dict[TileKey, Tile], direction: Direction) -> None:
        layer = self.layer(edit.image, edit.layer)
        for key, tile in tiles.items():
            layer.annotation.put_tile(key, tile)
        layer.tell(Box.of_tile(key).clip(layer.shape) for key in tiles)
        frames = edit.before if direction == "undo" else edit.after
        self.edited.emit(EditEvent(edit, direction, self.history.position, frames))

    def _count(self, edit: Edit, sign: int) -> None:
        entry = self.images[edit.image]
        entry.seen += sign * edit.seen
        entry.agreed += sign * edit.agreed
