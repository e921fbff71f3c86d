"""Mask layers of the shown image: visibility, opacity, and what they are made of."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QGridLayout, QMenu, QScrollArea, QVBoxLayout, QWidget

from segstudio.core.codes import Origin
from segstudio.core.geometry import TILE
from segstudio.core.history import Edit
from segstudio.core.layer import MaskLayer
from segstudio.ui.boundary import guarded
from segstudio.ui.panels.rows import Name, Row
from segstudio.ui.project.table_changes import add_layer, remove_layer
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import icons
from segstudio.ui.widgets.basics import clear, column, label, row, slider, small_button
from segstudio.ui.widgets.words import count, tr

ORIGINS = (
    (Origin.PAINTED, "Painted"),
    (Origin.ACCEPTED, "Accepted"),
    (Origin.TOOL, "From a tool"),
    (Origin.IMPORTED, "Imported"),
    (Origin.UNSURE, "Unsure"),
)


def pixels_by_origin(layer: MaskLayer) -> dict[Origin, int]:
    """How many annotated pixels came from whom."""
    pixels = layer.tally.pixels().reshape(-1, 256).sum(axis=1)
    return {origin: int(pixels[origin]) for origin, _ in ORIGINS}


def predicted_share(layer: MaskLayer) -> float:
    """Share of the image's tiles that have a prediction."""
    slices, rows, columns = layer.shape
    tiles = slices * -(-rows // TILE) * -(-columns // TILE)
    return len(layer.versions) / tiles if tiles else 0.0


class LayerRow(Row):
    """One mask layer: eye, name, opacity; below it, for the active one, what it is made of."""

    def __init__(self, session: Session, layer: MaskLayer) -> None:
        super().__init__()
        self._session, self.layer = session, layer
        self.eye = small_button("eye", tr("Show or hide this layer"), self._toggle)
        self.name = Name(layer.name)
        self.slider = slider(0, 100, self._fade)
        self.slider.setToolTip(tr("Opacity"))
        self.slider.setFixedWidth(74)
        self._percent = label("", "muted")
        self._percent.setFixedWidth(34)
        self._percent.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        head = row(self.eye, self.name, self.slider, self._percent, gap=6)
        head.setStretch(1, 1)
        self._legend = QGridLayout()
        self._lines: list[tuple[str, str]] = []
        self._legend.setContentsMargins(30, 2, 2, 2)
        self._legend.setHorizontalSpacing(10)
        self._legend.setVerticalSpacing(2)
        self._legend.setColumnStretch(0, 1)
        self.setLayout(column(head, self._legend, margins=(4, 3, 8, 3), gap=0))
        self.name.renamed.connect(self._rename)
        self.chosen.connect(lambda: session.set_active_layer(layer.id))
        self.refresh()

    def refresh(self) -> None:
        """Follow the layer's name, visibility and opacity."""
        icons.set_icon(self.eye, "eye" if self.layer.visible else "eye-off")
        self.name.show_text(self.layer.name)
        percent = round(self.layer.opacity * 100)
        self.slider.blockSignals(True)
        self.slider.setValue(percent)
        self.slider.blockSignals(False)
        self._percent.setText(f"{percent} %")
        self.set_active(self.layer.id == self._session.active_layer)

    def recount(self) -> None:
        """Write the legend: prediction first, then pixels by who set them."""
        clear(self._legend)
        pixels, share = pixels_by_origin(self.layer), predicted_share(self.layer)
        lines = [(tr(name), count(pixels[origin])) for origin, name in ORIGINS if pixels[origin]]
        if share:
            newest = max(self.layer.versions.values())
            text = f"v{newest}" if share >= 1 else f"v{newest} · {share:.0%}"
            lines.insert(0, (tr("Prediction"), text))
        self._lines = lines or [(tr("Nothing painted or predicted yet"), "")]
        for number, (name, text) in enumerate(self._lines):
            self._legend.addWidget(label(name, "muted"), number, 0)
            self._legend.addWidget(label(text, "muted"), number, 1, Qt.AlignmentFlag.AlignRight)

    def legend(self) -> dict[str, str]:
        """What the legend says."""
        return dict(self._lines)

    @guarded
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        layers = self._session.image.layers if self._session.image else []
        if self._session.read_only or self.layer not in layers:
            return
        place, menu = layers.index(self.layer), QMenu(self)
        menu.addAction(icons.icon("rename"), tr("Rename"), self.name.edit)
        up = menu.addAction(icons.icon("up"), tr("Move up"), lambda: self._move(place + 1))
        down = menu.addAction(icons.icon("down"), tr("Move down"), lambda: self._move(place - 1))
        menu.addSeparator()
        gone = menu.addAction(icons.icon("trash"), tr("Remove"), self.remove)
        up.setEnabled(place < len(layers) - 1)
        down.setEnabled(place > 0)
        gone.setEnabled(len(layers) > 1)
        menu.popup(event.globalPos())

    def remove(self) -> None:
        """Take the layer away; undo brings it back with all its pixels."""
        remove_layer(self._session, self.layer.id)

    def _move(self, place: int) -> None:
        assert self._session.document is not None and self._session.image is not None
        self._session.document.move_layer(self._session.image.id, self.layer.id, place)

    def _rename(self, name: str) -> None:
        document, image = self._session.document, self._session.image
        if document is not None and image is not None and not self._session.read_only:
            document.rename_layer(image.id, self.layer.id, name)

    def _toggle(self) -> None:
        self._session.set_layer(self.layer.id, visible=not self.layer.visible)

    def _fade(self, percent: int) -> None:
        self._percent.setText(f"{percent} %")
        self._session.set_layer(self.layer.id, opacity=percent / 100)


class LayersPanel(QWidget):
    """The mask layers, the topmost first, over the image."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.rows: list[LayerRow] = []
        self.add_button = small_button("add", tr("Add mask layer"), self.add_layer)
        self._list = QVBoxLayout()
        self._list.setSpacing(2)
        self._empty = label(tr("No image is shown."), "muted", wrap=True)
        self._empty.setContentsMargins(8, 4, 8, 4)
        body = QWidget()
        body.setObjectName("body")
        body.setLayout(column(self._empty, self._list, 0, margins=(6, 0, 6, 6), gap=2))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        self.setLayout(column(area, gap=0))
        self._timer = QTimer(self, interval=250, singleShot=True)
        self._timer.timeout.connect(self.recount)
        session.image_changed.connect(self.refresh)
        session.layers_changed.connect(self.refresh)
        session.display_changed.connect(self._follow)
        session.edited.connect(self._on_edit)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(280, 120)

    def refresh(self) -> None:
        """Follow the image's layers; rows are made anew only when layers come or go."""
        image = self._session.image
        layers = list(reversed(image.layers)) if image else []
        if [line.layer for line in self.rows] != layers:
            clear(self._list)
            self.rows = [LayerRow(self._session, layer) for layer in layers]
            for line in self.rows:
                self._list.addWidget(line)
            self.recount()
        self._follow()
        self._empty.setVisible(not layers)
        self.add_button.setEnabled(bool(image) and not self._session.read_only)

    def recount(self) -> None:
        for line in self.rows:
            line.recount()

    def count_soon(self) -> None:
        """Predictions stream in: count again a little later, once for many."""
        if not self._timer.isActive():
            self._timer.start()

    def add_layer(self) -> None:
        """Put an empty mask layer on top and make it the active one."""
        add_layer(self._session)

    def _follow(self) -> None:
        for line in self.rows:
            line.refresh()

    def _on_edit(self, edit: Edit) -> None:
        image = self._session.image
        for line in self.rows:
            if image is not None and (edit.image, edit.layer) == (image.id, line.layer.id):
                line.recount()
