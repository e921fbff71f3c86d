"""What the table says of a network: words, options, presets, and what makes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from segstudio.errors import UserError
from segstudio.plugins import Plugin


@dataclass(frozen=True, slots=True)
class Option:
    """One choice when a network is built: its default, range or choices, and what it means."""

    default: int | float | str
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[int | str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One network. `factory` is "module:callable" and is imported by workers only, from the `plugin` that brings it.

    `presets` hold option values by name: "light" trains on two CPU cores, "standard" wants a GPU, "paper" is
    the network as published.
    """

    id: str
    title: str
    summary: str
    factory: str
    options: Mapping[str, Option]
    presets: Mapping[str, Mapping[str, int | float | str]] = field(default_factory=dict)
    plugin: Plugin | None = None

    def load(self) -> Callable[..., Any]:
        """What makes the network: `make(channels, classes, **options)`. Imports torch, or a plugin's code."""
        if self.plugin is not None:
            return self.plugin.load(self.factory)
        module, _, name = self.factory.partition(":")
        made: Callable[..., Any] = getattr(import_module(module), name)
        return made

    def complete(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options, `given` over the defaults. Raises UserError for an unknown name or a bad value."""
        options: dict[str, Any] = {name: option.default for name, option in self.options.items()}
        for name, value in given.items():
            if name not in options:
                known = ", ".join(self.options)
                raise UserError(f"{self.title} has no option “{name}”.", hint=f"Its options are {known}.")
            options[name] = _checked(self.title, name, self.options[name], value)
        return options


def _checked(title: str, name: str, option: Option, value: Any) -> int | float | str:
    kind = type(option.default)
    try:
        given, value = value, kind(value)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{title}: “{name}” cannot be {value!r}.", hint=option.help) from None
    if isinstance(given, bool) or (isinstance(given, float) and given != value):  # int(2.5) is 2
        raise UserError(f"{title}: “{name}” cannot be {given!r}.", hint=option.help)
    if option.choices and value not in option.choices:
        known = ", ".join(map(str, option.choices))
        raise UserError(f"{title}: “{name}” cannot be “{value}”.", hint=f"Choose {known}.")
    if option.low is not None and option.high is not None and not option.low <= value <= option.high:
        between = f"between {option.low:g} and {option.high:g}"
        raise UserError(f"{title}: “{name}” must lie {between}, not {value}.", hint=option.help)
    return value  # type: ignore[no-any-return]
