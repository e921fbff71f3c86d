"""The networks SegStudio offers, as text: listing them imports no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from segstudio import plugins
from segstudio.errors import UserError


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
    plugin: plugins.Plugin | None = None

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


Presets = Mapping[str, Mapping[str, int | float | str]]


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


_WIDTH = Option(64, "Channels of the first level; 64 as published.", 2, 256)
_NORM = ("batch", "none")

_UNET = {
    "width": _WIDTH,
    "depth": Option(4, "Number of poolings; 4 as published, 3 for less context and cost.", 1, 6),
    "upsampling": Option("learnt", "Learnt 2x2 up-convolution (paper) or bilinear.", choices=("learnt", "bilinear")),
    "norm": Option("batch", "Batch norm after each 3x3 convolution, or none (the paper).", choices=_NORM),
    "dropout": Option(0.0, "Dropout at the end of the contracting path.", 0.0, 0.9),
}
_SEGNET = {
    "width": _WIDTH,
    "dropout": Option(0.0, "Dropout after the deeper stages (Bayesian SegNet: 0.5).", 0.0, 0.9),
}
_FCN = {
    "width": _WIDTH,
    "hidden": Option(4096, "Channels of conv6 and conv7; 4096 as published.", 8, 4096),
    "kernel": Option(7, "Side of conv6's kernel; 7 as published, 3 for a light head.", choices=(1, 3, 5, 7)),
    "norm": Option("none", "Batch norm in the encoder and head, or none (the paper).", choices=_NORM),
    "upsampling": Option(
        "paper",
        "Bilinear kernels: learnt but for the last (paper), all fixed, or all learnt.",
        choices=("paper", "fixed", "learnt"),
    ),
    "dropout": Option(0.5, "Dropout after conv6 and conv7.", 0.0, 0.9),
}
_FCN_PRESETS: Presets = {
    "light": {"width": 16, "hidden": 256, "kernel": 3, "norm": "batch", "dropout": 0.1},
    "standard": {"width": 64, "hidden": 512, "kernel": 3, "norm": "batch", "dropout": 0.5},
    "paper": {},
}


def _table(rows: Iterable[ModelSpec]) -> dict[str, ModelSpec]:
    table: dict[str, ModelSpec] = {}
    for row in rows:
        if table.setdefault(row.id, row) is not row:
            raise ValueError(f"two networks have the id {row.id}")
    return table


MODELS = _table(
    (
        ModelSpec(
            "unet", "U-Net", "Sharp borders from full skip connections; a good first choice.",
            "segstudio.models.unet:UNet", _UNET,
            {
                "light": {"width": 8, "depth": 3, "upsampling": "bilinear"},
                "standard": {"width": 64, "depth": 3, "upsampling": "bilinear"},
                "paper": {"norm": "none", "dropout": 0.5},
            },
        ),
        ModelSpec(
            "segnet", "SegNet", "Little memory: the decoder reuses the encoder's pooling indices.",
            "segstudio.models.segnet:SegNet", _SEGNET,
            {"light": {"width": 8}, "standard": {"width": 32}, "paper": {}},
        ),
        ModelSpec(
            "segnet_basic", "SegNet-Basic", "SegNet in small: four 7x7 convolutions down, four up.",
            "segstudio.models.segnet:SegNetBasic", {"width": _WIDTH},
            {"light": {"width": 16}, "standard": {"width": 32}, "paper": {}},
        ),
        ModelSpec(
            "fcn8s", "FCN-8s", "Sums class scores of three depths; softer borders.",
            "segstudio.models.fcn:FCN8s", _FCN, _FCN_PRESETS,
        ),
        ModelSpec(
            "fcn16s", "FCN-16s", "Sums class scores of two depths.",
            "segstudio.models.fcn:FCN16s", _FCN, _FCN_PRESETS,
        ),
        ModelSpec(
            "fcn32s", "FCN-32s", "One coarse score, upsampled 32 times; the baseline of its paper.",
            "segstudio.models.fcn:FCN32s", _FCN, _FCN_PRESETS,
        ),
    )
)  # fmt: skip


def networks() -> dict[str, ModelSpec]:
    """All networks by id: the built-in ones, and those of installed plugins whose manifest can be used."""
    from segstudio.models.plugged import specs_of  # which reads the table above

    found = dict(MODELS)
    for plugin in plugins.found()[0]:
        with suppress(UserError):
            found |= {spec.id: spec for spec in specs_of(plugin) if spec.id not in found}
    return found


def find(model_id: str) -> ModelSpec:
    """The network with this id. Raises UserError naming the known ones."""
    if model_id in MODELS:
        return MODELS[model_id]
    known = networks()
    if model_id in known:
        return known[model_id]
    near = get_close_matches(model_id, known, 1)
    guess = f"Did you mean “{near[0]}”? " if near else ""
    why = " ".join(plugins.found()[1])
    raise UserError(f"There is no network “{model_id}”.", why=why, hint=f"{guess}Known networks: {', '.join(known)}.")
