"""Things that go wrong around the user, and cost at most a job or the stroke in the air."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.geometry import Box
from segstudio.project.store import Store

from .conftest import User

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

Isbi = Callable[[int], tuple[Path, NDArray[np.uint8]]]
KILLS = int(os.environ.get("SEGSTUDIO_KILLS", "20"))


def grey(path: Path, rows: int, columns: int) -> Path:
    Image.fromarray((np.indices((rows, columns)).sum(0) % 251).astype(np.uint8)).save(path)
    return path


def png_header(rows: int, columns: int) -> bytes:
    """A PNG that says it is this large, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    )


def paint_both_classes(user: User) -> None:
    user.session.classes.add("Cell") if 1 not in user.session.classes else None
    for number, row in enumerate((40, 120, 200)):
        user.session.choose_class(number % 2)
        user.stroke([(row, 30), (row, 220)])


def repeat(user: User) -> None:
    """Press the button of the newest strip that has one."""
    strip = next(strip for strip in reversed(user.window.notices.strips) if strip.button is not None)
    assert strip.button is not None and strip.button.text() == "Repeat"
    strip.button.click()


def test_a_killed_compute_worker_is_told_and_its_prediction_can_be_repeated(user: User, tmp_path: Path) -> None:
    user.session.settings = user.session.settings.with_(preset="standard")  # slow enough to be killed in mid-job
    user.studio.new_project(tmp_path / "project")
    user.open(grey(tmp_path / "a.png", 520, 520))
    user.studio.predicting.predict_shown()
    user.wait(lambda: not user.layer(1).prediction.is_empty(), 120)
    os.kill(user.studio.workers.compute.process_id, signal.SIGKILL)
    user.wait(lambda: any("compute worker stopped" in what for what in user.strips()), 10)
    assert user.window.isVisible()
    repeat(user)
    user.wait(lambda: user.studio.predicting.busy)
    user.wait(lambda: not user.studio.predicting.busy, 240)
    assert (user.prediction(1) != 255).all()


def test_a_killed_trainer_is_told_and_its_training_goes_on_from_where_it_was(user: User, tmp_path: Path) -> None:
    user.session.settings = user.session.settings.with_(train_seconds=600)
    user.studio.new_project(tmp_path / "project")
    user.open(grey(tmp_path / "a.png", 256, 256))
    paint_both_classes(user)
    user.studio.training.start()
    user.wait(lambda: user.studio.training.state.score_curve != (), 240)
    reached = user.studio.training.state.score_curve[-1][0]
    os.kill(user.studio.workers.trainer.process_id, signal.SIGKILL)
    user.wait(lambda: any("trainer stopped" in what for what in user.strips()), 10)
    assert user.studio.training.state.phase == "failed"
    annotated = user.annotation(1).copy()
    repeat(user)
    user.wait(lambda: user.studio.training.state.loss_curve != (), 120)
    assert user.studio.training.state.loss_curve[0][0] > reached
    user.studio.training.stop()
    user.wait(lambda: not user.studio.training.running, 240)
    assert user.studio.training.state.phase == "idle"
    assert (user.annotation(1) == annotated).all()


def test_files_that_are_no_images_are_told_in_a_strip_and_the_session_goes_on(user: User, tmp_path: Path) -> None:
    good = grey(tmp_path / "good.png", 60, 60)
    bad = {
        "truncated.png": good.read_bytes()[: good.stat().st_size // 2],
        "text.png": b"this is a text file, not an image at all",
        "empty.png": b"",
        "huge.png": png_header(60_000, 60_000),
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    user.open(good)
    for name in [*bad, "missing.png"]:
        start = time.monotonic()
        user.canvas.files_dropped.emit([str(tmp_path / name)])
        user.wait(lambda name=name: any(name in what for what in user.strips()), 5)
        assert time.monotonic() - start < 5
    (tmp_path / "nothing").mkdir()
    user.canvas.files_dropped.emit([str(tmp_path / "nothing")])
    user.wait(lambda: any("no images in “nothing”" in what for what in user.strips()), 5)
    user.stroke([(10, 10), (30, 30)])
    assert user.annotation(1).any()


def test_a_second_window_on_a_project_is_read_only_and_says_so(user: User, tmp_path: Path) -> None:
    Store.create(tmp_path / "project").close()
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "project")],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout is not None and other.stdout.readline() == "open\n"
        user.studio.open_project(tmp_path / "project")
        assert user.session.read_only
        assert any("open" in what for what in user.strips())
    finally:
        other.communicate("\n")


HOLD = """
import sys; from pathlib import Path; from segstudio.project.store import Store
store = Store.open(Path(sys.argv[1])); print("open", flush=True); sys.stdin.readline(); store.close()
"""


def states_after_each_stroke(folder: Path) -> list[bytes]:
    """What the annotation is after 0, 1, 2 ... strokes, from a run that nobody disturbed."""
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("_painter.py")), str(folder), "60", "hashes"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert "window [] 0" in run.stdout, "the window imported no heavy library, and nothing listens"
    return [bytes.fromhex(line.split()[1]) for line in run.stdout.splitlines() if line.startswith("hash")]


def test_killing_the_window_while_painting_loses_at_most_the_stroke_in_the_air(tmp_path: Path) -> None:
    import hashlib

    expected = states_after_each_stroke(tmp_path / "undisturbed")
    assert len(set(expected)) == 61
    random = np.random.default_rng(7)
    counts = []
    for number in range(KILLS):
        folder = tmp_path / f"kill-{number}"
        stored, begun = painted_until_killed(folder, float(random.uniform(0.05, 0.9)))
        store = Store.open(folder)
        document = store.load()
        layer = document.images[1].layers[0]
        strokes = len(document.history.edits)
        assert stored <= strokes <= begun
        state = hashlib.sha256(layer.annotation.read(Box.whole(layer.shape)).tobytes()).digest()
        assert state == expected[strokes]
        while document.undo():
            pass
        assert not layer.annotation.read(Box.whole(layer.shape)).any()
        store.close()
        counts.append(strokes)
    assert len(set(counts)) > 1, "the kills came at different moments"


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_window_that_is_asked_to_end_closes_as_by_its_button(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "project"
    Store.create(folder).close()
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_CONFIG_HOME": str(tmp_path / "config")}
    child = subprocess.Popen([sys.executable, "-m", "segstudio", str(folder)], env=environment)
    lock = folder / "project.segstudio.lock"
    until = time.monotonic() + 30
    while not lock.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert lock.exists(), "the window opened the project"
    time.sleep(0.5)
    child.send_signal(getattr(signal, name))
    assert child.wait(20) == 0
    store = Store.open(folder)
    assert store.recovery.clean
    store.close()


def painted_until_killed(folder: Path, seconds: float) -> tuple[int, int]:
    """Run the window, kill it `seconds` after its first stroke; returns strokes said to be stored, and begun."""
    child = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("_painter.py")), str(folder), "60", "forever"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    lines = [child.stdout.readline()]
    time.sleep(seconds)  # the random moment is the point of this test
    child.send_signal(signal.SIGKILL)
    lines += child.stdout.read().splitlines()
    child.wait()
    child.stdout.close()
    stored = max((int(line.split()[1]) for line in lines if line.startswith("stored")), default=0)
    begun = max((int(line.split()[1]) for line in lines if line.startswith("begun")), default=0)
    return stored, begun
