"""OfSession: what every view of an image has in common, whichever way it is cut: it is the session's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, SignalInstance

from segstudio.core.classes import ClassTable
from segstudio.core.parameters import Value
from segstudio.core.value_overlay import ValueOverlay
from segstudio.ui.session.display import Display
from segstudio.ui.session.editing import Editing
from segstudio.ui.session.levels import Window
from segstudio.ui.session.session import Session
from segstudio.ui.session.tone import Tone

if TYPE_CHECKING:
    from segstudio.ui.project.open_project import OpenProject


class OfSession(QObject):
    """Class, tool, display, options and the open edit, taken from the session name by name."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.main = session

    @property
    def document_changed(self) -> SignalInstance:
        return self.main.document_changed

    @property
    def classes_changed(self) -> SignalInstance:
        return self.main.classes_changed

    @property
    def tool_changed(self) -> SignalInstance:
        return self.main.tool_changed

    @property
    def options_changed(self) -> SignalInstance:
        return self.main.options_changed

    @property
    def display_changed(self) -> SignalInstance:
        return self.main.display_changed

    @property
    def proposal_changed(self) -> SignalInstance:
        return self.main.proposal_changed

    @property
    def blocked(self) -> SignalInstance:
        return self.main.blocked

    @property
    def project(self) -> OpenProject | None:
        return self.main.project

    @property
    def active_class(self) -> int:
        return self.main.active_class

    @property
    def brush_radius(self) -> float:
        return self.main.brush_radius

    @property
    def classes(self) -> ClassTable:
        return self.main.classes

    @property
    def unsure(self) -> bool:
        return self.main.unsure

    @property
    def value_range(self) -> tuple[float, float]:
        return self.main.value_range

    @property
    def windows(self) -> list[Window]:
        return self.main.windows

    @property
    def tone(self) -> Tone:
        return self.main.tone

    @property
    def display(self) -> Display:
        return self.main.display

    @property
    def value_overlay(self) -> ValueOverlay | None:
        return self.main.value_overlay

    @property
    def editing(self) -> Editing:
        return self.main.editing

    @property
    def tool_id(self) -> str:
        return self.main.tool_id

    def tool_option(self, tool: str, name: str) -> Value:
        return self.main.tool_option(tool, name)

    def refuse(self, why: str) -> None:
        self.main.refuse(why)

    def why_not_editable(self) -> str:
        return self.main.why_not_editable()

    def choose_class(self, class_id: int) -> None:
        self.main.choose_class(class_id)

    def set_window(self, channel: int, low: float, high: float) -> None:
        self.main.set_window(channel, low, high)

    def set_brush_radius(self, radius: float) -> None:
        self.main.set_brush_radius(radius)

    def set_display(self, **values: object) -> None:
        self.main.set_display(**values)
