"""The strip at the top of the canvas: options of the active tool."""

from __future__ import annotations

import math
from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSizePolicy, QWidget

from segstudio.tools import TOOLS
from segstudio.tools.base import Tool
from segstudio.ui.boundary import guarded
from segstudio.ui.panels.paint_where import PaintWhere
from segstudio.ui.panels.rows import Chip
from segstudio.ui.session.session import Session
from segstudio.ui.widgets import icons, theme
from segstudio.ui.widgets.basics import clear, label, row, rule, slider
from segstudio.ui.widgets.form import Field, make_field
from segstudio.ui.widgets.words import tr

LOWEST, HIGHEST = 0.5, 500.0
"""Ends of the radius slider in image pixels; the field beside it and the keys go further."""


class ToolOptions(QWidget):
    """Icon and name of the tool, its options, and in a quiet voice what the mouse does."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("toolOptions")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(37)
        self._session = session
        self._icon, self._title, self.hint = QLabel(), label("", "heading"), Hint()
        self.radius, self.own, self.chosen = RadiusOption(session), OwnOptions(session), ClassOption(session)
        box = QHBoxLayout(self)
        box.setContentsMargins(12, 0, 12, 0)
        box.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        box.setSpacing(8)
        line = rule(vertical=True)
        line.setFixedHeight(16)
        for part in (self._icon, self._title, line):
            box.addWidget(part)
        self.where = PaintWhere(session)
        for option in (self.chosen, self.radius, self.own, self.where):
            box.addWidget(option)
        box.addWidget(self.hint, 1)
        session.tool_changed.connect(lambda _: self.refresh())
        session.image_changed.connect(self.refresh)
        self.refresh()

    def minimumSizeHint(self) -> QSize:
        """None: another tool's options must not make the canvas wider and move the image under the pen."""
        return QSize(0, self.height())

    def refresh(self) -> None:
        """Show the options of the active tool."""
        kind = next(kind for kind in TOOLS if kind.id == self._session.tool_id)
        self._icon.setPixmap(icons.pixmap(kind.icon or kind.id, theme.current().accent, 18, self.devicePixelRatioF()))
        self._title.setText(tr(kind.title))
        self.hint.show_text(tr(kind.hint))
        self.radius.setVisible("radius" in kind.options)
        self.own.show_tool(kind)
        self.chosen.setVisible("class" in kind.options)
        self._fit()

    @guarded
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Do without the radius slider where there is no room for everything: its field and the keys do the same."""
        parts = (self._icon, self._title, self.chosen, self.radius, self.own, self.where)
        shown = [part for part in parts if not part.isHidden()]
        layout, inner = self.layout(), self.radius.layout()
        assert layout is not None and inner is not None
        margins = layout.contentsMargins()
        needed = (
            sum(part.sizeHint().width() + layout.spacing() for part in shown) + margins.left() + margins.right() + 9
        )
        slider = self.radius.slider
        if slider.isHidden():
            needed += slider.width() + inner.spacing()
        slider.setVisible(needed <= self.width())


class Hint(QWidget):
    """One line at the right that gives way when there is no room for it."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def show_text(self, text: str) -> None:
        self.text = text
        self.setToolTip(text)
        self.update()

    @guarded
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(theme.color("muted"))
        metrics = QFontMetrics(self.font())
        text = metrics.elidedText(self.text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


class RadiusOption(QWidget):
    """Brush radius on a logarithmic slider, in pixels or in the image's unit, as the tool paints."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.slider = slider(0, 200, self._from_slider)
        self.slider.setFixedWidth(88)
        self.field = QDoubleSpinBox()
        self.field.setFixedWidth(84)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setKeyboardTracking(False)
        self.field.valueChanged.connect(lambda shown: session.set_brush_radius(shown / self._unit()[0]))
        self.setLayout(row(label(tr("Radius"), "muted"), self.slider, self.field))
        session.options_changed.connect(self._show)
        session.tool_changed.connect(lambda _: self._show())
        session.image_changed.connect(self._show)
        self._show()

    def _unit(self) -> tuple[float, str]:
        """What a pixel of radius is in the shown unit, and the unit: a brush counts in the finer side of a pixel."""
        session = self._session
        kind = next(kind for kind in TOOLS if kind.id == session.tool_id)
        info = session.image.info if session.image else None
        physical = any(p.name == "unit" for p in kind.parameters()) and session.tool_option(kind.id, "unit") != "px"
        return (min(session.spacing[1:]), info.unit) if physical and info and info.spacing else (1.0, "px")

    def _from_slider(self, notch: int) -> None:
        radius = LOWEST * (HIGHEST / LOWEST) ** (notch / 200)
        self._session.set_brush_radius(round(radius * 2) / 2 if radius < 10 else round(radius))

    def _show(self) -> None:
        radius = self._session.brush_radius
        for widget in (self.slider, self.field):
            widget.blockSignals(True)
        size, unit = self._unit()
        self.field.setDecimals(1 if unit == "px" else max(0, 2 - math.floor(math.log10(size)) - 1))
        self.field.setRange(0.5 * size, 4000 * size)
        self.field.setSuffix(f" {unit}")
        self.field.setValue(radius * size)
        place = math.log(max(LOWEST, min(HIGHEST, radius)) / LOWEST) / math.log(HIGHEST / LOWEST)
        self.slider.setValue(round(place * 200))
        for widget in (self.slider, self.field):
            widget.blockSignals(False)


class OwnOptions(QWidget):
    """The options only the active tool has, made from its form."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.fields: dict[str, Field] = {}
        self._box = QHBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(8)

    def show_tool(self, kind: type[Tool]) -> None:
        """Make the fields of a tool."""
        clear(self._box)
        self.fields = {}
        volume = self._session.shape[0] > 1
        for parameter in kind.parameters():
            if parameter.name in kind.in_volumes and not volume:
                continue
            field = make_field(parameter, self._session.tool_option(kind.id, parameter.name))
            field.setToolTip(tr(parameter.help))
            field.changed.connect(partial(self._set, kind.id, parameter.name, field))
            if parameter.kind == "choice":
                words = max(self.fontMetrics().horizontalAdvance(choice) for choice in parameter.choices)
                field.setFixedWidth(words + 50)  # arrow and margins
            if parameter.kind in ("int", "float"):
                field.setFixedWidth(170 if parameter.low is not None else 84)
            name = label(tr(parameter.title), "muted")
            name.setToolTip(tr(parameter.help))
            for part in (name, field):
                self._box.addWidget(part)
                part.show()  # at once, not when the layout is next made: no flicker, and a test may look
            self.fields[parameter.name] = field
        self.setVisible(bool(self.fields))

    def _set(self, tool: str, name: str, field: Field) -> None:
        self._session.set_tool_option(tool, name, field.value())


class ClassOption(QWidget):
    """The class that will be painted."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.chip, self.name = Chip(12), label()
        self.setLayout(row(self.chip, self.name, 4, gap=7))
        session.class_changed.connect(lambda _: self._show())
        session.classes_changed.connect(self._show)
        self._show()

    def sizeHint(self) -> QSize:
        return QSize(max(90, super().sizeHint().width()), super().sizeHint().height())

    def _show(self) -> None:
        session = self._session
        if session.document is None:
            self.name.clear()
            return
        if session.unsure:
            self.chip.show_color("", hatched=True)
            self.name.setText(tr("Unsure"))
        else:
            classes, active = session.document.classes, session.active_class
            self.chip.show_color(classes[active].color if active in classes else "")
            self.name.setText(classes.name(active))
