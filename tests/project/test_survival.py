"""Whatever kills the program: every acknowledged stroke is there, none is torn, and undo works all the way back."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.codes import UNSET, Origin, encode
from segstudio.project.repair import backup
from segstudio.project.store import Store
from tests.project import _painter
from tests.project.conftest import SHAPE, OpenStore, annotation, crash, new_document, paint, picture

KILLS = int(os.environ.get("SEGSTUDIO_KILLS", "20"))


class Replay:
    """The painter's session on a plain array: no tiles, no document, no store."""

    def __init__(self) -> None:
        self.states: list[NDArray[np.uint16]] = [np.zeros(SHAPE, np.uint16)]
        """The annotation after 0, 1, 2, ... journal rows."""
        self._past: list[NDArray[np.uint16]] = []
        self._number = 0

    def state(self, rows: int) -> NDArray[np.uint16]:
        while len(self.states) <= rows:
            self._step()
        return self.states[rows]

    def _step(self) -> None:
        self._number += 1
        now = self.states[-1]
        if self._number % _painter.REDO_EVERY == 0:
            if self._past:
                self.states += [self._past[-1], now]
        elif self._number % _painter.UNDO_EVERY == 0:
            if self._past:
                self.states.append(self._past.pop())
        else:
            after = painted(now, self._number)
            if not np.array_equal(after, now):
                self._past.append(now)
                self.states.append(after)


def painted(codes: NDArray[np.uint16], number: int) -> NDArray[np.uint16]:
    """What `conftest.paint` does, pixel by pixel on a whole array."""
    rng = np.random.default_rng(number)
    origin = Origin(int(rng.integers(1, 6)))
    class_id = int(rng.integers(0, 3))
    row, column, z = int(rng.integers(-20, 600)), int(rng.integers(-20, 700)), int(rng.integers(0, 2))
    codes = codes.copy()
    rows, columns = np.ogrid[: SHAPE[1], : SHAPE[2]]
    for _ in range(6):
        radius = int(rng.integers(3, 40))
        codes[z][np.hypot(rows - row, columns - column) <= radius] = encode(class_id, origin)
        row, column = row + int(rng.integers(-30, 30)), column + int(rng.integers(-30, 30))
    return codes


def kill_while_painting(folder: Path, seconds: float) -> int:
    """Run the painter, kill it that long after its first durable stroke; returns how many it acknowledged."""
    command = [sys.executable, _painter.__file__, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as painter:
        assert painter.stdout is not None
        acknowledged = int(painter.stdout.readline())
        time.sleep(seconds)
        painter.kill()
        for line in painter.stdout:
            if line.endswith("\n"):
                acknowledged = int(line)
    return acknowledged


def test_no_acknowledged_stroke_is_lost_or_torn_by_kill_9_at_a_random_moment(tmp_path: Path) -> None:
    chance = random.Random()
    total = 0
    replay = Replay()
    for number in range(KILLS):
        seconds = chance.uniform(0, 0.25)
        folder = tmp_path / f"project {number}"
        acknowledged = kill_while_painting(folder, seconds)
        store = Store.open(folder)
        document = store.load()
        verdict = store.verify_journal()
        assert verdict.intact and verdict.rows >= acknowledged, (seconds, verdict, acknowledged)
        assert np.array_equal(annotation(document), replay.state(verdict.rows)), seconds
        assert not store.recovery.clean and not store.recovery.damaged
        assert store.recovery.undo_steps == document.history.position
        while document.undo():
            pass
        assert (annotation(document) == UNSET).all(), seconds
        store.close()
        total += acknowledged
    assert total > KILLS


def test_the_next_start_says_what_it_found(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(5):
        paint(document, number)
    document.undo()
    assert store.flush()
    crash(store)
    again = opened()
    found = again.recovery
    assert (found.clean, found.strokes, found.undo_steps, found.redo_steps) == (False, 5, 4, 1)
    assert found.notable and found.wal_bytes > 0
    assert "ended unexpectedly" in found.sentence and "5 strokes" in found.sentence
    assert picture(again.load()) == picture(document)
    again.close()
    assert opened().recovery.sentence == "The project was closed properly."


def test_a_stroke_in_the_air_is_all_that_a_crash_takes(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    paint(document, 1)
    before = annotation(document)
    writer = document.begin_edit(1, 1, "Brush", tool="brush")
    writer.set(0, 0, 0, np.ones((300, 300), bool), 1)
    store.flush()
    crash(store)
    assert np.array_equal(annotation(opened().load()), before)


def test_closing_twice_after_a_crash_leaves_one_plain_file(opened: OpenStore, folder: Path) -> None:
    store = opened()
    new_document(store)
    store.flush()
    crash(store)
    assert (folder / "project.segstudio-wal").exists()
    opened().close()
    assert not [path.name for path in folder.iterdir() if path.is_file() and path.name != "project.segstudio"]


def test_a_file_deleted_while_open_is_told_and_not_written_into_the_void(opened: OpenStore, folder: Path) -> None:
    store = opened()
    document = new_document(store)
    store.flush()
    told: list[Any] = []
    store.failed.connect(told.append)
    (folder / "project.segstudio").rename(folder / "elsewhere")
    paint(document, 1)
    assert not store.flush(0.5)
    assert "moved or deleted" in told[0].sentence and store.pending == 1
    (folder / "elsewhere").rename(folder / "project.segstudio")
    assert store.flush(5)
    store.close()
    assert picture(opened().load()) == picture(document)


def test_backups_are_checked_and_only_the_newest_five_kept(
    opened: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened()
    document = new_document(store)
    assert store._writer is not None
    while store._writer._idle or store._writer._asked:  # the backup made on opening
        store.flush()
    for file in backup.newest_first(folder / "backups"):
        file.unlink()
    names = iter([f"2026-01-{day:02d}_00-00-00" for day in range(1, 9)])
    monkeypatch.setattr(backup, "timestamp", lambda: next(names))
    for number in range(7):
        paint(document, number)
        store.flush()
        store._writer.call(lambda db: list(backup.steps(db, folder / "backups")))
    kept = backup.newest_first(folder / "backups")
    assert [file.stem for file in kept] == [f"2026-01-{day:02d}_00-00-00" for day in (7, 6, 5, 4, 3)]
    assert all(backup.is_good(file) for file in kept)
    newest = Store.open(kept[0], read_only=True)
    assert picture(newest.load()) == picture(document)
    newest.close()


def test_nothing_new_needs_no_new_backup(opened: OpenStore, folder: Path) -> None:
    store = opened()
    new_document(store)
    store.flush()
    assert store._writer is not None
    for _ in range(3):
        store._writer.call(lambda db: list(backup.steps(db, folder / "backups")))
    assert len(backup.newest_first(folder / "backups")) == 1


def test_a_backup_runs_while_strokes_go_on(opened: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "PAGES_PER_STEP", 1)
    store = opened()
    document = new_document(store)
    for number in range(20):
        paint(document, number)
    store.flush()
    store.back_up()
    deadline = time.monotonic() + 20
    number = 20
    while not backup.newest_first(folder / "backups") and time.monotonic() < deadline:
        paint(document, number)
        number += 1
        store.flush()
    assert backup.newest_good(folder / "backups") is not None
    store.close()
    assert picture(opened().load())["images"] == picture(document)["images"]


DEEP = """
import sys, os, signal
from pathlib import Path
sys.path.insert(0, {root!r})
from segstudio.project.store import Store
from tests.project.conftest import new_document, paint
store = Store.create(Path({folder!r}))
document = new_document(store)
number = 0
while len(document.history.edits) < 520:
    number += 1
    paint(document, number)
assert store.flush(60)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_five_hundred_steps_come_back_after_a_kill(tmp_path: Path, opened: OpenStore, folder: Path) -> None:
    code = DEEP.format(root=str(Path(__file__).parents[2]), folder=str(folder))
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == -9
    document = opened().load()
    steps = document.history.edits
    assert len(steps) == 520
    for number in range(500):
        assert document.undo() is not None, number
    assert document.history.position == 20
    again = np.zeros(SHAPE, np.uint16)
    for edit in steps[:20]:
        again = painted(again, int(edit.title.removeprefix("Stroke ")))
    np.testing.assert_array_equal(annotation(document), again)
