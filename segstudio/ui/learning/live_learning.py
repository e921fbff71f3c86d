"""Live learning: after a stroke the quick head is refit and what is seen predicted again."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer

from segstudio.core.codes import CODES, Origin
from segstudio.core.document import Document, ImageEntry
from segstudio.core.geometry import TILE, Box, TileKey
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer
from segstudio.core.source import Pixels as Values
from segstudio.ui.compute.job import Lease, Need
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.fitting import refusal, takes
from segstudio.ui.learning.label_regions import annotated_images, tile_region
from segstudio.ui.learning.predicting import Lesson, Predicting
from segstudio.ui.learning.training import Training
from segstudio.ui.pixels.library import Item
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Failed

DELAY = 40
"""Milliseconds after an edit, so that several at once are learnt at once."""

GLANCE = 300
"""Milliseconds between looks at whether something else is seen."""

MARGIN = 64
"""Pixels around a tile that its features see; a multiple of the validation blocks' side."""

Place = tuple[int, TileKey]
"""Image and tile."""


class LiveLearning(QObject):
    """Watches strokes and the view while the setting `live` is on.

    Tiles whose labels changed go to the compute worker with the next prediction of the visible area; at first, and
    after a crash or in another project or layer, all annotated tiles do. One prediction at a time: strokes that come
    meanwhile are learnt together by the next.
    """

    def __init__(self, session: Session, workers: Workers, predicting: Predicting, training: Training) -> None:
        super().__init__(workers)
        self._session, self._predicting, self._training = session, predicting, training
        self._project: OpenProject | None = None
        self._layer = 0
        self._generation = 0
        self._asking = False  # for the first model of the project
        self._changed: set[Place] = set()
        self._unread: set[Place] = set()  # of images whose files could not be read
        self._seen: tuple[int, int, Box] | None = None  # image, generation of labels, view: what was predicted last
        self._timer = QTimer(self, singleShot=True, interval=DELAY)
        self._timer.timeout.connect(self._go)
        self._glance = QTimer(self, interval=GLANCE)
        self._glance.timeout.connect(self._look)
        session.edited.connect(self._on_edit)
        session.document_changed.connect(self.forget)
        predicting.learner = self
        predicting.ended.connect(lambda _: self._again())
        workers.compute.gone.connect(self.forget)

    @property
    def on(self) -> bool:
        return self._session.settings.live and not self._session.read_only

    @property
    def waiting(self) -> bool:
        """Whether something is still to be learnt or predicted."""
        return self.on and (self._timer.isActive() or self._asking or self._stale)

    @property
    def _stale(self) -> bool:
        """Whether something else is seen than what was predicted last."""
        image, seen = self._session.image, self._seen
        return seen is not None and image is not None and (image.id, self._generation, self._session.view) != seen

    def set_on(self, on: bool) -> None:
        """Begin with what is annotated so far, or end."""
        self.forget()
        if on:
            self._timer.start()

    def close(self) -> None:
        """Learn no more."""
        self._timer.stop()
        self._glance.stop()

    def forget(self) -> None:
        """The worker knows nothing (any more): all annotated tiles are news again, of whichever project is next."""
        self._project = None
        self._seen = None
        self._changed, self._unread = set(), set()

    # --- what is news ---------------------------------------------------------------------------------------

    def _on_edit(self, edit: Edit) -> None:
        if not self.on or edit.state:
            return
        if self._project is self._session.project and edit.layer == self._layer:
            self._changed |= {(edit.image, key) for key in edit.after}
        self._timer.start()

    def _begin(self) -> OpenProject | None:
        """Make sure that what the worker knows is of the shown project and layer; None where there is nothing to do."""
        project = self._session.project
        if project is None or self._session.image is None:
            return None
        document, layer = project.document, self._session.active_layer or 1
        if project is not self._project or layer != self._layer:
            self.forget()
            self._project, self._layer = project, layer
            self._generation += 1
            self._changed = {
                (entry.id, key)
                for entry in annotated_images(document, layer)
                for key in document.layer(entry.id, layer).annotation.keys()  # noqa: SIM118  a Plane is no dict
            }
        return project if enough(document, layer) else None

    def _go(self) -> None:
        """Predict what is seen; what has changed is learnt first."""
        if self.on and not self._asking and not self._predicting.busy and (project := self._begin()) is not None:
            self._asking = True
            self._training.models.ensure(project, self._layer, lambda _: self._predict(project), self._no_model)

    def _no_model(self) -> None:
        self._asking = False

    def _predict(self, project: OpenProject) -> None:
        self._asking = False
        image, view = self._session.image, self._session.view
        if project is not self._session.project or image is None or view.empty:
            return
        if not takes(project, image):
            self._session.message.emit(refusal(project, image).what)
            return
        self._glance.start()
        self._seen = image.id, self._generation, view
        self._training.give_way(0.8)
        self._predicting.look(project, image, self._layer, (view.top, view.left, view.bottom, view.right))

    # --- the prediction -------------------------------------------------------------------------------------

    def lesson(self, project: OpenProject) -> Lesson | None:
        """What a prediction that starts now teaches the worker first."""
        if not self.on or project is not self._project:
            return None
        changed, self._changed, self._unread = self._changed | self._unread, set(), set()
        lesson = Lesson(f"{self._generation}:{self._layer}", changed, [], [])
        document, layer = project.document, self._layer
        for image in sorted({image for image, _ in changed if image in document.images}):
            entry = document.images[image]
            if takes(project, entry) and any(one.id == layer for one in entry.layers):  # it may be gone meanwhile
                lesson.needs.append(self._need(lesson, entry, document.layer(image, layer)))
        return lesson

    def _need(self, lesson: Lesson, entry: ImageEntry, layer: MaskLayer) -> Need:
        keys = sorted(key for image, key in lesson.places if image == entry.id)
        boxes = [around(layer, key) for key in keys]

        def take(lease: Lease, _: Item, found: list[Values]) -> None:
            for key, box, pixels in zip(keys, boxes, found, strict=True):
                lesson.regions.append(tile_region(entry, layer, key, box, pixels, lease))

        def without(reply: Failed) -> None:
            """One image cannot be read: the others are learnt, and it is tried again with the next stroke."""
            self._unread |= {place for place in lesson.places if place[0] == entry.id}
            self._session.message.emit(reply.what)

        return Need(entry, lambda _: boxes, take, spare=without)

    def learnt(self, lesson: Lesson, done: bool) -> None:
        """What a cancelled or failed job may not have learnt is news again."""
        if not done and lesson.labels == f"{self._generation}:{self._layer}":
            self._changed |= lesson.places

    def _again(self) -> None:
        if self.on and self._changed:
            self._timer.start()

    def _look(self) -> None:
        """Something else is seen: predict it."""
        if not self.on or self._seen is None or self._session.image is None:
            self._glance.stop()
        elif self._stale and not self._predicting.busy:
            self._timer.start()


def enough(document: Document, layer: int) -> bool:
    """Whether pixels of two classes are annotated, which a head needs."""
    total = np.zeros(CODES, np.int64)
    for entry in annotated_images(document, layer):
        total += document.layer(entry.id, layer).tally.pixels()
    painted = total.reshape(-1, 256)[1 : int(Origin.UNSURE)].sum(0)
    return int((painted > 0).sum()) >= 2


def around(layer: MaskLayer, key: TileKey) -> Box:
    """A tile with what is around it, on the grid of validation blocks."""
    z, row, column = key
    top, left = row * TILE - MARGIN, column * TILE - MARGIN
    return Box(z, top, left, top + TILE + 2 * MARGIN, left + TILE + 2 * MARGIN).clip(layer.shape)
