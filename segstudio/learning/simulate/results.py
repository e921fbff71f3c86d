"""Results: finished simulations in a JSON-lines file, so that a repeated call goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from segstudio.errors import UserError
from segstudio.learning.simulate.protocol import Round

DENSE = "dense"
"""Learner and strategy of the fully supervised reference."""


@dataclass(frozen=True, slots=True)
class Result:
    """One simulation: `settings` is a digest of everything else that decides its outcome, `rounds` are plain
    tables (strokes, windows, pixels, length, seconds, compute, dice, mean)."""

    dataset: str
    learner: str
    strategy: str
    seed: int
    settings: str
    rounds: tuple[Mapping[str, Any], ...] = ()

    @property
    def key(self) -> tuple[str, str, str, int, str]:
        return self.dataset, self.learner, self.strategy, self.seed, self.settings

    @property
    def curve(self) -> list[tuple[int, float]]:
        """Strokes and mean Dice after each round."""
        return [(int(r["strokes"]), float(r["mean"])) for r in self.rounds]


def plain(one: Round) -> dict[str, Any]:
    """A round as a table for JSON."""
    effort = asdict(one.effort) | {"seconds": one.effort.seconds}
    return {**effort, "compute": one.compute, "dice": list(one.dice), "mean": one.mean}


def digest(settings: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


def read(path: Path) -> list[Result]:
    """Results in a file, none if it is not there; a last line cut off by a kill is left out.

    Raises UserError for a file of something else.
    """
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    found = []
    for number, line in enumerate(lines[:-1]):  # a whole line ends with a line break
        if not line:
            continue
        try:
            values = json.loads(line)
            found.append(Result(**{**values, "rounds": tuple(values["rounds"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise UserError(f"“{path.name}” holds no simulations.", why=f"Line {number + 1} is none.") from error
    return found


def append(path: Path, result: Result) -> None:
    """Write one more result; what a kill left of a line before is cut off first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        file.seek(0)
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        file.write((json.dumps(asdict(result)) + "\n").encode())


def mean_curve(results: Sequence[Result]) -> list[tuple[int, float]]:
    """Strokes and mean Dice averaged over results, as far as all of them go."""
    curves = [result.curve for result in results]
    return [(points[0][0], sum(mean for _, mean in points) / len(points)) for points in zip(*curves, strict=False)]
