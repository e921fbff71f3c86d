"""Version: a model of a project."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Version:
    """A model version of the project: a checkpoint file with its parent and what the gate said of it."""

    number: int
    file: str
    digest: str
    parent: int
    status: Literal["champion", "retired", "rejected", "waiting"]
    architecture: str
    created: float
    verdict: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
