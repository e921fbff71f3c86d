"""The desk: what commands and panels know of the window, and of who works behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtWidgets import QDialog, QWidget

if TYPE_CHECKING:
    from segstudio.tools.candidates import Candidates
    from segstudio.ui.canvas.views import Views
    from segstudio.ui.learning.explaining import Explaining
    from segstudio.ui.learning.live_learning import LiveLearning
    from segstudio.ui.learning.predicting import Predicting
    from segstudio.ui.learning.training import Training
    from segstudio.ui.learning.version_changes import VersionChanges
    from segstudio.ui.methods.classical_methods import ClassicalMethods
    from segstudio.ui.methods.mask_operations import MaskOperations
    from segstudio.ui.project.adding_images import AddingImages
    from segstudio.ui.project.lost_images import LostImages
    from segstudio.ui.project.mask_exchange import MaskExchange
    from segstudio.ui.session.progress_state import JobState, TrainingState
    from segstudio.ui.session.session import Session
    from segstudio.ui.widgets.notices import Notices

Answer = TypeVar("Answer")
Dialog = TypeVar("Dialog", bound=QDialog)


class Controllers(Protocol):
    """Who does the work: each has its worker, store or project. `Studio` makes them after the first paint."""

    opening: AddingImages
    lost: LostImages
    predicting: Predicting
    comparing: VersionChanges
    explaining: Explaining
    training: Training
    live: LiveLearning
    baselining: ClassicalMethods
    operating: MaskOperations
    transfer: MaskExchange

    def new_project(self, folder: Path | None = None) -> None: ...
    def open_project(self, path: Path) -> None: ...
    def open_paths(self, paths: list[Path]) -> None: ...
    def open_sample(self) -> None: ...
    def combine(self, paths: list[Path]) -> None: ...
    def save_copy(self, folder: Path) -> None: ...
    def export_model(self, path: Path) -> None: ...
    def show_useful(self) -> None: ...
    def cancel_jobs(self) -> None: ...


class Walk(Protocol):
    """A walk from region to region: `Reviewing`."""

    @property
    def stop_now(self) -> object | None: ...
    def begin(self, minutes: float) -> None: ...
    def next(self) -> None: ...
    def previous(self) -> None: ...
    def accept(self) -> None: ...
    def stop(self) -> None: ...


class ClassList(Protocol):
    """The list of classes: `ClassesPanel`."""

    def remove_active(self) -> None: ...
    def ask_merge(self, class_id: int) -> None: ...


class Desk(Protocol):
    """Where a user sits: the session, the views, the controllers and a few words to the window itself.

    The views, notices, candidates and the walk are there once something was opened, the controllers as soon as one
    of them is asked for.
    """

    session: Session
    views: Views
    notices: Notices
    candidates: Candidates
    training: TrainingState
    job: JobState | None
    """What is running, as the status bar tells."""

    @property
    def guiding(self) -> Walk: ...

    @property
    def classes(self) -> ClassList: ...

    @property
    def studio(self) -> Controllers: ...

    @property
    def full_screen(self) -> bool: ...

    def say(self, text: str) -> None:
        """A last word in the status bar, for a few seconds."""

    def refresh_soon(self) -> None:
        """Bring menus and buttons up to date once everything that happens now has happened."""

    def show_panel(self, name: str, item: str | int | None = None) -> None:
        """Bring a panel to the front, and in it what `item` names: a method or operation, a class."""

    def show_region(self, digest: str, box: tuple[int, int, int, int]) -> None:
        """Go to a box (top, left, bottom, right) of an image's slice, given as "digest:slice"."""

    def open_dialog(self, make: Callable[[QWidget], Dialog]) -> Dialog:
        """Show a dialog over the window, which it is given as its parent."""

    def ask(self, question: Callable[[QWidget], Answer]) -> Answer:
        """The answer to a question that nothing can go on without, such as for a file."""

    def search_commands(self) -> object: ...
    def show_shortcuts(self) -> object: ...
    def apply_theme(self) -> None: ...
    def toggle_full_screen(self) -> None: ...
    def reset_layout(self) -> None: ...
    def close(self) -> bool: ...
