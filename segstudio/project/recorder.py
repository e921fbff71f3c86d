"""Listens to a document and hands every change to the writer, as it is at that moment."""

from __future__ import annotations

import apsw

from segstudio.core.document import Document, EditEvent, ImageEntry, PredictionEvent, Version
from segstudio.core.packing import pack
from segstudio.core.plane import Tile
from segstudio.project import saving
from segstudio.project.saving import EditRecord, ImageRow
from segstudio.project.schema import put_meta
from segstudio.project.transactions import StoreJob
from segstudio.project.writer import PredictedKey, PredictedTile, Writer


class Recorder:
    """Between a document and the writer. Runs on the document's thread and never touches the disk."""

    def __init__(self, document: Document, writer: Writer) -> None:
        self.document = document
        self._writer = writer
        self._images = {entry.id: ImageRow.of(entry) for entry in document.images.values()}
        self._disconnect = [
            document.edited.connect(self._edited),
            document.predicted.connect(self._predicted),
            document.image_changed.connect(self._image_changed),
            document.versions_changed.connect(self._version_changed),
            document.classes.changed.connect(self._classes_changed),
        ]

    def catch_up(self) -> None:
        """Store the open edit as it is, and what changes without an event: visibility, opacity and names of layers."""
        self.document.settle()
        for entry in self.document.images.values():
            known = self._images.get(entry.id)
            if known is None or not known.same_but_score(ImageRow.of(entry)):
                self._image_changed(entry)

    def detach(self) -> None:
        """Stop listening."""
        for disconnect in self._disconnect:
            disconnect()
        self._disconnect.clear()

    def save_everything(self) -> None:
        """Store a document that does not come from this project: all of it in one transaction."""
        document = self.document
        images, classes = list(self._images.values()), tuple(document.classes)
        versions, edits = tuple(document.versions.values()), document.history.edits
        last = document.history.next_undo()
        annotation: list[tuple[int, int, dict[tuple[int, int, int], Tile]]] = []
        predicted: dict[PredictedKey, PredictedTile] = {}
        for entry in document.images.values():
            for layer in (*entry.layers, *entry.removed.values()):
                plane = layer.annotation
                annotation.append((entry.id, layer.id, {key: plane.tile(key) for key in tuple(plane.keys())}))
                for key in {*layer.versions, *layer.prediction.keys()}:
                    tiles = layer.prediction.tile(key), layer.uncertainty.tile(key)
                    predicted[entry.id, layer.id, key] = (*tiles, layer.versions.get(key, 0))

        def save(connection: apsw.Connection) -> None:
            for image in images:
                image.save(connection)
            saving.save_classes(connection, classes)
            for version in versions:
                saving.save_version(connection, version)
            for image_id, layer_id, tiles in annotation:
                frames = {key: pack(tile) for key, tile in tiles.items()}
                saving.save_annotation(connection, image_id, layer_id, frames)
            for edit in edits:
                saving.insert_edit(connection, edit)
            saving.count_steps(connection)
            put_meta(connection, "done", last.id if last else 0)

        self._writer.submit(StoreJob("Project", save))
        self._writer.predict(predicted)

    def _edited(self, event: EditEvent) -> None:
        record = EditRecord.of(event, self.document)
        self._writer.submit(StoreJob(event.edit.title, record.save, edit=event.edit.id, image=event.edit.image))

    def _predicted(self, event: PredictionEvent) -> None:
        layer = event.layer
        self._writer.predict(
            {
                (event.image, layer.id, key): (
                    layer.prediction.tile(key),
                    layer.uncertainty.tile(key),
                    layer.versions.get(key, 0),
                )
                for key in event.keys
            }
        )

    def _image_changed(self, entry: ImageEntry) -> None:
        row = self._images[entry.id] = ImageRow.of(entry)
        self._writer.submit(StoreJob(entry.name, row.save, image=entry.id))

    def _version_changed(self, version: Version) -> None:
        self._writer.submit(StoreJob("Model version", lambda connection: saving.save_version(connection, version)))

    def _classes_changed(self, _: None) -> None:
        entries = tuple(self.document.classes)
        self._writer.submit(StoreJob("Classes", lambda connection: saving.save_classes(connection, entries)))
