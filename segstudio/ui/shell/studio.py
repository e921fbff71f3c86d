"""Studio: everything behind the window, put together. The window talks to this; this talks to the workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from segstudio.core.document import ImageEntry, Version
from segstudio.errors import UserError
from segstudio.io.formats import folder_format, named_like_an_image
from segstudio.io.masks.pairs import masks_beside
from segstudio.project.lock import ProjectInUse
from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.explaining import Explaining
from segstudio.ui.learning.live_learning import LiveLearning
from segstudio.ui.learning.models import Models
from segstudio.ui.learning.predicting import Predicting, seen_tiles
from segstudio.ui.learning.training import Training, stopped_training
from segstudio.ui.learning.version_changes import VersionChanges
from segstudio.ui.methods.classical_methods import ClassicalMethods
from segstudio.ui.methods.mask_operations import MaskOperations
from segstudio.ui.project.adding_images import AddingImages, images_in
from segstudio.ui.project.lost_images import LostImages
from segstudio.ui.project.mask_exchange import MaskExchange
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.project.projects import Projects
from segstudio.ui.project.recent import is_project
from segstudio.ui.review.next_image import NextImage
from segstudio.ui.session.session import Session
from segstudio.worker.messages import ExportModel, Failed, Finished, Message

Repeat = Callable[[], None]


class Studio(QObject):
    """Owns the session, the open project, the workers and the controllers between them."""

    problem = Signal(object, str, object)
    """A UserError or Failed to show in the strip, the text of an action button ("" for none), its callable."""
    series_found = Signal(object, object)
    """The DICOM series of a folder, and what opens those that are chosen (a list of their first files)."""
    said = Signal(str)
    """A last word for the status bar."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        settings = session.settings
        self.session = session
        self.workers = Workers(settings, self)
        self.projects = Projects(self.session, self.workers)
        self.opening = AddingImages(self.session, self.workers)
        self.lost = LostImages(self.session, self.workers, self.opening)
        self.models = Models(self.session, self.workers)
        self.predicting = Predicting(self.session, self.workers, self.models)
        self.comparing = VersionChanges(self.session, self.predicting)
        self.explaining = Explaining(self.session, self.workers)
        self.training = Training(self.session, self.workers, self.models)
        self.live = LiveLearning(self.session, self.workers, self.predicting, self.training)
        self.baselining = ClassicalMethods(self.session, self.workers)
        self.operating = MaskOperations(self.session, self.workers)
        self.transfer = MaskExchange(self.session, self.workers)
        self.choosing = NextImage(self.session)
        self.queues = (self.baselining.queue, self.operating.queue, self.explaining.queue)
        self._connect()

    def _connect(self) -> None:
        self.projects.opened.connect(self._on_opened)
        self.projects.closed.connect(self._on_closed)
        self.projects.storing_failed.connect(lambda error: self.problem.emit(error, "", None))
        self.opening.failed.connect(lambda reply: self.problem.emit(reply, "", None))
        self.lost.told.connect(self.problem)
        self.lost.said.connect(self._say)
        self.opening.finished.connect(self._on_added)
        self.opening.shown.connect(self._on_shown)
        self.opening.shown.connect(self.choosing.look)
        self.opening.thumbnail.connect(self.choosing.take)
        self.predicting.failed.connect(lambda reply, repeat: self.problem.emit(reply, "Repeat", repeat))
        self.predicting.ended.connect(self._say)
        self.explaining.failed.connect(lambda reply: self.problem.emit(reply, "", None))
        self.explaining.said.connect(self._say)
        self.transfer.failed.connect(lambda reply: self.problem.emit(reply, "", None))
        self.transfer.said.connect(self._say)
        self.training.failed.connect(self._on_training_failed)
        self.training.said.connect(self._say)
        self.models.failed.connect(lambda reply, repeat: self.problem.emit(reply, "Repeat", repeat))
        self.models.switched.connect(self._on_switched)
        self.baselining.failed.connect(lambda reply: self.problem.emit(reply, "", None))
        self.operating.failed.connect(lambda reply: self.problem.emit(reply, "", None))
        self.workers.crashed.connect(self._on_crash)

    # --- projects and images --------------------------------------------------------------------------------

    def new_project(self, folder: Path | None = None) -> None:
        """Start an empty project."""
        self._try(lambda: self.projects.new(folder))

    def open_project(self, path: Path) -> None:
        """Open a project; one that is open elsewhere is shown read-only, with a strip that says so."""
        try:
            self.projects.open(path)
        except ProjectInUse as error:
            if self._try(lambda: self.projects.open(path, read_only=True)):
                self.problem.emit(error, "", None)
        except UserError as error:
            self.problem.emit(error, "", None)

    def _say_masks(self, folder: Path) -> None:
        """Say that files of a folder are masks of its images, which are not opened as images."""
        files = [path for path in folder.iterdir() if named_like_an_image(path)]
        if masks := masks_beside(files):
            self.said.emit(
                f"{len(masks)} of {len(files)} files are masks of the others, such as “{masks[0].name}”: "
                "File > Import masks from a folder… reads them."
            )

    def open_paths(self, paths: list[Path]) -> None:
        """Open whatever is given: image files, folders of images, or a project."""
        files: list[Path] = []
        for path in paths:
            if is_project(path):
                self.open_project(path)
            elif path.is_dir() and folder_format(path) is None:
                found, series = images_in(path)
                self._say_masks(path)
                if not found:
                    self.problem.emit(UserError(f"There are no images in “{path.name}”."), "", None)
                if len(series) > 1:
                    others = [file for file in found if all(file != one.first for one in series)]
                    self.series_found.emit(series, lambda chosen, others=others: self.open_paths([*others, *chosen]))
                else:
                    files += found
            else:
                files.append(path)
        if files and (self.session.document is not None or self._try(lambda: self.projects.new())):
            if self.session.read_only:
                self.problem.emit(UserError("This project is open read-only: no image was added."), "", None)
            else:
                self.opening.add([path.absolute() for path in files])

    def combine(self, paths: list[Path]) -> None:
        """Open co-registered files as the channels of one image, which is kept in the project's folder."""
        if (self.session.document is not None or self._try(lambda: self.projects.new())) and not self.session.read_only:
            self.opening.combine(paths)

    def open_sample(self) -> None:
        """Open the sample project; it is made from the bundled images the first time."""
        from segstudio.ui.project.sample import sample_project

        folder = self._value(sample_project)
        if folder is not None:
            self.open_project(folder)

    def save_copy(self, folder: Path) -> None:
        """Write the project as it is now to another folder and go on there."""
        project = self.session.project
        store = project.store if project is not None else None
        if store is not None and self._try(lambda: store.save_copy(folder)):
            self.open_project(folder)

    def export_model(self, path: Path) -> None:
        """Write the champion as an ONNX file for other programs."""
        project = self.session.project
        champion = project.document.champion if project else None
        if project is None or champion is None:
            return
        model = str(project.model_path(champion))

        def on_reply(reply: Message) -> None:
            if isinstance(reply, Failed):
                self.problem.emit(reply, "", None)
            elif isinstance(reply, Finished):
                self.said.emit(reply.note)

        self.said.emit("Writing the model as ONNX…")
        self.workers.compute.submit(lambda job: ExportModel(job, model, str(path)), on_reply, project=project)

    def show_useful(self) -> None:
        """Show the image that is worth most to look at."""
        if (entry := self.choosing.best()) is not None:
            self.opening.show(entry.id)
        else:
            self.said.emit("No other image waits for a look.")

    # --- predictions ----------------------------------------------------------------------------------------

    def cancel_jobs(self) -> None:
        """Stop predictions, methods and operations; a training is stopped from its own panel."""
        self.predicting.cancel()
        for queue in self.queues:
            queue.cancel()

    def close(self) -> None:
        """Store everything and end the workers."""
        self.live.close()
        self.transfer.close()
        self.projects.closed.disconnect(self._on_closed)  # the window goes as it is
        try:
            self.projects.close()
        except UserError:
            self.projects.close(discard=True)
        self.workers.close()

    # --- inside ---------------------------------------------------------------------------------------------

    def _on_opened(self, project: OpenProject) -> None:
        document, store = project.document, project.store
        assert store is not None
        project.library.failed.connect(lambda reply: self.problem.emit(reply, "", None))
        self.session.show_project(project)
        if document.images:
            last = store.settings.get("shown", next(iter(document.images)))
            self.opening.show(last if last in document.images else next(iter(document.images)))
            self.opening.thumbnails(list(document.images.values()))
            self.lost.look(project)
        if store.recovery.notable or stopped_training(project):
            self._tell_recovery(project)
        QTimer.singleShot(0, self.workers.compute.start)

    def _on_closed(self) -> None:
        self.session.show_project(None)

    def _tell_recovery(self, project: OpenProject) -> None:
        assert project.store is not None
        error = UserError(project.store.recovery.sentence or "A training of this project was stopped before its end.")
        if run := stopped_training(project):
            self.problem.emit(error, "Resume training", lambda: self.training.resume(project, run))
        else:
            self.problem.emit(error, "", None)

    def _on_shown(self, entry: ImageEntry) -> None:
        """An image that the champion has not seen yet is predicted at once; the place is remembered."""
        project = self.session.project
        if project is None or project.store is None or project.read_only:
            return
        project.store.settings.set("shown", entry.id)
        champion = project.document.champion
        if champion is not None and champion.metrics and self.session.layer.prediction.is_empty():
            self.predicting.predict(project, entry, self.session.active_layer, seen_tiles(self.session))

    def _on_added(self, added: int, failed: int) -> None:
        text = f"{added} image{'s' if added != 1 else ''} added"
        self.said.emit(f"{text}, {failed} could not be opened." if failed else f"{text}.")

    def _on_switched(self, project: OpenProject, version: Version) -> None:
        """Refresh what is predicted already, and the shown image, with the new model."""
        document, image, layer = project.document, self.session.image, self.training.layer
        if project is not self.session.project:
            return
        if image is not None and any(found.id == layer for found in image.layers):
            self.predicting.refresh(project, image, layer, seen_tiles(self.session))
        for entry in document.images.values():
            known = next((found for found in entry.layers if found.id == layer), None)
            if entry is not image and known is not None and not known.prediction.is_empty():
                self.predicting.refresh(project, entry, layer)

    def _on_training_failed(self, reply: Failed, repeat: Repeat) -> None:
        self.problem.emit(reply, "Repeat" if reply.job else "", repeat if reply.job else None)

    def _on_crash(self, sentence: str) -> None:
        """A crash that took a job with it is told by the job; an idle one needs a word only."""
        self.said.emit(sentence)

    def _say(self, text: str) -> None:
        if text:
            self.said.emit(text)

    def _try(self, action: Callable[[], Any]) -> bool:
        try:
            action()
        except UserError as error:
            self.problem.emit(error, "", None)
            return False
        return True

    def _value(self, action: Callable[[], Any]) -> Any:
        try:
            return action()
        except UserError as error:
            self.problem.emit(error, "", None)
            return None
