"""Real worker processes, driven as the window drives them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from segstudio.settings import Settings
from segstudio.ui.compute.workers import Workers
from segstudio.worker.messages import (
    Baseline,
    Block,
    Cancel,
    Cancelled,
    Failed,
    Finished,
    ImageRead,
    Message,
    NewModel,
    Predict,
    ReadImage,
)
from segstudio.worker.shared import attach

CLASSES = ((0, "Background", "#000000"), (1, "Cell", "#ff0000"))


@pytest.fixture
def workers(qapp: object) -> Iterator[Workers]:
    found = Workers(Settings())
    yield found
    found.close()
    assert not found.scratch.folder.exists()


def new_model(workers: Workers, path: Path, qtbot: QtBot, **options: int) -> None:
    replies: list[Message] = []
    options = {"width": 8, "depth": 3, **options}
    workers.compute.submit(
        lambda job: NewModel(job, str(path), "unet", options, 1, CLASSES), replies.append, project=None
    )
    qtbot.waitUntil(lambda: bool(replies), timeout=60_000)
    assert isinstance(replies[-1], Finished)


def predict(workers: Workers, model: Path, side: int) -> list[Message]:
    """Start a prediction of a blank image; the list fills with its replies."""
    replies: list[Message] = []
    image, _ = workers.scratch.create((1, side, side, 1), np.uint8)
    classes, _ = workers.scratch.create((1, side, side), np.uint8, fill=255)
    uncertainty, _ = workers.scratch.create((1, side, side), np.uint8)
    job = workers.compute.submit(
        lambda job: Predict(
            job, str(model), image, ((0.0, 255.0),), (0,), classes, uncertainty, first=(256, 256, 300, 300)
        ),
        replies.append,
        project=None,
    )
    replies.append(Block(job, -1, (0, 0, 0, 0)))  # so that the test knows the job's number
    return replies


def test_a_prediction_streams_its_blocks_and_the_visible_one_comes_first(
    workers: Workers, tmp_path: Path, qtbot: QtBot
) -> None:
    new_model(workers, tmp_path / "m.safetensors", qtbot)
    replies = predict(workers, tmp_path / "m.safetensors", 600)
    qtbot.waitUntil(lambda: isinstance(replies[-1], Finished | Failed), timeout=60_000)
    assert isinstance(replies[-1], Finished)
    blocks = [reply.box for reply in replies[1:] if isinstance(reply, Block)]
    assert blocks[0] == (256, 256, 512, 512)
    assert len(set(blocks)) == len(blocks) == 9


def test_nothing_is_predicted_where_nothing_was_measured(workers: Workers, tmp_path: Path, qtbot: QtBot) -> None:
    new_model(workers, tmp_path / "m.safetensors", qtbot)
    replies: list[Message] = []
    image_at, image = workers.scratch.create((1, 90, 80, 2), np.int16)
    image[...] = 30
    image[0, :20] = -1  # in both channels
    image[0, 20:40, :, 0] = -1  # in one of two
    classes_at, classes = workers.scratch.create((1, 90, 80), np.uint8, fill=255)
    doubt_at, doubt = workers.scratch.create((1, 90, 80), np.uint8, fill=9)
    new = tmp_path / "two.safetensors"
    workers.compute.submit(
        lambda job: NewModel(job, str(new), "unet", {"width": 8, "depth": 3}, 2, CLASSES), replies.append, project=None
    )
    workers.compute.submit(
        lambda job: Predict(
            job, str(new), image_at, ((0.0, 255.0),) * 2, (0,), classes_at, doubt_at, nodata=-1.0
        ),
        replies.append, project=None)  # fmt: skip
    qtbot.waitUntil(lambda: sum(isinstance(r, Finished | Failed) for r in replies) == 2, timeout=60_000)
    assert (classes[0, :20] == 255).all() and (classes[0, 20:] < 2).all()
    assert not doubt[0, :20].any()


def test_a_prediction_is_cancelled_within_a_second_or_so(workers: Workers, tmp_path: Path, qtbot: QtBot) -> None:
    new_model(workers, tmp_path / "m.safetensors", qtbot, width=32)
    replies = predict(workers, tmp_path / "m.safetensors", 4096)
    job = replies[0].job
    qtbot.waitUntil(lambda: len(replies) > 2, timeout=60_000)
    workers.compute.control(Cancel(job))
    qtbot.waitUntil(lambda: isinstance(replies[-1], Cancelled), timeout=10_000)
    assert sum(isinstance(reply, Finished | Failed | Cancelled) for reply in replies) == 1


def test_a_killed_worker_fails_its_job_and_the_next_one_works(workers: Workers, tmp_path: Path, qtbot: QtBot) -> None:
    new_model(workers, tmp_path / "m.safetensors", qtbot, width=32)
    replies = predict(workers, tmp_path / "m.safetensors", 4096)
    qtbot.waitUntil(lambda: len(replies) > 2, timeout=60_000)
    with qtbot.waitSignal(workers.crashed, timeout=10_000) as crashed:
        os.kill(workers.compute.process_id, signal.SIGKILL)
    assert isinstance(replies[-1], Failed)
    assert "compute worker stopped" in replies[-1].what
    assert "can be repeated" in crashed.args[0]
    again = predict(workers, tmp_path / "m.safetensors", 300)
    qtbot.waitUntil(lambda: isinstance(again[-1], Finished | Failed), timeout=60_000)
    assert isinstance(again[-1], Finished)


def test_a_classical_method_runs_in_the_worker(workers: Workers, qtbot: QtBot) -> None:
    image = np.zeros((1, 40, 60, 1), np.uint8)
    image[0, :, 30:] = 200
    address, classes = workers.scratch.create((40, 60), np.uint8)
    replies: list[Message] = []
    shared = workers.scratch.share(image)
    workers.compute.submit(
        lambda job: Baseline(job, "otsu", {}, shared, 0, None, address), replies.append, project=None
    )
    qtbot.waitUntil(lambda: bool(replies) and isinstance(replies[-1], Finished | Failed), timeout=60_000)
    assert isinstance(replies[-1], Finished)
    assert (np.asarray(classes)[:, 30:] == 1).all() and not np.asarray(classes)[:, :30].any()


def test_an_image_is_read_in_the_reader_process(workers: Workers, tmp_path: Path, qtbot: QtBot) -> None:
    from PIL import Image

    pixels = np.arange(600, dtype=np.uint8).reshape(20, 30)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    replies: list[Message] = []
    folder = str(workers.scratch.folder)
    workers.reader.submit(
        lambda job: ReadImage(job, str(tmp_path / "a.png"), folder, 2**20), replies.append, project=None
    )
    qtbot.waitUntil(lambda: len(replies) == 2, timeout=30_000)
    assert isinstance(replies[0], ImageRead)
    assert (attach(replies[0].pixels)[0, ..., 0] == pixels).all()


def test_workers_open_no_listening_socket(workers: Workers, tmp_path: Path, qtbot: QtBot) -> None:
    import psutil

    new_model(workers, tmp_path / "m.safetensors", qtbot)
    for process in (psutil.Process(), psutil.Process(workers.compute.process_id)):
        assert not [c for c in process.net_connections() if c.status == psutil.CONN_LISTEN]


def test_a_worker_ends_when_its_window_is_gone(workers: Workers, tmp_path: Path, qtbot: QtBot) -> None:
    import psutil

    new_model(workers, tmp_path / "m.safetensors", qtbot)
    process = psutil.Process(workers.compute.process_id)
    assert workers.compute._process is not None
    workers.compute._process.closeWriteChannel()
    qtbot.waitUntil(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, timeout=10_000)
