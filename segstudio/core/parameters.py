"""Reads a method's options from its signature, and checks values against them.

An option is a keyword-only argument with a type that says what is allowed:

    window: Annotated[int, range(3, 302, 2), "Side of the window in pixels."] = 51
    offset: Annotated[float, Range(-0.5, 0.5, 0.01)] = 0.0
    mean: Literal["gaussian", "mean"] = "gaussian"
    low: Annotated[float | None, ImageValue(0.5), "Darkest value."] = None
    invert: bool = False

A text in the metadata is the help. So a form in the window, `--set` of the command line and the function
itself never disagree.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from segstudio.errors import UserError

Value = bool | int | float | str | None
Kind = Literal["int", "float", "bool", "choice"]

TRUE = frozenset({"true", "yes", "on", "1"})
FALSE = frozenset({"false", "no", "off", "0"})
NONE = frozenset({"", "none", "auto"})


@dataclass(frozen=True, slots=True)
class Range:
    """What a float may be, both ends included; `step` is what one notch of a form moves."""

    low: float
    high: float
    step: float


@dataclass(frozen=True, slots=True)
class ImageValue:
    """A float in the image's own units, so any finite value is allowed and a form takes its ends from the
    image.

    `share` is where between the image's smallest (0) and largest value (1) a form starts.
    """

    share: float


@dataclass(frozen=True, slots=True)
class ClassChoice:
    """A whole number that is the id of a class of the project."""


@dataclass(frozen=True, slots=True)
class LayerChoice:
    """A whole number that is the id of a mask layer of the image."""


Named = Literal["", "class", "layer"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a method. `low`, `high` and `step` are None where there is no such limit.

    `share` is None but for values in the image's own units (see `ImageValue`); `fit` gives those their
    limits. `optional` options may be None, which the help explains. `named` numbers are ids of classes or layers;
    `labels` are the (id, name) pairs to choose from, once `with_names` has filled them in. `titles` are (choice, name)
    pairs for choices whose name is not the word itself.
    """

    name: str
    title: str
    kind: Kind
    default: Value
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    help: str = ""
    share: float | None = None
    optional: bool = False
    named: Named = ""
    labels: tuple[tuple[int, str], ...] = ()
    titles: tuple[tuple[str, str], ...] = ()

    @property
    def limits(self) -> str:
        """What is allowed, in words."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "bool":
            return "true or false"
        number = "a whole number" if self.kind == "int" else "a number"
        if self.low is None or self.high is None:
            return number
        return f"{number} from {self.low:g} to {self.high:g}" + (
            f" in steps of {self.step:g}" if self.kind == "int" and self.step and self.step > 1 else ""
        )


def parameters(method: Callable[..., Any]) -> list[Parameter]:
    """The keyword-only arguments of `method`, in order. TypeError where a type says too little for a form."""
    hints = get_type_hints(method, include_extras=True)
    return [
        _parameter(p.name, hints[p.name], p.default)
        for p in inspect.signature(method).parameters.values()
        if p.kind is p.KEYWORD_ONLY
    ]


def fit(found: Iterable[Parameter], low: float, high: float) -> list[Parameter]:
    """The same options, with those in image units ranging over `low` .. `high`: the image's smallest and
    largest value (not its display window, or the brightest pixels can not be reached)."""
    return [
        replace(
            p,
            low=float(low),
            high=float(high),
            step=_notch(high - low),
            default=low + p.share * (high - low),
        )
        if p.share is not None
        else p
        for p in found
    ]


def with_names(found: Iterable[Parameter], names: Mapping[Named, Sequence[tuple[int, str]]]) -> list[Parameter]:
    """The same options, with what ids of classes and layers can be chosen; the first is the default."""
    made = []
    for parameter in found:
        labels = tuple(names.get(parameter.named, ())) if parameter.named else ()
        default = labels[0][0] if labels and parameter.default not in dict(labels) else parameter.default
        made.append(replace(parameter, labels=labels, default=default) if parameter.named else parameter)
    return made


def defaults(found: Iterable[Parameter]) -> dict[str, Value]:
    """Name and default of every option."""
    return {p.name: p.default for p in found}


def check(found: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Value]:
    """All options of a method: `values` where given, else the defaults.

    Values may be text, as typed on a command line. UserError for an unknown name or a value that is not
    allowed.
    """
    known = {p.name: p for p in found}
    for name in values:
        if name not in known:
            raise UserError(
                f"There is no setting “{name}”.",
                why="This method has no such setting.",
                hint=f"Known settings: {', '.join(known)}." if known else "It has no settings at all.",
            )
    return {name: check_one(p, values[name]) if name in values else p.default for name, p in known.items()}


def check_one(parameter: Parameter, value: Any) -> Value:
    """`value` as the type of `parameter`. UserError where it is not allowed."""
    if isinstance(value, str):
        value = _from_text(parameter, value.strip())
    if value is None and parameter.optional:
        return None
    if parameter.kind == "choice" and value in parameter.choices:
        return str(value)
    if isinstance(value, bool):  # before the numbers, of which Python's bool is one
        if parameter.kind == "bool":
            return value
    elif parameter.kind in ("int", "float") and isinstance(value, Real):
        return _number(parameter, value)
    raise _refused(parameter, value)


def parse_setting(text: str) -> tuple[str, str]:
    """Name and text of a `name=value` as given to `--set`; `check` turns the text into the right type."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UserError(
            f"“{text}” is not a setting.",
            why="A setting is a name, an equals sign and a value.",
            hint="Write it like this: --set window=51",
        )
    return name.strip(), value.strip()


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    if default is inspect.Parameter.empty:
        raise TypeError(f"“{name}” has no default, so no form can be made of it.")
    metadata: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        metadata = tuple(rest)
    optional = get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)
    if optional:
        (hint,) = (argument for argument in get_args(hint) if argument is not NoneType)
    words = " ".join(part for part in metadata if isinstance(part, str))
    base = Parameter(name, name.replace("_", " ").capitalize(), "bool", default, help=words, optional=optional)
    if get_origin(hint) is Literal:
        return replace(base, kind="choice", choices=tuple(str(choice) for choice in get_args(hint)))
    if hint is bool:
        return base
    for part in metadata:
        if hint is int and isinstance(part, ClassChoice | LayerChoice):
            return replace(base, kind="int", low=0, named="class" if isinstance(part, ClassChoice) else "layer")
        if hint is int and isinstance(part, range):
            return replace(base, kind="int", low=part[0], high=part[-1], step=part.step)
        if hint is float and isinstance(part, Range):
            return replace(base, kind="float", low=part.low, high=part.high, step=part.step)
        if hint is float and isinstance(part, ImageValue):
            return replace(base, kind="float", share=part.share)
    raise TypeError(f"“{name}” needs a type that says what is allowed, not {hint}.")


def _from_text(parameter: Parameter, text: str) -> Value:
    if parameter.optional and text.lower() in NONE:
        return None
    if parameter.kind == "choice":
        return text
    if parameter.kind == "bool" and text.lower() in TRUE | FALSE:
        return text.lower() in TRUE
    try:
        return int(text) if parameter.kind == "int" else float(text)
    except ValueError:
        raise _refused(parameter, text) from None


def _number(parameter: Parameter, value: Real) -> int | float:
    number = float(value)
    outside = (parameter.low is not None and number < parameter.low) or (
        parameter.high is not None and number > parameter.high
    )
    if outside or not math.isfinite(number):
        raise _refused(parameter, value)
    if parameter.kind == "float":
        return number
    if not isinstance(value, Integral) and not number.is_integer():
        raise _refused(parameter, value)
    if parameter.low is not None and parameter.step and (number - parameter.low) % parameter.step:
        below = parameter.low + (number - parameter.low) // parameter.step * parameter.step
        raise _refused(parameter, value, hint=f"Use {below:g} or {below + parameter.step:g}.")
    return int(number)


def _refused(parameter: Parameter, value: Any, *, hint: str = "") -> UserError:
    return UserError(
        f"“{parameter.name}” can not be {value if value != '' else 'empty'}.",
        why=f"It has to be {parameter.limits}.",
        hint=hint or f"Its usual value is {parameter.default}."
        if parameter.default is not None
        else hint or "Leave it out for the usual value.",
    )


def _notch(width: float) -> float:
    """A round step of which there are a few hundred in `width`."""
    return float(10.0 ** math.floor(math.log10(width / 100.0))) if width > 0 else 1.0
