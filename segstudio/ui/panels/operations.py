"""Mask operations: choose one and how far it reaches, see what it would change, apply it."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox

from segstudio.core.parameters import Parameter, with_names
from segstudio.operations.registry import OPERATIONS
from segstudio.ui.desk import Desk
from segstudio.ui.methods.mask_operations import SCOPES
from segstudio.ui.panels.method import MethodPanel
from segstudio.ui.widgets.basics import label, row
from segstudio.ui.widgets.words import tr


class OperationsPanel(MethodPanel):
    """What can be done with the active class at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self.scope = desk, QComboBox()
        session = desk.session
        for scope, title in SCOPES.items():
            self.scope.addItem(tr(title), scope)
        reach = row(label(tr("Where"), "muted"), self.scope, gap=10)
        reach.setStretch(1, 1)
        super().__init__(session, OPERATIONS, tr("Change the mask, as one step to undo (Enter)"), (2, reach))
        self.live.setChecked(False)  # an operation shows nothing until it is asked to, unlike a threshold
        self.scope.currentIndexChanged.connect(lambda _: self._settle())
        self.method.currentIndexChanged.connect(lambda _: self._fit_scope())
        session.layers_changed.connect(self._choose_method)
        session.class_changed.connect(lambda _: self._choose_method())
        session.image_changed.connect(self._fit_scope)
        self._fit_scope()

    def parameters(self) -> list[Parameter]:
        """The options of the chosen operation, with the classes and layers there are."""
        session = self._session
        if session.document is None or session.image is None:
            return super().parameters()
        classes = [(entry.id, entry.name) for entry in session.classes if entry.id != session.active_class]
        layers = [(layer.id, layer.name) for layer in session.image.layers if layer.id != session.active_layer]
        return with_names(super().parameters(), {"class": classes, "layer": layers})

    def ask(self, *, preview: bool) -> None:
        """Run the chosen operation."""
        scope = str(self.scope.currentData())
        self._desk.studio.operating.run(self.method_id, self.form.values(), scope, preview=preview)

    def _fit_scope(self) -> None:
        """“All slices” is there for volumes only, and is what an operation between slices needs."""
        volume = self._session.shape[0] > 1
        place = self.scope.findData("volume")
        if volume and place < 0:
            self.scope.addItem(tr(SCOPES["volume"]), "volume")
        elif not volume and place >= 0:
            self.scope.removeItem(place)
        if volume and OPERATIONS[self.method_id].volume:
            self.scope.setCurrentIndex(self.scope.findData("volume"))
