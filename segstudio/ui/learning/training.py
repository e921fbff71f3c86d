"""Start, watch, pause and stop fine-tuning; let the gate's winner take over."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from segstudio.core.document import Version
from segstudio.core.geometry import Box
from segstudio.core.history import Edit
from segstudio.errors import UserError
from segstudio.project.paths import MODELS, RUNS
from segstudio.project.tables import RunRow, State
from segstudio.ui.compute.job import JobQueue, PixelJob
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.fitting import left_out, takes
from segstudio.ui.learning.label_regions import LabelRegions, annotated_images
from segstudio.ui.learning.models import Models, checkpoint
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.progress_state import TrainingState
from segstudio.ui.session.session import Session
from segstudio.worker.messages import Busy, Failed, Finished, Message, Pause, Score, Step, Stop, Train, Trained

CURVES = ("loss_curve", "score_curve", "per_class")
"""What a version keeps of the state of its training."""


@dataclass(slots=True, eq=False)
class Course:
    """One training: the project and layer it learns from, its state as the monitor shows it, its row among the runs.

    `name` is the file of its resume state; `champion` the version it starts from, whose challenger gets `number`;
    `last_edit` the newest edit that it has seen.
    """

    project: OpenProject
    layer: int
    resume: bool
    name: str
    last_edit: int
    state: TrainingState
    champion: Version | None = None
    number: int = 0
    run: int = 0
    job: int = 0

    def record(self, state: State) -> None:
        """Remember how the run ended."""
        if self.project.runs is not None and self.run:
            self.project.runs.update(self.run, state=state, progress={"step": self.state.step})
        self.run = 0


class Training(QObject):
    """One training at a time, from the champion, on the annotated pixels of all images of its project.

    It goes on while another project is shown, and its version lands in its own. A project that is shown while the
    training of another goes on has the state of its last one.
    """

    changed = Signal(object)
    """The new TrainingState."""
    failed = Signal(object, object)
    """A Failed message and a callable that repeats the job."""
    said = Signal(str)

    def __init__(self, session: Session, workers: Workers, models: Models) -> None:
        super().__init__(workers)
        self._session, self._trainer, self.models = session, workers.trainer, models
        self._queue = JobQueue(workers.trainer, workers.scratch)
        self._course: Course | None = None
        self.state = TrainingState()
        self.layer = 1
        self._fresh = 0  # strokes since the last training started
        session.edited.connect(self._on_edit)
        session.document_changed.connect(self._on_document)
        models.announced.connect(self._announce)

    # --- what the user can do -------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a training of the shown project runs."""
        return self.state.phase in ("preparing", "training", "paused", "evaluating")

    def train_or_pause(self) -> None:
        """Start a training, or pause or continue the one that runs."""
        course = self._shown()
        if course is None:
            self.start()
        elif course.job:
            paused = self.state.phase != "paused"
            self._trainer.control(Pause(course.job, paused))
            word = "Paused." if paused else "Training goes on."
            self._set(course, phase="paused" if paused else "training", message=word)

    def stop(self) -> None:
        """End the training and keep the best so far, if it passes the gate."""
        course = self._shown()
        if course is not None and course.job:
            self._trainer.control(Stop(course.job))
            self._set(course, message="Stopping: the best so far is scored.")

    def cancel(self) -> None:
        """Drop the training with everything it learnt."""
        if self._shown() is not None:
            self._queue.cancel()

    def resume(self, project: OpenProject, run: RunRow) -> None:
        """Go on with a training of the shown project that a crash, or closing the project, stopped."""
        if project is self._session.project and not self.running and project.runs is not None:
            project.runs.update(run.id, state="cancelled")  # another run takes its place
            self.start(resume=str(run.spec.get("state", "")) or None)

    def start(self, *, resume: str | None = None) -> None:
        """Gather the labels and send them to the trainer; makes the first model if there is none.

        `resume` names the state that another run has left. A training of another project makes way: it can be resumed.
        """
        project = self._session.project
        if self.running or project is None or project.read_only:
            return
        layer = self._session.active_layer or 1
        if not annotated_images(project.document, layer):
            what = "There is nothing to learn from yet."
            self.failed.emit(Failed(0, what, hint="Paint some pixels of each class first."), self.start)
            return
        self._queue.cancel()
        self.layer, self._fresh = layer, 0
        last = project.document.next_edit - 1
        state = TrainingState("preparing", message="Gathering labels", champion=self.state.champion)
        course = self._course = Course(project, layer, resume is not None, resume or "", last, state)
        self._set(course)
        self.models.ensure(project, layer, lambda _: self._gather(course), lambda: self._fail(course, None))

    def use(self, number: int) -> None:
        """Make a version of the shown project the champion: accept a waiting one, or go back to an older one."""
        if (project := self._session.project) is not None:
            self.models.use(project, number)

    def new_model(self) -> None:
        """Put a fresh network in the champion's place; the champion stays in the list."""
        project, image = self._session.project, self._session.image
        if self.running or project is None or image is None or project.read_only:
            self.said.emit("A new model can be made when an image is shown and no training runs.")
        else:
            self.models.new(project, image)

    def give_way(self, seconds: float = 0.4) -> None:
        """The pointer is down, or a stroke is being learnt: the trainer waits."""
        if self._course is not None and self._course.job:
            self._trainer.control(Busy(self._course.job, seconds))

    # --- a training -----------------------------------------------------------------------------------------

    def _gather(self, course: Course) -> None:
        """Load the annotated images one after the other, then send."""
        if course is not self._course:
            return
        document, settings = course.project.document, self._session.settings
        since = int(document.champion.metrics.get("last_edit", 0)) if document.champion else 0
        recent: dict[int, list[Box]] = {}
        for edit in document.history.edits[: document.history.position]:
            if edit.id > since and edit.layer == course.layer:
                recent.setdefault(edit.image, []).extend(edit.boxes)
        most = max(settings.pixel_megabytes, settings.read_megabytes) * 2**20
        annotated = annotated_images(document, course.layer)
        images = [entry for entry in annotated if takes(course.project, entry)]
        regions = LabelRegions(document, images, course.layer, recent, most)
        if others := left_out(entry for entry in annotated if entry not in images):
            regions.unread.append(others)
        self._queue.add(
            PixelJob(
                "Training", course.project, lambda lease, job: self._request(course, regions, job),
                lambda reply: self._on_done(course, reply), lambda news: self._on_news(course, news), regions.needs,
                lasting=True,
            )
        )  # fmt: skip

    def _request(self, course: Course, regions: LabelRegions, job: int) -> Train:
        document, settings, project = course.project.document, self._session.settings, course.project
        champion = course.champion = document.champion
        assert champion is not None
        if not regions.found:
            why, hint = " ".join(regions.unread), "Find the files, or make a new model for images of their kind."
            raise UserError("None of the annotated images can be learnt from.", why=why, hint=hint)
        course.number = max(document.versions) + 1
        course.name = course.name or f"{course.number:04d}.safetensors"
        out = checkpoint(project, course.number, champion.architecture)
        state = project.folder / RUNS / course.name
        state.parent.mkdir(parents=True, exist_ok=True)
        recipe = {"preset": settings.preset, "seconds": settings.train_seconds, "seed": course.number}
        if project.runs is not None:
            spec = {"number": course.number, "layer": course.layer, "state": course.name, "recipe": recipe}
            course.run = project.runs.start(spec).id
        course.job = job
        if regions.unread:
            self.said.emit(" ".join(regions.unread))
        self._set(course, phase="training", message="The trainer is starting", champion=champion.number)
        return Train(
            job, str(project.model_path(champion)), tuple(regions.found), recipe, settings.device, str(out),
            str(state), course.resume, table=tuple((one.id, one.name, one.color) for one in document.classes),
        )  # fmt: skip

    def _on_news(self, course: Course, news: Message) -> None:
        if isinstance(news, Step):
            curve = (*course.state.loss_curve, (news.step, news.loss))
            phase = "paused" if course.state.phase == "paused" else "training"
            self._set(course, phase=phase, step=news.step, total=news.total, loss_curve=curve, message="")
        elif isinstance(news, Score):
            self._scored(course, news)
        elif isinstance(news, Trained):
            self._trained(course, news)

    def _on_done(self, course: Course, reply: Message) -> None:
        if isinstance(reply, Failed):
            course.record("failed")
            self._fail(course, reply)
        elif isinstance(reply, Finished):
            course.record("finished")
            self._over(course)
        elif course.project is self._session.project and not course.project.closed:
            course.record("cancelled")
            self._over(course, "Training cancelled; the model is as before.")
        else:
            begun = course.run != 0
            course.record("interrupted")
            self._over(course)
            if begun:
                name = course.project.folder.name
                self.said.emit(f"The training of “{name}” was stopped. It can be resumed when that is opened again.")

    def _scored(self, course: Course, news: Score) -> None:
        names = {str(entry.id): entry.name for entry in course.project.document.classes}
        rows = tuple((names.get(key, key), news.champion.get(key), news.challenger.get(key)) for key in news.challenger)
        point = (news.step, _mean(news.champion), _mean(news.challenger))
        self._set(course, per_class=rows, score_curve=(*course.state.score_curve, point))

    def _trained(self, course: Course, news: Trained) -> None:
        champion = course.champion
        assert champion is not None
        asked = self._session.settings.ask_before_switch
        metrics = {
            **news.metrics,
            "last_edit": course.last_edit if news.accepted else champion.metrics.get("last_edit", 0),
            "steps": news.steps,
            "seconds": news.seconds,
            "curves": {name: getattr(course.state, name) for name in CURVES},
        }
        version = Version(
            course.number, f"{MODELS}/{Path(news.path).name}", news.digest, champion.number,
            "rejected" if not news.accepted else "waiting" if asked else "champion",
            champion.architecture, time.time(), news.verdict, metrics,
        )  # fmt: skip
        self.models.put(course.project, version, news.verdict)

    # --- what is shown of it --------------------------------------------------------------------------------

    def _shown(self) -> Course | None:
        """The training that runs, if it is of the shown project."""
        course = self._course
        return course if course is not None and course.project is self._session.project else None

    def _on_document(self) -> None:
        """Another project is shown: its training, if it runs, else the curves of its last one."""
        project, course = self._session.project, self._shown()
        if course is None:
            self.state = _last(project)
            self.changed.emit(self.state)
        else:
            self._set(course)

    def _announce(self, project: OpenProject, version: Version, word: str) -> None:
        champion = project.document.champion.number if project.document.champion else 0
        course, shown = self._course, project is self._session.project
        if course is not None and course.project is project:
            self._set(course, message=word, champion=champion)
        elif shown:
            self.state = replace(self.state, phase="idle", message=word, champion=champion)
            self.changed.emit(self.state)
        self.said.emit(word if shown else f"{project.folder.name}: {word}")

    def _fail(self, course: Course, reply: Failed | None) -> None:
        """The training failed, or (None) its first model could not be made, which is told already."""
        if course is not self._course:
            return
        shown = self._shown() is course
        self._set(course, phase="failed", message=reply.what if reply else "The model could not be made.")
        self._course = None
        if reply is not None and shown:
            again = course.name if reply.kind != "job" else None
            self.failed.emit(reply, lambda: self.start(resume=again))
        elif reply is not None:
            self.said.emit(f"{course.project.folder.name}: {reply.what}")

    def _over(self, course: Course, word: str | None = None) -> None:
        if course is self._course:
            self._set(course, phase="idle", message=course.state.message if word is None else word)
            self._course = None

    def _set(self, course: Course, **values: Any) -> None:
        course.state = replace(course.state, **values)
        if course.project is self._session.project:
            self.state = course.state
            self.changed.emit(self.state)

    def _on_edit(self, edit: Edit) -> None:
        self.give_way()
        if edit.state:
            return  # classes or layers: nothing to learn from
        self._fresh += 1
        settings = self._session.settings
        busy = self._course is not None  # also with another project, which does not make way for what nobody asked
        if settings.auto_train and not busy and self._fresh >= settings.auto_train_strokes:
            self.start()


def stopped_training(project: OpenProject) -> RunRow | None:
    """The last training that was stopped before its end and whose state is still there."""
    stopped = project.runs.interrupted() if project.runs is not None and not project.read_only else ()
    kept = [run for run in stopped if (project.folder / RUNS / str(run.spec.get("state", "?"))).is_file()]
    return kept[-1] if kept else None


def _last(project: OpenProject | None) -> TrainingState:
    """The curves of the last training of a project."""
    document = project.document if project is not None else None
    versions = list(document.versions.values()) if document else []
    curves = versions[-1].metrics.get("curves", {}) if versions else {}
    champion = document.champion if document else None
    return TrainingState(
        message=versions[-1].verdict if versions else "",
        champion=champion.number if champion else 0,
        **{name: tuple(map(tuple, curves.get(name, ()))) for name in CURVES},  # type: ignore[arg-type]
    )


def _mean(scores: dict[str, float | None]) -> float | None:
    known = [value for value in scores.values() if value is not None]
    return sum(known) / len(known) if known else None
