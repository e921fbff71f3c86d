"""The model versions of a project: make one, choose one, go back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from segstudio.core.channels import wanted
from segstudio.core.document import ImageEntry, Version
from segstudio.project.paths import MODELS
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.fitting import new_channels
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.worker.messages import FINAL, Failed, Finished, Message, NewModel

Then = Callable[[Version], None]


def nothing() -> None:
    """What is done where no model could be made."""


class Models(QObject):
    """Makes the first model of a project when one is needed, and puts versions in charge."""

    failed = Signal(object, object)
    """A Failed message and a callable that repeats the job."""
    announced = Signal(object, object, str)
    """An OpenProject has a new Version, and what is to be said of it."""
    switched = Signal(object, object)
    """An OpenProject has a new champion (Version): what is predicted is out of date."""

    def __init__(self, session: Session, workers: Workers) -> None:
        super().__init__(workers)
        self._session, self._workers = session, workers
        self._making: dict[OpenProject, list[tuple[Then, Callable[[], None]]]] = {}

    def ensure(self, project: OpenProject, layer: int, then: Then, otherwise: Callable[[], None] = nothing) -> None:
        """Call `then` with the champion, which is built where the project has none, for the channels of what is
        annotated in `layer`; `otherwise` where that fails."""
        document, image = project.document, self._session.image
        if document.champion is not None:
            then(document.champion)
            return
        shown = image if image is not None and document.images.get(image.id) is image else None
        self._make(project, new_channels(project, layer, shown), then, otherwise)

    def new(self, project: OpenProject, shown: ImageEntry) -> None:
        """Put a fresh network for images like the shown one in the champion's place, which stays in the list."""
        every = [one.info.channels for one in project.document.images.values()]
        channels = wanted(every, (), shown.info.channels)
        self._make(project, channels, lambda version: self.announced.emit(project, version, version.verdict), nothing)

    def use(self, project: OpenProject, number: int) -> None:
        """Make a version the champion: accept a waiting one, or roll back to an older one."""
        if number in project.document.versions:
            version = replace(project.document.versions[number], status="champion")
            self.put(project, version, f"Model v{number} is in use.")

    def put(self, project: OpenProject, version: Version, word: str) -> None:
        """Take a version into the project it was made for."""
        project.document.put_version(version)
        self.announced.emit(project, version, word)
        if version.status == "champion":
            self.switched.emit(project, version)

    def _make(self, project: OpenProject, channels: int, then: Then, otherwise: Callable[[], None]) -> None:
        """All who ask while one is being made get the same one."""
        waiting = self._making.setdefault(project, [])
        waiting.append((then, otherwise))
        if len(waiting) > 1:
            return
        number = max(project.document.versions, default=0) + 1
        path = checkpoint(project, number, self._session.settings.network)
        self._workers.compute.submit(
            lambda job: self._request(project, channels, job, path),
            lambda reply: self._made(project, reply, number, path, channels),
            project=project,
        )

    def _request(self, project: OpenProject, channels: int, job: int, path: Path) -> NewModel:
        document, settings = project.document, self._session.settings
        options = preset_options(settings.network, settings.preset)
        classes = tuple((entry.id, entry.name, entry.color) for entry in document.classes)
        before = str(project.model_path(document.champion)) if document.champion else ""
        return NewModel(
            job, str(path), settings.network, options, channels, classes, weights=settings.weights, model=before
        )

    def _made(self, project: OpenProject, reply: Message, number: int, path: Path, channels: int) -> None:
        if not isinstance(reply, FINAL):
            return
        waiting = self._making.pop(project, [])
        if isinstance(reply, Finished):
            network = path.stem.partition("-")[2]
            parent = project.document.champion.number if project.document.champion else 0
            version = Version(
                number, f"{MODELS}/{path.name}", reply.note, parent, "champion", network, time.time(),
                verdict="New: it has learnt nothing from you yet.",
            )  # fmt: skip
            project.document.put_version(version)
            for then, _ in waiting:
                then(version)
            return
        for _, otherwise in waiting:
            otherwise()
        if isinstance(reply, Failed):
            self.failed.emit(reply, lambda: self._again(project, channels, waiting))

    def _again(self, project: OpenProject, channels: int, waiting: list[tuple[Then, Callable[[], None]]]) -> None:
        for then, otherwise in waiting:
            self._make(project, channels, then, otherwise)


def checkpoint(project: OpenProject, number: int, architecture: str) -> Path:
    """Where the checkpoint of a new version goes."""
    folder = project.folder / MODELS
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{number:04d}-{architecture}.safetensors"


def preset_options(architecture: str, preset: str) -> dict[str, Any]:
    """The options of a named preset of an architecture."""
    from segstudio.models.registry import find

    return dict(find(architecture).presets.get(preset, {}))
