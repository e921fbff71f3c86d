"""The settings dialog, made from the fields of Settings: a new setting needs no new code here."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget

from segstudio import settings as stored_settings
from segstudio.core.parameters import Parameter
from segstudio.models.registry import networks
from segstudio.settings import Settings
from segstudio.ui.session.session import Session
from segstudio.ui.widgets.basics import column, label
from segstudio.ui.widgets.form import Form
from segstudio.ui.widgets.words import tr

EVERYDAY = (
    "theme", "network", "preset", "weights", "live", "train_seconds", "auto_train", "auto_train_strokes",
    "ask_before_switch", "uncertainty", "device", "undo_megabytes", "pixel_megabytes", "read_megabytes",
)  # fmt: skip
"""Settings in the order of the dialog; brush and opacity are set where they are used."""

NEW_MODEL = (
    ("network", "preset", "weights"),
    "New model",
    "It starts from starter or random weights and learns from all corrections of this project. The model in use now "
    "stays in the list of versions; one click brings it back.",
)
"""Settings, title and hint of the dialog that asks for a new model."""


class SettingsDialog(QDialog):
    """A form over some settings; OK stores them."""

    restyled = Signal()
    """Another theme was chosen."""

    def __init__(
        self, parent: QWidget, session: Session, names: tuple[str, ...] = EVERYDAY, title: str = "Settings",
        hint: str = "",
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._session = session
        self.setWindowTitle(tr(title))
        self.setMinimumWidth(420)
        self.form = Form()
        current = session.settings
        self.form.show_parameters([p for p in parameters_of_settings() if p.name in names], _values(current, names))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        notes = hint or tr("Device and memory take effect with the next start.")
        self.setLayout(
            column(self.form, label(tr(notes), "muted", wrap=True), self.buttons, margins=(18, 16, 18, 14), gap=14)
        )

    def accept(self) -> None:
        session = self._session
        before = session.settings
        session.settings = before.with_(**self.form.values())
        stored_settings.save(session.settings)
        if session.settings.theme != before.theme:
            self.restyled.emit()
        super().accept()


def parameters_of_settings() -> list[Parameter]:
    """The fields of Settings as form parameters, in the dialog's order."""
    spec = {field.name: field for field in fields(Settings)}
    found = []
    for name in EVERYDAY:
        field = spec[name]
        meta, default = field.metadata, getattr(Settings(), name)
        choices = stored_settings.choices_of(meta)
        kind: Any = "choice" if choices else "bool" if isinstance(default, bool) else type(default).__name__
        limits = meta["low"], meta["high"], 1.0 if kind == "int" else None
        titles = tuple((spec.id, spec.title) for spec in networks().values()) if name == "network" else ()
        found.append(Parameter(name, meta["title"], kind, default, choices, *limits, meta["help"], titles=titles))
    return found


def _values(settings: Settings, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in names}
