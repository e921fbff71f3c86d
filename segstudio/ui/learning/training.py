"""Start, watch, pause and stop fine-tuning; let the gate's winner take over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from segstudio.core.channels import wanted
from segstudio.core.document import ImageEntry, Version
from segstudio.core.geometry import Box
from segstudio.core.history import Edit
from segstudio.core.source import Pixels
from segstudio.project.tables import Run
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.fitting import left_out, new_channels, takes
from segstudio.ui.learning.label_regions import annotated_images, clusters, regions
from segstudio.ui.pixels.library import Item
from segstudio.ui.project.open_project import OpenProject
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
    switched = Signal(object, object)
    """An OpenProject has a new champion (Version)."""
    said = Signal(str)

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers
        self.state = TrainingState()
        self._project: OpenProject | None = None  # of the training that runs
        self._over: Callable[[], object] = lambda: None
        self._run = 0
        self._resume = False
        self._resume_state = ""
        self._job = 0
        self._regions: list[Region] = []
        self._left_out: list[str] = []  # sentences on images that are not learnt from
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

    def resume(self, project: OpenProject, run: Run) -> None:
        """Go on with a training of the shown project that a crash, or closing the project, stopped."""
        if project is not self._session.project:
            return
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
        project = self._session.project
        if self.running or project is None or project.read_only:
            return
        self.layer = self._session.active_layer or 1
        images = annotated_images(project.document, self.layer)
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
        self._project = project
        self._over = project.jobs.add(self._closing)
        self._left_out = []
        self.ensure_model(project, lambda _: self._gather(project, images))

    def ensure_model(self, project: OpenProject, then: Callable[[Version], None]) -> None:
        """Call `then` with the champion; builds one if the project has none."""
        document, image = project.document, self._session.image
        if document.champion is not None:
            then(document.champion)
            return
        shown = image if image is not None and document.images.get(image.id) is image else None
        self._make_model(project, then, new_channels(project, self.layer, shown))

    def new_model(self) -> None:
        """Put a fresh network in the champion's place; the champion stays in the list."""
        project, image = self._session.project, self._session.image
        if self.running or project is None or image is None or project.read_only:
            self.said.emit("A new model can be made when an image is shown and no training runs.")
            return
        self._make_model(
            project, lambda version: self._announce(project, version, version.verdict, refresh=False),
            wanted([one.info.channels for one in project.document.images.values()], (), image.info.channels),
        )  # fmt: skip

    def _make_model(self, project: OpenProject, then: Callable[[Version], None], channels: int) -> None:
        document, settings = project.document, self._session.settings
        parent = document.champion.number if document.champion else 0
        number = max(document.versions, default=0) + 1
        path = checkpoint(project, number, settings.network)
        classes = tuple((entry.id, entry.name, entry.color) for entry in document.classes)
        options = preset_options(settings.network, settings.preset)
        before = str(project.model_path(document.champion)) if document.champion else ""

        def on_reply(reply: Message) -> None:
            if isinstance(reply, Failed):
                self._set(phase="failed", message=reply.what)
                self.failed.emit(reply, lambda: self._make_model(project, then, channels))
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
            project=project,
        )

    def use(self, number: int) -> None:
        """Make a version the champion: accept a waiting one, or roll back to an older one."""
        project = self._session.project
        if project is None or number not in project.document.versions:
            return
        version = replace(project.document.versions[number], status="champion")
        project.document.put_version(version)
        self._announce(project, version, f"Model v{number} is in use.")

    # --- inside ---------------------------------------------------------------------------------------------

    def _gather(self, project: OpenProject, waiting: list[ImageEntry]) -> None:
        """Load the annotated images one after the other, then send."""
        self._regions = []
        document = project.document
        champion = document.champion
        since = int(champion.metrics.get("last_edit", 0)) if champion else 0
        recent: dict[int, list[Any]] = {}
        for edit in document.history.edits[: document.history.position]:
            if edit.id > since and edit.layer == self.layer:
                recent.setdefault(edit.image, []).extend(edit.boxes)
        self._last_edit = document.next_edit - 1
        queue = [entry for entry in waiting if takes(project, entry)]
        if others := left_out(entry for entry in waiting if entry not in queue):
            self._left_out.append(others)

        def one_more() -> None:
            if queue:
                project.library.load(queue.pop(0), take, without)
            elif self._regions:
                self._send(project)
            else:
                why, hint = " ".join(self._left_out), "Find the files, or make a new model for images of their kind."
                self._fail(Failed(0, "None of the annotated images can be learnt from.", why, hint))

        def without(entry: ImageEntry, reply: Failed) -> None:
            """One image cannot be read: the others are learnt."""
            self._left_out.append(f"Not learnt: {reply.what}")
            one_more()

        def take(entry: ImageEntry, item: Item) -> None:
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

    def _send(self, project: OpenProject) -> None:
        document, settings = project.document, self._session.settings
        assert document.champion is not None
        champion = document.champion
        number = max(document.versions) + 1
        out = checkpoint(project, number, champion.architecture)
        name = self._resume_state if self._resume and self._resume_state else f"{number:04d}.safetensors"
        state = project.folder / "runs" / name
        self._resume_state = name
        state.parent.mkdir(parents=True, exist_ok=True)
        recipe = {"preset": settings.preset, "seconds": settings.train_seconds, "seed": number}
        if project.runs is not None:
            self._run = project.runs.start({"number": number, "layer": self.layer, "state": name, "recipe": recipe}).id
        resume = self._resume
        self._fresh = 0
        self._set(phase="training", message="The trainer is starting", champion=champion.number)
        if self._left_out:
            self.said.emit(" ".join(self._left_out))
        self._job = self._workers.trainer.submit(
            lambda job: Train(
                job, str(project.model_path(champion)), tuple(self._regions), recipe, settings.device,
                str(out), str(state), resume, table=tuple((one.id, one.name, one.color) for one in document.classes),
            ),
            lambda reply: self._on_reply(project, reply, number, champion),
            project=project,
        )  # fmt: skip

    def _on_reply(self, project: OpenProject, reply: Message, number: int, champion: Version) -> None:
        if isinstance(reply, Step):
            curve = (*self.state.loss_curve, (reply.step, reply.loss))
            phase = "paused" if self.state.phase == "paused" else "training"
            self._set(phase=phase, step=reply.step, total=reply.total, loss_curve=curve, message="")
        elif isinstance(reply, Score):
            self._scored(project, reply)
        elif isinstance(reply, Trained):
            self._ended(project, reply, number, champion)
        elif isinstance(reply, Failed):
            self._record("failed")
            self._fail(reply)
        elif project.closed:
            self._closing()
        else:
            cancelled = not isinstance(reply, Finished)
            self._record("cancelled" if cancelled else "finished")
            self._clean()
            if cancelled:
                self._set(phase="idle", message="Training cancelled; the model is as before.")

    def _closing(self) -> None:
        """The project is closing: the training is left where it is, and can be resumed from there."""
        running = self._run != 0
        self._record("interrupted")
        self._clean()
        self._set(phase="idle", message="")
        if running:
            self.said.emit("The training was stopped with its project. It can be resumed when that is opened again.")

    def _record(self, state: Any) -> None:
        runs = self._project.runs if self._project is not None else None
        if runs is not None and self._run:
            runs.update(self._run, state=state, progress={"step": self.state.step})
        self._run = 0

    def _scored(self, project: OpenProject, reply: Score) -> None:
        names = {str(entry.id): entry.name for entry in project.document.classes}
        rows = tuple(
            (names.get(key, key), reply.champion.get(key), reply.challenger.get(key)) for key in reply.challenger
        )
        point = (reply.step, _mean(reply.champion), _mean(reply.challenger))
        self._set(per_class=rows, score_curve=(*self.state.score_curve, point))

    def _ended(self, project: OpenProject, reply: Trained, number: int, champion: Version) -> None:
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
        project.document.put_version(version)
        self._announce(project, version, reply.verdict)

    def _announce(self, project: OpenProject, version: Version, message: str, *, refresh: bool = True) -> None:
        champion = project.document.champion
        self._set(phase="idle", message=message, champion=champion.number if champion else 0)
        self.said.emit(message)
        if version.status == "champion" and refresh:
            self.switched.emit(project, version)

    def _fail(self, reply: Failed) -> None:
        self._clean()
        self._set(phase="failed", message=reply.what)
        resume = bool(reply.what.startswith("The trainer stopped"))
        self.failed.emit(reply, lambda: self.start(resume=resume))

    def _clean(self) -> None:
        self._over()
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

    def _set(self, **values: Any) -> None:
        self.state = replace(self.state, **values)
        self.changed.emit(self.state)


def checkpoint(project: OpenProject, number: int, architecture: str) -> Path:
    """Where the checkpoint of a new version goes."""
    folder = project.folder / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{number:04d}-{architecture}.safetensors"


def preset_options(architecture: str, preset: str) -> dict[str, Any]:
    """The options of a named preset of an architecture."""
    from segstudio.models.registry import find

    return dict(find(architecture).presets.get(preset, {}))


def _mean(scores: dict[str, float | None]) -> float | None:
    known = [value for value in scores.values() if value is not None]
    return sum(known) / len(known) if known else None
