"""A full or failing disk is told at once; nothing saved before is harmed, and what is on screen is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import apsw
import numpy as np
import pytest

from segstudio.errors import UserError
from segstudio.project.transactions import StoreJob
from tests.project.conftest import INFO, OpenStore, new_document, paint, picture, predict

NAME = "faulty"


class Faults:
    """Which disk operation fails: the `at`-th from now, once; counts all of them."""

    def __init__(self) -> None:
        self.count = 0
        self.at = 0
        self.error: type[apsw.Error] = apsw.IOError
        self.hit = False

    def arm(self, at: int, error: type[apsw.Error]) -> None:
        self.count, self.at, self.error, self.hit = 0, at, error, False

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.hit = True
            raise self.error("injected")


class FaultyFile(apsw.VFSFile):
    faults: Faults

    def __init__(self, name: Any, flags: Any) -> None:
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        self.faults.step()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        self.faults.step()
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:
        self.faults.step()
        super().xTruncate(size)


class FaultyDisk(apsw.VFS):
    def __init__(self) -> None:
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: Any) -> FaultyFile:
        return FaultyFile(name, flags)


@pytest.fixture
def faults() -> Iterator[Faults]:
    disk = FaultyDisk()
    FaultyFile.faults = Faults()
    yield FaultyFile.faults
    disk.unregister()


@pytest.mark.parametrize("error", [apsw.IOError, apsw.FullError])
def test_one_fault_at_any_operation_loses_nothing(
    opened: OpenStore, faults: Faults, error: type[apsw.Error], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.project.writer.RETRY_SECONDS", (0.01,) * 4)
    opened().close()
    store = opened(vfs=NAME)
    document = new_document(store)
    assert store.flush()
    told: list[UserError] = []
    store.failed.connect(told.append)
    hits = 0
    for at in range(1, 26):
        faults.arm(at, error)
        for number in range(3):
            paint(document, at * 10 + number)
        assert store.flush(10), f"not stored after a fault at operation {at}"
        hits += faults.hit
    faults.arm(0, error)
    assert hits > 10 and len(told) >= hits // 2
    assert store.problem is None
    assert store.verify_journal().intact
    store.close()
    assert picture(opened().load()) == picture(document)


def test_a_commit_that_reports_an_error_but_reached_the_disk_is_not_stored_twice(
    opened: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.project.writer.RETRY_SECONDS", (0.01,) * 4)
    store = opened()
    document = new_document(store)
    assert store.flush() and store._writer is not None
    writer = store._writer
    attempt, failed = writer._attempt, []

    def lies(job: Any) -> None:
        attempt(job)
        if job.edit and not failed:
            failed.append(job)
            raise apsw.IOError("the disk lost its nerve after the commit")

    monkeypatch.setattr(writer, "_attempt", lies)
    paint(document, 1)
    assert store.flush() and failed
    assert store.verify_journal().rows == 1
    store.close()
    assert picture(opened().load()) == picture(document)


def test_a_full_disk_is_told_and_the_stroke_kept_until_there_is_space(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(5):
        paint(document, number)
    assert store.flush() and store._writer is not None
    told: list[UserError] = []
    store.failed.connect(told.append)
    connection = store._writer._connection
    connection.pragma("max_page_count", connection.pragma("page_count"))
    number = 5
    while not told and number < 200:
        paint(document, number)
        number += 1
        store.flush(0.2)
    assert told and "disk is full" in told[0].sentence and "not saved yet" in told[0].sentence
    assert store.problem is not None and store.pending > 0
    assert not store.flush(0.2)
    with pytest.raises(UserError, match="Not everything is saved"):
        store.close(timeout=0.2)
    paint(document, 300)
    connection.pragma("max_page_count", 2**30)
    assert store.flush(10) and store.problem is None
    store.close()
    assert picture(opened().load()) == picture(document)


@pytest.mark.parametrize(
    "error", [UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates not allowed"), TypeError("no"), apsw.SQLError("no")]
)
def test_what_can_never_be_stored_is_told_and_kept_and_everything_else_goes_on(
    opened: OpenStore, error: Exception
) -> None:
    store = opened()
    document = new_document(store)
    other = document.add_image("b.png", "", INFO)
    assert store.flush()
    told: list[UserError] = []
    store.failed.connect(told.append)

    def fails(connection: apsw.Connection) -> None:
        raise error

    store._open_writer.submit(StoreJob("b\udce4d.png", fails, image=other.id))
    paint(document, 1)
    paint(document, 2, image=other.id)  # builds on what is missing
    predict(document, 3)
    paint(document, 4)
    assert not store.flush() and not store.pending
    assert len(told) == 1 and "cannot be saved" in told[0].what and "\udce4" not in told[0].sentence
    assert store.problem is told[0]
    with pytest.raises(UserError, match="cannot be saved"):
        store.close()
    store.close(discard=True)
    again = opened().load()
    assert picture(again)["images"][0] == picture(document)["images"][0]
    assert again.images[other.id].layers[0].annotation.is_empty()


def test_an_error_while_tidying_does_not_end_the_saving(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)

    def breaks(connection: apsw.Connection) -> Iterator[None]:
        raise OSError("no such disk")
        yield

    store._open_writer.when_idle(breaks)  # type: ignore[arg-type]
    time.sleep(0.1)
    paint(document, 1)
    assert store.flush() and picture(opened(read_only=True).load())["images"] == picture(document)["images"]


def test_closing_without_what_cannot_be_saved_keeps_everything_before(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(5):
        paint(document, number)
    assert store.flush() and store._writer is not None
    before = picture(document)
    connection = store._writer._connection
    connection.pragma("max_page_count", connection.pragma("page_count"))
    told: list[UserError] = []
    store.failed.connect(told.append)
    big = document.begin_edit(1, 1, "Fill", tool="fill")
    noise = np.random.default_rng(1).integers(0, 3, (600, 700), dtype=np.uint8)
    big.put(0, 0, 0, noise)
    document.finish_edit(big)
    store.flush(0.2)
    assert told
    store.close(timeout=0.1, discard=True)
    assert picture(opened().load()) == before
