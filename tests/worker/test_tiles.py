"""The readers of images larger than memory: real processes, driven as the window drives them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.core.source import block_mean
from segstudio.folders import cache_folder
from segstudio.settings import Settings
from segstudio.ui.compute.workers import Workers
from segstudio.ui.pixels.on_demand_source import ImageFile, OnDemandSource
from segstudio.ui.pixels.pixel_cache import LEAST, PixelCache
from segstudio.worker.messages import (
    FINAL,
    BuildLevels,
    Cancelled,
    Failed,
    Finished,
    ImageRead,
    LevelsBuilt,
    Message,
    OpenWindow,
    ReadImage,
    ReadTiles,
    TileRead,
    TileTuple,
    WindowOpened,
)
from segstudio.worker.shared import attach

BLOCK = 2**28


@pytest.fixture
def workers(qapp: object) -> Iterator[Workers]:
    found = Workers(Settings())
    yield found
    found.close()
    assert not found.scratch.folder.exists()


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slice of 12,000 x 9,000 pixels whose values tell where they are."""
    path = tmp_path_factory.mktemp("pattern") / "a.npy"
    np.save(path, picture())
    return path


def picture() -> np.ndarray:
    rows, columns = np.ogrid[:12_000, :9_000]
    return ((rows // 50 * 7 + columns // 40 * 3) % 251).astype(np.uint8)


def source(workers: Workers, path: Path, cache: PixelCache | None = None) -> OnDemandSource:
    info = ImageInfo("NumPy", (1, 12_000, 9_000), 1, ("grey",), "uint8", ranges=((0.0, 255.0),))
    file = ImageFile(path, "digest", info, True, cache_folder() / "levels", BLOCK)
    return OnDemandSource(file, workers, cache or PixelCache(2**28), None)


def answers(workers: Workers, qtbot: QtBot, ask: object, role: str = "tiles") -> list[Message]:
    replies: list[Message] = []
    getattr(workers, role).submit(ask, replies.append, project=None)
    qtbot.waitUntil(lambda: bool(replies) and isinstance(replies[-1], FINAL), timeout=60_000)
    return replies


def tiles(path: Path, workers: Workers, *wanted: TileTuple) -> object:
    folder, cache = str(workers.scratch.folder), str(cache_folder() / "levels")
    return lambda job: ReadTiles(job, str(path), "digest", folder, BLOCK, cache, wanted)


def test_tiles_come_one_by_one_exact_where_that_is_quick(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    opened = answers(workers, qtbot, lambda job: OpenWindow(job, str(pattern), BLOCK))[0]
    assert isinstance(opened, WindowOpened) and opened.possible and opened.levels
    replies = answers(workers, qtbot, tiles(pattern, workers, (0, 0, 3, 4), (0, 2, 1, 1), (0, 5, 0, 0)))
    found = [reply for reply in replies if isinstance(reply, TileRead)]
    assert [reply.exact for reply in found] == [True, True, False] and isinstance(replies[-1], Finished)
    whole = picture()[..., None]
    np.testing.assert_array_equal(attach(found[0].pixels), whole[768:1024, 1024:1280])
    np.testing.assert_array_equal(attach(found[1].pixels), block_mean(whole[1024:2048, 1024:2048], 4))
    assert found[2].pixels.shape == (256, 256, 1)


def test_levels_are_built_in_the_background_and_found_again(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    def ask(job: int) -> BuildLevels:
        return BuildLevels(job, str(pattern), "digest", BLOCK, str(cache_folder() / "levels"), 0)

    replies = answers(workers, qtbot, ask, "builder")
    bottoms = [reply.bottom for reply in replies if isinstance(reply, LevelsBuilt)]
    assert bottoms[-1] == 12_000 and len(bottoms) > 5 and isinstance(replies[-1], Finished)
    assert len(answers(workers, qtbot, ask, "builder")) == 2  # there already
    found = answers(workers, qtbot, tiles(pattern, workers, (0, 5, 0, 0)))[0]
    assert isinstance(found, TileRead) and found.exact


def test_what_needs_the_whole_file_says_so_and_a_lost_file_is_told(
    workers: Workers, tmp_path: Path, qtbot: QtBot
) -> None:
    np.save(tmp_path / "a.npy", np.asfortranarray(np.zeros((9, 8), np.uint8)))
    opened = answers(workers, qtbot, lambda job: OpenWindow(job, str(tmp_path / "a.npy"), BLOCK))[0]
    assert isinstance(opened, WindowOpened) and not opened.possible
    failed = answers(workers, qtbot, lambda job: OpenWindow(job, str(tmp_path / "b.npy"), BLOCK))[-1]
    assert isinstance(failed, Failed) and "no such file" in failed.why


def test_a_thumbnail_of_a_huge_file_is_made_from_a_sample(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    folder = str(workers.scratch.folder)
    replies = answers(
        workers, qtbot, lambda job: ReadImage(job, str(pattern), folder, 2**20, 96, window_above=2**20), "reader"
    )
    read = replies[0]
    assert isinstance(read, ImageRead) and read.pixels.shape == (93, 70, 3)
    assert read.info["shape"] == [1, 12_000, 9_000] and read.info["ranges"][0][1] > 240
    too_large = answers(workers, qtbot, lambda job: ReadImage(job, str(pattern), folder, 2**20), "reader")
    assert isinstance(too_large[-1], Failed)


def test_a_large_image_comes_with_coarse_levels(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    folder = str(workers.scratch.folder)
    read = answers(workers, qtbot, lambda job: ReadImage(job, str(pattern), folder, 2**30), "reader")[0]
    assert isinstance(read, ImageRead)
    assert read.coarse[0].shape == (1, 3000, 2250, 1)


def test_a_killed_reader_costs_nothing_but_time(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    found = source(workers, pattern)
    view = Box(0, 0, 0, 2560, 2560)
    found.look(object(), view, 0)
    wanted = [(0, 0, row, column) for row in range(10) for column in range(10)]
    for key in wanted:
        found.tile(*key)
    problems: list[Failed] = []
    found.failed.connect(problems.append)
    came: list[Box] = []
    found.arrived.connect(came.append)
    qtbot.waitUntil(lambda: len(came) > 2, timeout=30_000)
    os.kill(workers.tiles.process_id, signal.SIGKILL)
    qtbot.waitUntil(lambda: all(found.tile(*key) is not None for key in wanted), timeout=30_000)
    tile = found.tile(0, 0, 9, 9)
    np.testing.assert_array_equal(tile, picture()[2304:2560, 2304:2560, None])
    assert not problems


def test_a_part_that_cannot_be_read_is_black_and_told_once(workers: Workers, tmp_path: Path, qtbot: QtBot) -> None:
    import tifffile

    path = tmp_path / "a.tif"
    array = np.random.default_rng(1).integers(0, 255, (3000, 3000)).astype(np.uint8)
    tifffile.imwrite(path, array, tile=(256, 256), compression="zlib")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    info = ImageInfo("TIFF", (1, 3000, 3000), 1, ("grey",), "uint8")
    found = OnDemandSource(ImageFile(path, "d", info, False, cache_folder(), BLOCK), workers, PixelCache(2**28), None)
    problems: list[Failed] = []
    found.failed.connect(problems.append)
    viewer = object()
    found.look(viewer, Box(0, 0, 0, 3000, 3000), 0)
    wanted = [(0, 0, row, column) for row in range(12) for column in range(12)]

    def all_there() -> bool:
        found.look(viewer, Box(0, 0, 0, 3000, 2999 + int(time.monotonic() * 10) % 2), 0)  # the user moves on
        return all([found.tile(*key) is not None for key in wanted])

    qtbot.waitUntil(all_there, timeout=60_000)
    assert len(problems) == 1 and "ends too early" in problems[0].why
    np.testing.assert_array_equal(found.tile(0, 0, 0, 0), array[:256, :256, None])
    assert not np.any(found.tile(0, 0, 11, 11))


def test_wishes_that_nobody_sees_any_more_are_dropped(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    found = source(workers, pattern)
    came: list[Box] = []
    found.arrived.connect(came.append)
    viewer = object()
    for corner in range(0, 8000, 400):  # a fast pan
        view = Box(0, corner, corner, corner + 1024, corner + 1024)
        found.look(viewer, view, 0)
        for row in range(corner // 256, (corner + 1023) // 256 + 1):
            for column in range(corner // 256, (corner + 1023) // 256 + 1):
                found.tile(0, 0, row, column)
    qtbot.waitUntil(lambda: found.read(view) is not None, timeout=30_000)
    assert len([box for box in came if box.bottom - box.top <= 256]) < 80  # of 400 tiles on the way


def test_boxes_are_gathered_for_jobs_whatever_is_kept(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    cache = PixelCache(0)
    found = source(workers, pattern, cache)
    boxes = [Box(0, 100, 200, 700, 900), Box(0, 11_900, 8_800, 12_000, 9_000)]
    got: list[list[np.ndarray]] = []
    found.fetch(boxes, got.append, lambda reply: got.append([]))
    found.rest()  # another image is shown: a job's pixels come all the same
    qtbot.waitUntil(lambda: bool(got), timeout=30_000)
    for box, pixels in zip(boxes, got[0], strict=True):
        np.testing.assert_array_equal(pixels, picture()[box.rows, box.columns, None])
    assert cache.nbytes <= LEAST
    assert found.read(Box(0, 0, 0, 5000, 5000)) is None  # more than is fetched at once


def test_a_build_ends_when_the_image_is_closed(workers: Workers, pattern: Path, qtbot: QtBot) -> None:
    found = source(workers, pattern)
    replies: list[Message] = []
    deliver = workers.builder._deliver
    workers.builder._deliver = lambda reply: (replies.append(reply), deliver(reply))[0]  # type: ignore[method-assign]
    found.look(object(), Box(0, 0, 0, 300, 300), 0)
    found.tile(0, 0, 0, 0)
    qtbot.waitUntil(lambda: any(isinstance(reply, LevelsBuilt) for reply in replies), timeout=30_000)
    found.close()
    qtbot.waitUntil(lambda: bool(replies) and isinstance(replies[-1], Cancelled | Finished), timeout=10_000)


def test_the_cache_keeps_to_its_budget() -> None:
    cache = PixelCache(LEAST)
    for number in range(2000):
        cache.put((1, (0, 0, 0, number)), np.zeros((256, 256, 1), np.uint8))
    assert cache.nbytes <= LEAST and cache.get((1, (0, 0, 0, 1999))) is not None
    assert cache.get((1, (0, 0, 0, 0))) is None
    cache.forget(1)
    assert cache.nbytes == 0
