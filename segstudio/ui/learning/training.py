"""Start, watch, pause and stop fine-tuning; let the gate's winner take over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry, Version
from segstudio.core.geometry import Box
from segstudio.core.history import Edit
from segstudio.core.source import Pixels
from segstudio.project.tables import Run, RunTable
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.label_regions import annotated_images, clusters, regions
from segstudio.ui.pixels.library import Item, Library
from segstudio.ui.session.progress_state import TrainingState
from segstudio.ui.session.session import Session
from segstudio.worker.messages import (
    Busy,
    Cancel,
    Failed,
    Finished,
    Message,
    NewModel,
    Pause,
    Region,
    Score,
    Step,
    Stop,
    Train,
    Trained,
)


class Training(QObject):
    """One training at a time, from the champion, on the annotated pixels of all images."""

    changed = Signal(object)
    """The new TrainingState."""
    failed = Signal(object, object)
    """A Failed message and a callable that repeats the job."""
    switched = Signal(object)
    """A new champion (Version)."""
    said = Signal(str)

    def __init__(self, session: Session, workers: Workers, library: Library) -> None:
        super().__init__(workers)
        self._session, self._workers, self._library = session, workers, library
        self.state = TrainingState()
        self.folder = Path()  # the project's folder
        self.path_of: Callable[[ImageEntry], Path] = lambda entry: Path(entry.path)
        self.runs: RunTable | None = None
        self._run = 0
        self._resume = False
        self._resume_state = ""
        self._job = 0
        self._regions: list[Region] = []
        self.layer = 1
        self._fresh = 0  # strokes since the last training started
        self._last_edit = 0
        session.edited.connect(self._on_edit)

    # --- what the user can do -------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self.state.phase in ("preparing", "training", "paused", "evaluating")

    def train_or_pause(self) -> None:
        """Start a training, or pause or continue the one that runs."""
        if self.state.phase == "preparing":
            return
        if self.running:
            paused = self.state.phase != "paused"
            self._workers.trainer.control(Pause(self._job, paused))
            self._set(phase="paused" if paused else "training", message="Paused." if paused else "Training goes on.")
        else:
            self.start()

    def stop(self) -> None:
        """End the training and keep the best so far, if it passes the gate."""
        if self._job:
            self._workers.trainer.control(Stop(self._job))
            self._set(message="Stopping: the best so far is scored.")

    def cancel(self) -> None:
        """Drop the training with everything it learnt."""
        if self._job:
            self._workers.trainer.control(Cancel(self._job))

    def resume(self, run: Run) -> None:
        """Go on with a training that a crash stopped."""
        self._resume_state = str(run.spec.get("state", ""))
        self.start(resume=True)

    def show_history(self) -> None:
        """Another project is open: show the curves of its last training."""
        document = self._session.document
        versions = list(document.versions.values()) if document else []
        curves = versions[-1].metrics.get("curves", {}) if versions else {}
        champion = document.champion if document else None
        self.state = TrainingState(champion=champion.number if champion else 0)
        self._set(
            message=versions[-1].verdict if versions else "",
            **{name: tuple(tuple(row) for row in rows) for name, rows in curves.items()},
        )

    def start(self, *, resume: bool = False) -> None:
        """Gather the labels and send them to the trainer; makes the first model if there is none."""
        document = self._session.document
        if self.running or document is None or self._session.read_only:
            return
        self.layer = self._session.active_layer or 1
        images = annotated_images(document, self.layer)
        if not images:
            self.failed.emit(
                Failed(0, "There is nothing to learn from yet.", hint="Paint some pixels of each class first."),
                self.start,
            )
            return
        self._set(
            phase="preparing", step=0, total=0, loss_curve=(), score_curve=(), per_class=(), message="Gathering labels"
        )
        self._resume = resume
        self.ensure_model(lambda _: self._gather(images))

    def ensure_model(self, then: Callable[[Version], None]) -> None:
        """Call `then` with the champion; builds one if the project has none."""
        document, image = self._session.document, self._session.image
        if document is None:
            return
        if document.champion is not None:
            then(document.champion)
            return
        self._make_model(then, image.info.channels if image else next(iter(document.images.values())).info.channels)

    def new_model(self) -> None:
        """Put a fresh network in the champion's place; the champion stays in the list."""
        image = self._session.image
        if self.running or image is None or self._session.read_only:
            self.said.emit("A new model can be made when an image is shown and no training runs.")
            return
        self._make_model(lambda version: self._announce(version, version.verdict, refresh=False), image.info.channels)

    def _make_model(self, then: Callable[[Version], None], channels: int) -> None:
        document, settings = self._session.document, self._session.settings
        assert document is not None
        parent = document.champion.number if document.champion else 0
        number = max(document.versions, default=0) + 1
        path = self._checkpoint(number, settings.network)
        classes = tuple((entry.name, entry.color) for entry in document.classes)
        options = preset_options(settings.network, settings.preset)
        before = str(self.folder / document.champion.file) if document.champion else ""

        def on_reply(reply: Message) -> None:
            if isinstance(reply, Failed):
                self._set(phase="failed", message=reply.what)
                self.failed.emit(reply, lambda: self._make_model(then, channels))
            elif isinstance(reply, Finished):
                version = Version(
                    number, f"models/{path.name}", reply.note, parent, "champion", settings.network, time.time(),
                    verdict="New: it has learnt nothing from you yet.",
                )  # fmt: skip
                document.put_version(version)
                then(version)

        self._workers.compute.submit(
            lambda job: NewModel(
                job, str(path), settings.network, options, channels, classes, weights=settings.weights, model=before
            ),
            on_reply,
        )

    def use(self, number: int) -> None:
        """Make a version the champion: accept a waiting one, or roll back to an older one."""
        document = self._session.document
        if document is None or number not in document.versions:
            return
        version = replace(document.versions[number], status="champion")
        document.put_version(version)
        self._announce(version, f"Model v{number} is in use.")

    # --- inside ---------------------------------------------------------------------------------------------

    def _gather(self, waiting: list[ImageEntry]) -> None:
        """Load the annotated images one after the other, then send."""
        self._regions = []
        document = self._session.document
        assert document is not None
        champion = document.champion
        since = int(champion.metrics.get("last_edit", 0)) if champion else 0
        recent: dict[int, list[Any]] = {}
        for edit in document.history.edits[: document.history.position]:
            if edit.id > since and edit.layer == self.layer:
                recent.setdefault(edit.image, []).extend(edit.boxes)
        self._last_edit = document.next_edit - 1
        queue = list(waiting)

        def one_more() -> None:
            if not queue:
                self._send()
                return
            entry = queue.pop(0)
            self._library.load(entry, self.path_of(entry), take, lambda _, reply: self._fail(reply))

        def take(entry: ImageEntry, item: Item) -> None:
            assert document is not None
            layer = document.layer(entry.id, self.layer)
            boxes = clusters(layer)
            if self._too_much(entry, boxes):
                return

            def crop(found: list[Pixels]) -> None:
                pairs = zip(boxes, found, strict=True)
                self._regions += regions(entry, layer, pairs, self._workers.scratch, recent.get(entry.id, []))
                one_more()

            item.fetch(boxes, crop, self._fail)

        one_more()

    def _too_much(self, entry: ImageEntry, boxes: list[Box]) -> bool:
        """Whether the annotated parts of an image need more memory than all images may take; says so."""
        info = entry.info
        limit = max(self._session.settings.pixel_megabytes, self._session.settings.read_megabytes) * 2**20
        pixels = sum(box.height * box.width for box in boxes)
        if pixels * info.channels * np.dtype(info.dtype).itemsize <= limit:
            return False
        why = f"The annotated parts of “{entry.name}” with what is around them are {pixels / 1e6:,.0f} million pixels."
        self._fail(Failed(0, "There is too much to learn from at once.", why, "Raise “Memory for images” in Settings."))
        return True

    def _send(self) -> None:
        document, settings = self._session.document, self._session.settings
        assert document is not None and document.champion is not None
        champion = document.champion
        number = max(document.versions) + 1
        out = self._checkpoint(number, champion.architecture)
        name = self._resume_state if self._resume and self._resume_state else f"{number:04d}.safetensors"
        state = self.folder / "runs" / name
        self._resume_state = name
        state.parent.mkdir(parents=True, exist_ok=True)
        recipe = {"preset": settings.preset, "seconds": settings.train_seconds, "seed": number}
        if self.runs is not None:
            self._run = self.runs.start({"number": number, "layer": self.layer, "state": name, "recipe": recipe}).id
        resume = self._resume
        self._fresh = 0
        self._set(phase="training", message="The trainer is starting", champion=champion.number)
        self._job = self._workers.trainer.submit(
            lambda job: Train(
                job, str(self.folder / champion.file), tuple(self._regions), recipe, settings.device,
                str(out), str(state), resume,
            ),
            lambda reply: self._on_reply(reply, number, champion),
        )  # fmt: skip

    def _on_reply(self, reply: Message, number: int, champion: Version) -> None:
        if isinstance(reply, Step):
            curve = (*self.state.loss_curve, (reply.step, reply.loss))
            phase = "paused" if self.state.phase == "paused" else "training"
            self._set(phase=phase, step=reply.step, total=reply.total, loss_curve=curve, message="")
        elif isinstance(reply, Score):
            self._scored(reply)
        elif isinstance(reply, Trained):
            self._ended(reply, number, champion)
        elif isinstance(reply, Failed):
            self._clean()
            self._record("failed")
            self._fail(reply)
        else:
            cancelled = not isinstance(reply, Finished)
            self._clean()
            self._record("cancelled" if cancelled else "finished")
            if cancelled:
                self._set(phase="idle", message="Training cancelled; the model is as before.")

    def _record(self, state: Any) -> None:
        if self.runs is not None and self._run:
            self.runs.update(self._run, state=state, progress={"step": self.state.step})
        self._run = 0

    def _scored(self, reply: Score) -> None:
        names = {str(entry.id): entry.name for entry in self._session.classes}
        rows = tuple(
            (names.get(key, key), reply.champion.get(key), reply.challenger.get(key)) for key in reply.challenger
        )
        point = (reply.step, _mean(reply.champion), _mean(reply.challenger))
        self._set(per_class=rows, score_curve=(*self.state.score_curve, point))

    def _ended(self, reply: Trained, number: int, champion: Version) -> None:
        document = self._session.document
        assert document is not None
        asked = self._session.settings.ask_before_switch
        status: Any = "rejected" if not reply.accepted else "waiting" if asked else "champion"
        metrics = {
            **reply.metrics,
            "last_edit": self._last_edit if reply.accepted else champion.metrics.get("last_edit", 0),
            "steps": reply.steps,
            "seconds": reply.seconds,
            "curves": {k: v for k, v in asdict(self.state).items() if k in ("loss_curve", "score_curve", "per_class")},
        }
        version = Version(
            number, f"models/{Path(reply.path).name}", reply.digest, champion.number, status,
            champion.architecture, time.time(), reply.verdict, metrics,
        )  # fmt: skip
        document.put_version(version)
        self._announce(version, reply.verdict)

    def _announce(self, version: Version, message: str, *, refresh: bool = True) -> None:
        document = self._session.document
        champion = document.champion if document else None
        self._set(phase="idle", message=message, champion=champion.number if champion else 0)
        self.said.emit(message)
        if version.status == "champion" and refresh:
            self.switched.emit(version)

    def _fail(self, reply: Failed) -> None:
        self._job = 0
        self._set(phase="failed", message=reply.what)
        resume = bool(reply.what.startswith("The trainer stopped"))
        self.failed.emit(reply, lambda: self.start(resume=resume))

    def _clean(self) -> None:
        self._job = 0
        for region in self._regions:
            self._workers.scratch.drop(region.image)
            self._workers.scratch.drop(region.codes)
        self._regions = []

    def _on_edit(self, edit: Edit) -> None:
        self.give_way()
        if edit.state:
            return  # classes or layers: nothing to learn from
        self._fresh += 1
        settings = self._session.settings
        if settings.auto_train and not self.running and self._fresh >= settings.auto_train_strokes:
            self.start()

    def give_way(self, seconds: float = 0.4) -> None:
        """The pointer is down, or a stroke is being learnt: the trainer waits."""
        if self._job:
            self._workers.trainer.control(Busy(self._job, seconds))

    def _checkpoint(self, number: int, architecture: str) -> Path:
        folder = self.folder / "models"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{number:04d}-{architecture}.safetensors"

    def _set(self, **values: Any) -> None:
        self.state = replace(self.state, **values)
        self.changed.emit(self.state)


def preset_options(architecture: str, preset: str) -> dict[str, Any]:
    """The options of a named preset of an architecture."""
    from segstudio.models.registry import find

    return dict(find(architecture).presets.get(preset, {}))


def _mean(scores: dict[str, float | None]) -> float | None:
    known = [value for value in scores.values() if value is not None]
    return sum(known) / len(known) if known else None
