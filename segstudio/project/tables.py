"""Small things a project remembers beside its masks: settings, and training runs that can be resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import apsw

from segstudio.project.saving import to_json
from segstudio.project.transactions import StoreJob

State = Literal["running", "paused", "finished", "cancelled", "failed", "interrupted"]
Submit = Callable[[StoreJob], None]


class SettingTable:
    """Settings of this project: any JSON value by name. Reading never touches the disk."""

    def __init__(self, connection: apsw.Connection, submit: Submit) -> None:
        self._submit = submit
        self._values = {key: json.loads(value) for key, value in connection.execute("SELECT * FROM setting")}

    def get(self, key: str, default: Any = None) -> Any:
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Remember a JSON value; NaN and infinity become None."""
        text = to_json(value)
        self._values[key] = json.loads(text)
        self._submit(
            StoreJob(
                "Setting",
                lambda db: _execute(db, "INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, text)),
            )
        )


@dataclass(frozen=True, slots=True)
class RunRow:
    """A training run: what was asked for, how far it came, whether it ended. Times are epoch seconds."""

    id: int
    spec: dict[str, Any]
    state: State = "running"
    progress: dict[str, Any] = field(default_factory=dict)
    started: float = 0.0
    updated: float = 0.0


class RunTable:
    """The runs of a project by id. A run that was not ended before a crash is `interrupted` after it."""

    def __init__(self, connection: apsw.Connection, submit: Submit) -> None:
        self._submit = submit
        rows = connection.execute("SELECT * FROM run ORDER BY id")
        self._runs = {row[0]: RunRow(row[0], json.loads(row[1]), row[2], json.loads(row[3]), *row[4:]) for row in rows}

    def all(self) -> tuple[RunRow, ...]:
        return tuple(self._runs.values())

    def interrupted(self) -> tuple[RunRow, ...]:
        """Runs that a crash stopped and that can be resumed from their state in `runs/`."""
        return tuple(run for run in self._runs.values() if run.state == "interrupted")

    def start(self, spec: dict[str, Any]) -> RunRow:
        """Remember a new run with everything needed to start it again."""
        now = time.time()
        run = RunRow(max(self._runs, default=0) + 1, json.loads(to_json(spec)), "running", {}, now, now)
        return self._put(run)

    def update(self, run: int, *, state: State | None = None, progress: dict[str, Any] | None = None) -> RunRow:
        """Store a run's progress (call it about once a second, not for every step) or how it ended."""
        known = self._runs[run]
        progress = known.progress if progress is None else json.loads(to_json(progress))
        return self._put(replace(known, state=state or known.state, progress=progress, updated=time.time()))

    def _put(self, run: RunRow) -> RunRow:
        self._runs[run.id] = run
        row = (run.id, to_json(run.spec), run.state, to_json(run.progress), run.started, run.updated)
        self._submit(
            StoreJob("Run", lambda db: _execute(db, "INSERT OR REPLACE INTO run VALUES (?, ?, ?, ?, ?, ?)", row))
        )
        return run


def _execute(connection: apsw.Connection, statement: str, values: tuple[Any, ...]) -> None:
    connection.execute(statement, values)
