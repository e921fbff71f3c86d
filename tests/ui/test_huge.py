"""An image far larger than memory in the real program: opened, looked at, painted on, worked on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.geometry import TILE, Box
from segstudio.core.source import ArraySource
from segstudio.errors import UserError
from segstudio.settings import Settings, save
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.learning import pieces as parts
from segstudio.ui.learning.label_regions import LabelRegions
from segstudio.ui.learning.predicting import visible_tiles
from segstudio.ui.methods.classical_methods import Comparison
from segstudio.ui.pixels.on_demand_source import OnDemandSource
from segstudio.ui.shell.app import Program
from segstudio.worker.messages import Progress
from segstudio.worker.shared import attach

SIDE = 100_000
BUDGET = 256
"""Megabytes."""
SQUARE = Box(0, 48_000, 40_000, 52_000, 60_000)


class User:
    """Opens files by dropping them and waits for what is seen."""

    def __init__(self, program: Program, qtbot: QtBot) -> None:
        self.program, self.qtbot = program, qtbot
        self.window, self.canvas, self.session = program.window, program.window.canvas, program.session
        self.problems: list[str] = []
        self.said: list[str] = []
        program.studio.problem.connect(lambda error, *_: self.problems.append(error.what))
        program.studio.said.connect(self.said.append)

    def open(self, path: Path) -> None:
        self.canvas.files_dropped.emit([str(path)])
        self.wait(lambda: self.session.pixels is not None or bool(self.problems))

    @property
    def source(self) -> OnDemandSource:
        assert isinstance(self.session.pixels, OnDemandSource)
        return self.session.pixels

    def wait(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def look(self, row: float, column: float, scale: float) -> None:
        self.canvas.zoom_by(scale / self.canvas.view.scale)
        self.canvas.center_on(row, column)

    def shot(self) -> QImage:
        return self.canvas.grab().toImage()

    def grey_at(self, row: float, column: float) -> int:
        """What is shown at an image point, 0 to 255."""
        x, y = self.canvas.view.to_widget(row, column)
        return self.shot().pixelColor(round(x), round(y)).green()


@pytest.fixture
def user(qtbot: QtBot, qapp: QApplication) -> Iterator[User]:
    save(Settings(pixel_megabytes=BUDGET))
    program = Program()
    program.start([])
    qtbot.waitExposed(program.window)
    program.window.resize(1280, 900)
    qtbot.waitUntil(lambda: program._wanted is None)
    yield User(program, qtbot)
    program.close()
    program.shut_down()
    program.window.deleteLater()


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10 GB on paper: zeros with a bright rectangle whose rows tell where they are."""
    path = tmp_path_factory.mktemp("huge") / "huge.npy"
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (SIDE, SIDE)}
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        file.truncate(start + SIDE * SIDE)
        if path.stat().st_blocks * 512 > 10**8:
            pytest.skip("this file system keeps no sparse files")
        for row in range(SQUARE.top, SQUARE.bottom):
            file.seek(start + row * SIDE + SQUARE.left)
            file.write(np.full(SQUARE.width, value_of(row), np.uint8).tobytes())
    return path


def value_of(row: int) -> int:
    return 150 + row // 500 % 2 * 50


def test_a_huge_image_is_seen_painted_on_and_costs_little_memory(user: User, huge: Path) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    user.open(huge)
    user.wait(lambda: user.source.sample(0) is not None)
    assert not user.problems
    image = user.session.image
    assert image is not None and image.info.shape == (1, SIDE, SIDE)

    # zoomed out, first from a sample
    user.session.set_window(0, 0, 255)
    user.wait(lambda: user.grey_at(50_010, 50_010) >= 149 and user.grey_at(10_000, 10_000) == 0)
    assert user.canvas.view.level >= 6

    # at 100 %: the file's own pixels
    user.look(SQUARE.top, SQUARE.left, 1.0)
    box = user.canvas.visible_box()
    user.wait(lambda: user.session.read_pixels(box) is not None)
    pixels = user.session.read_pixels(box)
    wanted = np.zeros((box.height, box.width), np.uint8)
    for row in range(max(box.top, SQUARE.top), box.bottom):
        wanted[row - box.top, max(0, SQUARE.left - box.left) :] = value_of(row)
    np.testing.assert_array_equal(pixels[..., 0], wanted)
    user.wait(lambda: user.grey_at(SQUARE.top + 20.5, SQUARE.left + 20.5) == value_of(SQUARE.top))
    assert user.grey_at(SQUARE.top - 20.5, SQUARE.left + 20.5) == 0

    # painting
    x, y = user.canvas.view.to_widget(SQUARE.top + 100, SQUARE.left + 100)
    start = QPoint(round(x), round(y))
    QTest.mousePress(user.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(user.canvas, start + QPoint(60, 0))
    QTest.mouseRelease(user.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start + QPoint(60, 0))
    painted = user.session.layer.mask(Box(0, SQUARE.top + 90, SQUARE.left + 90, SQUARE.top + 110, SQUARE.left + 170))
    assert (painted == 1).sum() > 500

    # filling where it is seen
    user.session.set_tool("fill")
    user.look(SQUARE.top, SQUARE.left, 1.0)
    QTest.mouseClick(user.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start + QPoint(0, 100))
    assert "beyond" in user.session.proposal.note
    user.session.proposals.accept()
    filled = user.session.layer.mask(Box(0, SQUARE.top - 50, SQUARE.left, SQUARE.top + 250, SQUARE.left + 60))
    assert (filled[50:] == 1).all() and (filled[:50] == 255).all()
    user.look(SQUARE.top, SQUARE.left, 0.02)
    refused: list[str] = []
    user.session.blocked.connect(refused.append)
    QTest.mouseClick(user.canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    assert "still being read" in refused[-1]

    # a walk over the image stays within the budget
    for step in range(12):
        user.look(SQUARE.top + 300 * step, SQUARE.left + 1500 * step, 0.25)
        user.wait(lambda: not user.source._wishes and not user.source._job)
    assert process.memory_info().rss - before < (BUDGET + 300) * 2**20


def test_nothing_flickers_while_zooming_in(user: User, huge: Path) -> None:
    user.open(huge)
    user.wait(lambda: user.source.sample(0) is not None)
    user.session.set_window(0, 0, 255)
    for scale in (1 / 32, 1 / 8, 1 / 2, 2):
        user.look(50_000, 50_000, scale)
        assert user.grey_at(50_000, 50_000) >= 149  # at once, from a coarser level


@pytest.mark.alone
def test_the_first_picture_is_there_soon(user: User, huge: Path) -> None:
    user.wait(lambda: bool(user.window.status.device.text()))  # torch is imported at the start, on the same two cores
    start = time.perf_counter()
    user.open(huge)
    user.wait(lambda: user.source.sample(0) is not None)
    assert time.perf_counter() - start < 5  # 0.8 s on two idle cores


def test_methods_and_predictions_work_on_what_is_seen(user: User, huge: Path, tmp_path: Path) -> None:
    user.open(huge)
    studio = user.program.studio
    user.wait(lambda: user.source.sample(0) is not None)
    studio.baselining.run("otsu", {}, preview=True)
    user.wait(lambda: bool(user.problems))
    assert "zoom in" in user.problems[-1]
    studio.predicting.predict_shown(view_only=True)
    user.wait(lambda: any("zoom in" in text for text in user.said))

    user.look(SQUARE.top, 50_000, 1.0)
    compared: list[Comparison] = []
    studio.baselining.compared.connect(compared.append)
    studio.baselining.run("otsu", {}, preview=True)
    user.wait(lambda: bool(compared))
    proposal, view = user.session.proposal, user.canvas.visible_box()
    assert proposal is not None and proposal.box == view
    edge = SQUARE.top - view.top
    classes = proposal.slice(0)
    assert classes is not None and (classes[edge:] == 1).all() and not (classes[:edge] == 1).any()

    studio.predicting.predict_shown(view_only=True)
    user.wait(lambda: studio.predicting.busy)
    user.wait(lambda: not studio.predicting.busy)
    keys = list(user.session.layer.prediction.keys())
    assert keys and all(not Box.of_tile(key).intersect(view.expand(256)).empty for key in keys)
    user.wait(lambda: any("Predicted" in text for text in user.said))

    user.window.run(next(one for one in COMMANDS if one.id == "prediction.accept"))  # looks at the predicted tiles only
    assert not user.session.layer.annotation.is_empty()
    studio.transfer.write(tmp_path, "png")
    user.wait(lambda: not studio.transfer.busy)
    user.wait(lambda: len(user.problems) > 1)
    assert "too large for one PNG" in user.problems[-1]


def test_all_of_an_image_larger_than_memory_is_predicted_piece_by_piece(
    user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From what is seen outwards; a cancelled one keeps what it has; the pieces fit together without a seam."""
    monkeypatch.setattr(parts, "PIECE", 2 * TILE)
    rows, columns = np.mgrid[:1300, :1100]
    path = tmp_path / "wide.npy"
    np.save(path, (120 + 60 * np.sin(rows / 17) * np.cos(columns / 23)).astype(np.uint8))
    studio = user.program.studio
    studio.new_project(tmp_path / "project")
    library = user.session.project.library
    library._budget = 2**20
    user.open(path)
    user.look(700, 600, 2.0)
    shape = user.session.shape
    every = {key for key in Box.whole(shape).tiles()}
    user.wait(lambda: not user.source._wishes and not user.source._job)
    seen_bytes = user.source._tiles.nbytes
    done: list[int] = []
    studio.predicting.progressed.connect(lambda now, total, _: done.append(round(100 * now / total)))
    first = {key for key in Box(0, *visible_tiles(box_of(user.canvas.visible_box()))).clip(shape).tiles()}
    layer = user.session.layer
    studio.predicting.predict_shown()
    user.wait(lambda: len(list(layer.prediction.keys())) > len(first))
    studio.cancel_jobs()
    user.wait(lambda: not studio.predicting.busy)
    kept = set(layer.prediction.keys())
    assert first <= kept < every and any("cancelled" in text for text in user.said)
    user.program.window.run(next(command for command in COMMANDS if command.id == "model.predict"))
    user.wait(lambda: studio.predicting.busy)
    user.wait(lambda: not studio.predicting.busy, 240)
    assert user.source._tiles.nbytes <= 2 * seen_bytes, "what only the job read is not kept"
    assert set(layer.prediction.keys()) == every and done[-1] == 100 and done.count(100) < len(done) / 2
    pieces = layer.prediction.read(Box.whole(shape))
    library._budget = 2**30
    library.clear()
    studio.opening.show(user.session.image.id)
    user.wait(lambda: isinstance(user.session.pixels, ArraySource))
    studio.predicting.predict_shown()
    user.wait(lambda: studio.predicting.busy)
    user.wait(lambda: not studio.predicting.busy, 240)
    assert (pieces == layer.prediction.read(Box.whole(shape))).mean() > 0.98


def box_of(box: Box) -> tuple[int, int, int, int]:
    return box.top, box.left, box.bottom, box.right


def test_a_training_takes_small_crops(user: User, huge: Path) -> None:
    user.open(huge)
    user.wait(lambda: user.source.sample(0) is not None)
    for row, class_id in ((SQUARE.top + 100, 1), (SQUARE.top - 100, 0)):
        writer = user.session.begin_edit("Paint", tool="brush")
        writer.put(0, row, 50_000, np.full((40, 200), class_id, np.uint8), np.ones((40, 200), bool))
        user.session.finish_edit(writer)
    training = user.program.studio.training
    sent: list[tuple[int, np.ndarray]] = []

    def not_sent(course: object, regions: LabelRegions, job: int) -> None:
        """In place of the request: what it would hold, as its shared arrays go with it."""
        sent.extend((region.offset[0], np.array(attach(region.image))) for region in regions.found)
        raise UserError("Not today.")

    training._request = not_sent  # type: ignore[method-assign, assignment]
    training.start()
    user.wait(lambda: bool(sent))
    top, pixels = sent[0]
    assert pixels.size < 10**6
    assert (pixels[: SQUARE.top - top] == 0).all() and (pixels[SQUARE.top - top :] == value_of(SQUARE.top)).all()


def test_another_project_never_sees_the_tiles_of_the_one_before(user: User, huge: Path, tmp_path: Path) -> None:
    user.open(huge)
    first = user.source
    user.wait(lambda: first.sample(0) is not None)
    other = tmp_path / "other.npy"
    with other.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (30_000, 30_000)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 30_000**2)
    user.program.studio.new_project(tmp_path / "second")
    user.open(other)
    user.wait(lambda: user.session.pixels is not first and user.session.pixels is not None)
    user.wait(lambda: user.source.sample(0) is not None)
    assert not np.any(user.source.sample(0))
    first.tile(0, 0, 5, 5)  # a late repaint
    user.wait(lambda: not user.source._job)
    assert first._job == 0 and first.tile(0, 0, 5, 5) is None and first.sample(0) is None


def test_smaller_images_are_still_held_whole(user: User, tmp_path: Path) -> None:
    array = np.full((4200, 4300), 9, np.uint8)
    np.save(tmp_path / "a.npy", array)
    user.open(tmp_path / "a.npy")
    assert isinstance(user.session.pixels, ArraySource)
    assert user.session.pixels.tile(0, 4, 0, 0).shape == (256, 256, 1)


def test_a_real_cog_is_shown_from_its_overviews(user: User, shared_data: Path) -> None:
    user.open(shared_data / "geotiff_huge_cog" / "cog_world.tif")
    user.wait(lambda: user.source.sample(0) is not None)
    assert not user.source.file.levels and user.source.shape == (1, 18_000, 36_000, 1)
    user.wait(lambda: not user.source._wishes and not user.source._job)
    assert not user.source._rough


def test_progress_of_more_pixels_than_qt_counts_is_told(user: User, tmp_path: Path) -> None:
    path = tmp_path / "small.npy"
    np.save(path, np.zeros((300, 300), np.uint8))
    user.open(path)
    predicting_ = user.program.studio.predicting
    told: list[tuple[int, int]] = []
    predicting_.progressed.connect(lambda done, total, _: told.append((done, total)))
    compute = user.program.studio.workers.compute
    submit = compute.submit

    def huge_news(build: Callable[[int], object], handler: Callable[[object], None], **more: object) -> int:
        job = submit(build, handler, **more)
        handler(Progress(job, 3 * 2**32, 4 * 2**32))
        return job

    compute.submit = huge_news
    user.program.studio.predicting.predict_shown()
    user.wait(lambda: (750, 1000) in told)
    user.wait(lambda: not predicting_.busy)
