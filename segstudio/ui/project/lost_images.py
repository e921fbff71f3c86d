"""Images whose files are gone or are not those that were added: told, found again, used as they are, or removed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from segstudio.core.document import ImageEntry
from segstudio.core.history import Edit
from segstudio.ui.compute.workers import Workers
from segstudio.ui.project.adding_images import AddingImages
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.words import tr
from segstudio.worker.messages import Failed, FilesFound, FindFiles, Message

NAMED = 3
"""Images that a sentence names."""

SECONDS = 600
"""A folder is searched for this long at most."""


class LostImages(QObject):
    """What can be done about an image that cannot be shown."""

    told = Signal(object, str, object)
    """A Failed, the text of a button ("" for none) and what it does."""
    said = Signal(str)
    asked = Signal(object)
    """The user wants to say where a file is: of an ImageEntry, or (None) of all that are missing."""

    def __init__(self, session: Session, workers: Workers, opening: AddingImages) -> None:
        super().__init__(workers)
        self._session, self._workers, self._opening = session, workers, opening
        opening.not_shown.connect(self.tell)
        session.edited.connect(self._follow)

    def missing(self, project: OpenProject) -> list[ImageEntry]:
        """Images of the project whose files are not where they were."""
        problems = project.problems
        images = project.document.images.values()
        return [entry for entry in images if entry.id in problems and problems[entry.id].kind == "missing"]

    def look(self, project: OpenProject) -> None:
        """Tell, once a project is opened, which of its images are missing."""
        entries = self.missing(project)
        shown = self._session.image
        if not entries or (len(entries) == 1 and entries[0] is shown):
            return  # a single one that is shown was told
        names = ", ".join(f"“{entry.name}”" for entry in entries[:NAMED])
        more = f" and {len(entries) - NAMED} more" if len(entries) > NAMED else ""
        count = f"{len(entries)} of {len(project.document.images)} images are" if len(entries) > 1 else "One image is"
        hint = "The others can be worked on as before."
        where = "they were" if len(entries) > 1 else "it was"
        reply = Failed(0, f"{count} not where {where}.", f"{names}{more}.", hint)
        self.told.emit(reply, "" if project.read_only else tr("Find…"), lambda: self.asked.emit(None))

    def tell(self, entry: ImageEntry, reply: Failed) -> None:
        """An image was to be shown and cannot be: say why, and offer what helps."""
        project = self._session.project
        problem = project.problems.get(entry.id) if project is not None else None
        if project is None or problem is None or project.read_only:
            self.told.emit(reply, "", None)
        elif problem.fits(entry):
            self.told.emit(reply, tr("Use it as it is"), lambda: self.use(entry))
        else:
            self.told.emit(reply, tr("Find…"), lambda: self.asked.emit(entry))

    def use(self, entry: ImageEntry) -> None:
        """Take the file that is there now as the image, with the masks as they are."""
        project = self._session.project
        problem = project.problems.get(entry.id) if project is not None else None
        if project is None or problem is None or problem.info is None or not self._may_change(project):
            return
        if not problem.fits(entry):
            self.told.emit(problem.reply, tr("Find…"), lambda: self.asked.emit(entry))
            return
        entry.digest = problem.digest
        entry.info = problem.info if problem.info.ranges else entry.info  # those of a huge file are of a sample
        self._again(project, [entry])
        self.said.emit(tr("“{name}” is used as it is now.").format(name=entry.name))

    def remove(self, entry: ImageEntry) -> None:
        """Take an image and its masks out of the project; undo brings them back, and its file is not touched."""
        project = self._session.project
        if project is None or not self._may_change(project) or entry.id not in project.document.images:
            return
        project.document.remove_image(entry.id, tr("Remove “{name}” from the project").format(name=entry.name))
        project.library.forget(entry.id)
        self.said.emit(tr("“{name}” is no longer in the project; undo brings it back.").format(name=entry.name))

    def _follow(self, edit: Edit) -> None:
        """The shown image was taken away: show the one that came into its place."""
        document, image = self._session.document, self._session.image
        if document is None or image is None or not image.gone:
            return
        ids, place = list(document.images), (edit.state or {}).get("image", [0])[0]
        if ids:
            self._opening.show(ids[min(place, len(ids) - 1)])
        else:
            self._session.show_image(None, None)

    def find(self, place: Path, entry: ImageEntry | None = None) -> None:
        """Look in a folder, or at a file and its neighbours, for an image, or for all that are missing."""
        project = self._session.project
        if project is None or not self._may_change(project):
            return
        wanted = self.missing(project)
        if entry is not None and entry not in wanted:
            wanted = [entry]
        alone = place.is_file() and entry is not None
        rows = tuple((one.id, one.name, one.digest) for one in ([entry] if alone and entry else wanted))
        self.said.emit(tr("Looking for images in “{place}”…").format(place=place.name))

        def on_reply(reply: Message) -> None:
            if isinstance(reply, FilesFound):
                self._take(project, reply, explicitly=alone)
                if alone and len(wanted) > 1:
                    self.find(place.parent)  # its neighbours were moved with it
            elif isinstance(reply, Failed):
                self.told.emit(reply, "", None)

        self._workers.reader.submit(
            lambda job: FindFiles(job, str(place), rows), on_reply, project=project, seconds=SECONDS
        )

    def _take(self, project: OpenProject, reply: FilesFound, *, explicitly: bool) -> None:
        """Link what was found; a file of the name alone only where the user pointed at it."""
        images, linked, others = project.document.images, [], []
        for image, path, same in reply.found:
            if image not in images:
                continue
            if same or explicitly:
                images[image].path = project.relative_path(Path(path))
                linked.append(images[image])
            else:
                others.append(images[image].name)
        self._again(project, linked)
        text = f"{len(linked)} image{'s' if len(linked) != 1 else ''} found."
        if others:
            text += f" Of the same name, but not the same: {', '.join(others[:NAMED])}."
        if still := self.missing(project):
            text += f" Still missing: {', '.join(entry.name for entry in still[:NAMED])}."
        self.said.emit(text)

    def _again(self, project: OpenProject, entries: Sequence[ImageEntry]) -> None:
        """Read images anew: their files are other ones now."""
        for entry in entries:
            project.note(entry, None)
            project.library.forget(entry.id)
            project.document.image_changed.emit(entry)
        if self._session.project is project and entries:
            self._opening.thumbnails(list(entries))
            shown = self._session.image
            if shown is not None and shown in entries:
                self._opening.show(shown.id)

    def _may_change(self, project: OpenProject) -> bool:
        if project.read_only:
            self.said.emit(tr("This project is open read-only."))
        return not project.read_only
