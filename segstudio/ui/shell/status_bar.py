"""The status bar: where the pointer is, what lies there, and whether the work is safe."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QWidget

from segstudio.core.image import ImageInfo
from segstudio.ui.session.progress_state import JobState, PointerPlace, StoreState
from segstudio.ui.widgets.basics import label, row, rule, set_property, small_button
from segstudio.ui.widgets.words import age, tr, value

if TYPE_CHECKING:
    from segstudio.core.document import Version


class StatusBar(QStatusBar):
    """Fields from left to right: place, value, class; then job, zoom, device, model, stored."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.place, self.value, self.under = label(), label(), label()
        self.zoom, self.device, self.model, self.stored = label(), label(), label(), label()
        for field, width in ((self.place, 96), (self.value, 64), (self.under, 96), (self.zoom, 48)):
            field.setMinimumWidth(width)
        self.job = JobField()
        left = QWidget()
        left.setLayout(row(self.place, self.value, self.under, margins=(8, 0, 0, 0), gap=12))
        self.addWidget(left)
        self.addPermanentWidget(self.job)
        for field in (self.zoom, self.device, self.model, self.stored):
            self.addPermanentWidget(_separated(field))
        self.job.hide()
        self._version: Version | None = None
        self._timer = QTimer(self, interval=10_000)
        self._timer.timeout.connect(self._show_model)
        self._timer.start()
        self.show_place(None)
        self.show_zoom(0)
        self.show_model(None)
        self.show_store(StoreState())
        self.show_device("")

    def show_place(self, place: PointerPlace | None, info: ImageInfo | None = None) -> None:
        """The pixel under the pointer, with its place in physical units where the image has them."""
        if place is None:
            for field in (self.place, self.value, self.under):
                field.clear()
            return
        text = f"x {place.column}, y {place.row}"
        if info and info.grid:
            text += f"   {info.grid.describe(place.z, place.row, place.column)}"
        elif info and info.spacing:
            text += f"   {place.column * info.spacing[2]:.4g}, {place.row * info.spacing[1]:.4g} {info.unit}"
        self.place.setText(text)
        self.value.setText("  ".join(value(number) for number in place.values))
        self.under.setText(f"{place.class_name} · {place.origin}" if place.origin else place.class_name)

    def show_zoom(self, scale: float) -> None:
        """Screen pixels per image pixel; 0 shows nothing."""
        self._put(self.zoom, f"{scale * 100:.3g} %" if scale else "")

    def show_device(self, title: str) -> None:
        self._put(self.device, title)

    def show_model(self, version: Version | None) -> None:
        """The model in use and how old it is."""
        self._version = version
        self._show_model()

    def show_store(self, state: StoreState) -> None:
        """Whether all changes are on the disk."""
        clock = time.strftime("%H:%M:%S", time.localtime(state.when)) if state.when else ""
        text = {
            "none": "",
            "storing": tr("Storing…"),
            "stored": tr("All changes stored {clock}").format(clock=clock),
            "failed": tr("Not stored"),
            "read-only": tr("Read-only"),
        }[state.kind]
        self._put(self.stored, text)
        self.stored.setToolTip(state.message)
        set_property(self.stored, "kind", state.kind)

    def say(self, text: str, milliseconds: int = 8000) -> None:
        """A last word in place of the pixel under the pointer, until that moves on."""
        self.showMessage(text, milliseconds)

    def show_job(self, job: JobState | None) -> None:
        """What is running, or nothing."""
        self.job.setVisible(job is not None)
        if job is not None:
            self.job.show_state(job)

    def _show_model(self) -> None:
        version = self._version
        text = ""
        if version is not None:
            text = tr("Model v{number}").format(number=version.number) + f" · {age(time.time() - version.created)}"
        self._put(self.model, text)

    def _put(self, field: QLabel, text: str) -> None:
        field.setText(text)
        if (holder := field.parentWidget()) is not None and holder is not self:
            holder.setVisible(bool(text))


class JobField(QWidget):
    """A title, a bar and a cross for what is running."""

    def __init__(self) -> None:
        super().__init__()
        self.title = label()
        self.title.setProperty("strong", True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(110)
        self.cancel = small_button("close", tr("Cancel"))
        self.setLayout(row(self.title, self.bar, self.cancel, gap=8))

    def show_state(self, job: JobState) -> None:
        self.title.setText(f"{job.title}  {job.note}".strip())
        self.bar.setRange(0, max(0, job.total))
        self.bar.setValue(job.done)
        self.cancel.setVisible(job.cancellable)


def _separated(field: QLabel) -> QWidget:
    """A field with a thin line before it."""
    holder = QWidget()
    line = rule(vertical=True)
    line.setFixedHeight(12)
    holder.setLayout(row(line, field, margins=(0, 0, 4, 0), gap=9))
    return holder
