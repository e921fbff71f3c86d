"""Listens to a document and hands every change to the writer, as it is at that moment."""

from __future__ import annotations

import apsw

from segstudio.core.document import Document, EditEvent, ImageEntry, PredictionEvent, Version
from segstudio.core.history import Edit
from segstudio.core.packing import pack
from segstudio.core.plane import Tile
from segstudio.project import saving
from segstudio.project.saving import EditRecord, ImageRow
from segstudio.project.schema import put_meta
from segstudio.project.writer import Job, PredictedKey, PredictedTile, Writer


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

    def detach(self) -> None:
        """Stop listening, after storing what changes without an event (visibility and opacity of layers)."""
        for entry in self.document.images.values():
            if ImageRow.of(entry).image[:7] + ImageRow.of(entry).layers != self._known(entry):
                self._image_changed(entry)
        for disconnect in self._disconnect:
            disconnect()
        self._disconnect.clear()

    def save_everything(self) -> None:
        """Store a document that does not come from this project: all of it in one transaction."""
        document = self.document
        images = [ImageRow.of(entry) for entry in document.images.values()]
        classes, versions = tuple(document.classes), tuple(document.versions.values())
        edits, last = document.history.edits, document.history.step_back_id()
        self._submit_all(images, classes, versions, edits, last)

    def _known(self, entry: ImageEntry) -> tuple[object, ...]:
        row = self._images.get(entry.id)
        return row.image[:7] + row.layers if row else ()
