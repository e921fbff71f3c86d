"""A form made from a method's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QGridLayout, QSpinBox, QWidget

from segstudio.core.parameters import Parameter
from segstudio.ui.widgets.basics import clear, label, slider
from segstudio.ui.widgets.words import tr

Value = bool | int | float | str | None
NOTCHES = 1000


class Form(QWidget):
    """One line for each parameter; `changed` carries all values whenever one of them changes."""

    changed = Signal(dict)

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.fields: dict[str, Field] = {}

    def show_parameters(self, parameters: Sequence[Parameter], values: dict[str, Value] | None = None) -> None:
        """Rebuild the form; `values` go before the defaults."""
        clear(self._grid)
        self.fields = {}
        for number, parameter in enumerate(parameters):
            start = (values or {}).get(parameter.name, parameter.default)
            field = make_field(parameter, start)
            field.changed.connect(self._emit)
            name = label(tr(parameter.title), "muted")
            for widget in (name, field):
                widget.setToolTip(tr(parameter.help))
            name.setBuddy(field)
            self._grid.addWidget(name, number, 0)
            self._grid.addWidget(field, number, 1)
            self.fields[parameter.name] = field

    def values(self) -> dict[str, Value]:
        """All values by name."""
        return {name: field.value() for name, field in self.fields.items()}

    def _emit(self) -> None:
        self.changed.emit(self.values())


class Field(QWidget):
    """An editor of one parameter."""

    changed = Signal()

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.parameter = parameter
        self._box = QGridLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setHorizontalSpacing(8)
        self._box.setColumnStretch(0, 1)

    def value(self) -> Value:
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        raise NotImplementedError


class CheckField(Field):
    """Yes or no."""

    def __init__(self, parameter: Parameter, start: Value) -> None:
        super().__init__(parameter)
        self.editor = QCheckBox()
        self.editor.setChecked(bool(start))
        self.editor.toggled.connect(lambda _: self.changed.emit())
        self._box.addWidget(self.editor, 0, 0)

    def value(self) -> Value:
        return self.editor.isChecked()

    def set_value(self, value: Any) -> None:
        self.editor.setChecked(bool(value))


class ChoiceField(Field):
    """One of a few words."""

    def __init__(self, parameter: Parameter, start: Value) -> None:
        super().__init__(parameter)
        self.editor = QComboBox()
        for choice in parameter.choices:
            words = choice.replace("_", " ")
            title = words.capitalize() if len(words) > 2 else words  # "px" and "mm" stay
            self.editor.addItem(tr(dict(parameter.titles).get(choice, title)), choice)
        self.set_value(start)
        self.editor.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._box.addWidget(self.editor, 0, 0)

    def value(self) -> Value:
        return str(self.editor.currentData())

    def set_value(self, value: Any) -> None:
        self.editor.setCurrentIndex(max(0, self.editor.findData(value)))


class NamedField(Field):
    """One of some things that have a number and a name."""

    def __init__(self, parameter: Parameter, start: Value) -> None:
        super().__init__(parameter)
        self.editor = QComboBox()
        self.editor.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for number, name in parameter.labels:
            self.editor.addItem(name, number)
        self.set_value(start)
        self.editor.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._box.addWidget(self.editor, 0, 0)

    def value(self) -> Value:
        number = self.editor.currentData()
        return self.parameter.default if number is None else int(number)

    def set_value(self, value: Any) -> None:
        self.editor.setCurrentIndex(max(0, self.editor.findData(value)))


class NumberField(Field):
    """A slider and a spin box over the allowed range; without a range only the spin box.

    An optional number has a tick before it: without it the value is None.
    """

    def __init__(self, parameter: Parameter, start: Value) -> None:
        super().__init__(parameter)
        self._whole = parameter.kind == "int"
        self.editor: QSpinBox | QDoubleSpinBox = QSpinBox() if self._whole else QDoubleSpinBox()
        self.editor.setFixedWidth(76)
        self.editor.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._set_range()
        self.slider = slider(0, self._notches())
        self.tick = QCheckBox()
        self._box.addWidget(self.slider, 0, 0)
        self._box.addWidget(self.tick, 0, 1)
        self._box.addWidget(self.editor, 0, 2)
        self.slider.setHidden(parameter.low is None)
        self.tick.setHidden(not parameter.optional)
        self.set_value(start)
        self.slider.valueChanged.connect(self._from_slider)
        self.editor.valueChanged.connect(self._from_editor)
        self.editor.editingFinished.connect(self._round)
        self.tick.toggled.connect(self._on_tick)

    def value(self) -> Value:
        if self.parameter.optional and not self.tick.isChecked():
            return None
        return int(self.editor.value()) if self._whole else float(self.editor.value())

    def set_value(self, value: Any) -> None:
        self.tick.setChecked(value is not None)
        self._enable(value is not None or not self.parameter.optional)
        if value is not None:
            self.editor.setValue(value)
        self._show_on_slider()

    def _set_range(self) -> None:
        parameter, editor = self.parameter, self.editor
        low = parameter.low if parameter.low is not None else -1e9
        high = parameter.high if parameter.high is not None else 1e9
        step = parameter.step or (1 if self._whole else 0.1)
        if isinstance(editor, QSpinBox):
            editor.setRange(int(low), int(high))
            editor.setSingleStep(int(step))
        else:
            editor.setDecimals(_decimals(step))
            editor.setRange(low, high)
            editor.setSingleStep(step)

    def _notches(self) -> int:
        parameter = self.parameter
        if parameter.low is None or parameter.high is None:
            return 1
        step = parameter.step or (parameter.high - parameter.low) / NOTCHES or 1
        return max(1, round((parameter.high - parameter.low) / step))

    def _from_slider(self, notch: int) -> None:
        low, high = self.parameter.low or 0.0, self.parameter.high or 0.0
        value = low + (high - low) * notch / self._notches()
        self.editor.setValue(round(value) if self._whole else value)  # type: ignore[arg-type]

    def _from_editor(self) -> None:
        self._show_on_slider()
        self.changed.emit()

    def _round(self) -> None:
        """A typed whole number between two allowed ones becomes the lower one."""
        low, step = self.parameter.low, self.parameter.step
        if self._whole and low is not None and step:
            allowed = int(low + (self.editor.value() - low) // step * step)
            if allowed != self.editor.value():
                self.editor.setValue(allowed)

    def _show_on_slider(self) -> None:
        low, high = self.parameter.low, self.parameter.high
        if low is None or high is None or high <= low:
            return
        self.slider.blockSignals(True)
        self.slider.setValue(round((self.editor.value() - low) / (high - low) * self._notches()))
        self.slider.blockSignals(False)

    def _on_tick(self, on: bool) -> None:
        self._enable(on)
        self.changed.emit()

    def _enable(self, on: bool) -> None:
        self.editor.setEnabled(on)
        self.slider.setEnabled(on)


def make_field(parameter: Parameter, start: Value) -> Field:
    """The editor that fits the kind of a parameter."""
    if parameter.kind == "bool":
        return CheckField(parameter, start)
    if parameter.named:
        return NamedField(parameter, start)
    if parameter.kind == "choice":
        return ChoiceField(parameter, start)
    return NumberField(parameter, start)


def _decimals(step: float) -> int:
    """Places after the point that one step needs."""
    places = 0
    while places < 6 and abs(round(step, places) - step) > 1e-9:
        places += 1
    return max(1, places)
