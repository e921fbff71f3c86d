"""Everything a user can configure: one field each, with its range and its words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from segstudio.folders import config_file

Choices = tuple[str, ...] | Callable[[], tuple[str, ...]]


def option(
    default: Any, title: str, *, low: Any = None, high: Any = None, choices: Choices = (), help: str = ""
) -> Any:
    """A settings field that carries what a form needs to know; `choices` that may change are asked for each time."""
    return field(default=default, metadata={"title": title, "low": low, "high": high, "choices": choices, "help": help})


def networks() -> tuple[str, ...]:
    """Ids of the networks that can be chosen: the built-in ones and those of installed plugins."""
    from segstudio import plugins  # only when a form asks

    own = ("unet", "segnet", "segnet_basic", "fcn8s", "fcn16s", "fcn32s")
    return (*own, *(str(row.get("id")) for plugin in plugins.found()[0] for row in plugin.networks))


@dataclass(frozen=True, slots=True)
class Settings:
    """User settings. Window geometry is not here: it stays in QSettings."""

    theme: str = option("dark", "Theme", choices=("dark", "light"))
    brush_radius: float = option(8.0, "Brush radius", low=0.5, high=4000.0, help="In image pixels.")
    mask_opacity: float = option(0.55, "Mask opacity", low=0.0, high=1.0)
    undo_megabytes: int = option(256, "Memory for undo", low=16, high=8192, help="Older steps are dropped first.")
    smooth: bool = option(False, "Blend magnified pixels", help="Off shows each pixel as a square.")
    device: str = option("auto", "Compute device", choices=("auto", "cpu", "cuda", "mps"))
    live: bool = option(True, "Learn while painting", help="The visible area is predicted again after each stroke.")
    auto_train: bool = option(False, "Train by itself", help="Start after enough new corrections.")
    auto_train_strokes: int = option(15, "Corrections before training", low=1, high=1000)
    ask_before_switch: bool = option(False, "Ask before a new model is used")
    network: str = option("unet", "Network", choices=networks)
    preset: str = option("light", "Preset", choices=("light", "standard", "paper"))
    weights: str = option(
        "starter", "Weights of a new model", choices=("starter", "random", "coarser"),
        help="Learnt from generated images (U-Net, light), random, or for FCN-16s and -8s those of the stage before.",
    )  # fmt: skip
    uncertainty: str = option(
        "entropy", "Uncertainty", choices=("entropy", "margin"), help="Over all classes, or between the two likeliest."
    )
    train_seconds: int = option(60, "Longest training", low=5, high=36000, help="Seconds for one training run.")
    pixel_megabytes: int = option(
        1024, "Memory for images", low=128, high=262144,
        help="Megabytes of pixels kept; an image of more than half of it is read as it is shown, where its format can.",
    )  # fmt: skip
    read_megabytes: int = option(1500, "Largest image", low=64, high=65536, help="Megabytes of pixels a file may need.")

    def with_(self, **changes: Any) -> Settings:
        """A copy with `changes`, each one clamped to its range."""
        spec = {f.name: f for f in fields(self)}
        return replace(self, **{name: _clamp(value, spec[name].metadata) for name, value in changes.items()})


def choices_of(meta: Any) -> tuple[str, ...]:
    """The values a settings field can have, () where it is free; `meta` is its metadata."""
    said = meta["choices"]
    return tuple(said() if callable(said) else said)


def _clamp(value: Any, meta: Any) -> Any:
    if (known := choices_of(meta)) and value not in known:
        raise ValueError(f"{value!r} is not one of {', '.join(known)}")
    if meta["low"] is not None:
        value = max(meta["low"], min(meta["high"], value))
    return value


def save(settings: Settings, path: Path | None = None) -> None:
    """Store only what differs from the defaults, so better defaults reach old users."""
    path = path or config_file("settings.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    changed = {name: value for name, value in asdict(settings).items() if value != getattr(Settings(), name)}
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(changed, indent=2), encoding="utf-8")
    scratch.replace(path)


def load(path: Path | None = None) -> tuple[Settings, list[str]]:
    """Settings and the problems found: a bad value keeps its default and is told, never fatal."""
    path = path or config_file("settings.json")
    if not path.exists():
        return Settings(), []
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(stored, dict):
            raise ValueError("not a table")
    except (OSError, ValueError) as error:
        return Settings(), [f"The settings could not be read ({error}); defaults are used."]
    settings, problems = Settings(), []
    for name, value in stored.items():
        try:
            settings = settings.with_(**{name: msgspec.convert(value, _types()[name])})
        except (KeyError, ValueError):
            problems.append(f"The setting “{name}” has an unusable value; its default is used.")
    return settings, problems


@cache
def _types() -> dict[str, Any]:
    return get_type_hints(Settings)
