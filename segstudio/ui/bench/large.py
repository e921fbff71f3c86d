"""An image far larger than memory, worked on in the real program: opened, predicted, corrected and exported."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from segstudio.ui.bench.scene import application, mouse, settle
from segstudio.ui.shell.app import Program

STROKES = 20
EVERY = 2.0
"""Seconds between two looks at the memory."""

BLOCK = 512
"""Side of the file's tiles."""


@dataclass(slots=True)
class Stage:
    """What one part of the work took: seconds, and the most bytes all processes, and the window alone, had."""

    title: str
    seconds: float = 0.0
    highest: int = 0
    window: int = 0


@dataclass(slots=True)
class Watch:
    """Runs the event loop until something is so, and remembers the memory on the way."""

    program: Program
    stages: list[Stage] = field(default_factory=list)
    _next: float = 0.0

    def until(self, title: str, condition: Callable[[], bool]) -> None:
        """One stage: wait until `condition` holds."""
        stage, start = Stage(title), time.perf_counter()
        self.stages.append(stage)
        while not condition():
            QApplication.processEvents()
            time.sleep(0.002)
            if time.perf_counter() > self._next:
                self._look(stage)
        self._look(stage)
        stage.seconds = time.perf_counter() - start

    def _look(self, stage: Stage) -> None:
        sizes = [proportional(process) for process in family(os.getpid())]
        stage.highest, stage.window = max(stage.highest, sum(sizes)), max(stage.window, sizes[0])
        self._next = time.perf_counter() + EVERY


def measure(side: int) -> list[Stage]:
    """The stages for a generated tiled GeoTIFF of `side` x `side` pixels of one byte."""
    application()
    with tempfile.TemporaryDirectory(dir=os.environ.get("SEGSTUDIO_SCRATCH")) as folder:
        os.environ["SEGSTUDIO_HOME"] = str(Path(folder) / "home")
        picture = Path(folder) / "survey.tif"
        write(picture, side)
        program = Program()
        watch = Watch(program)
        try:
            _work(program, watch, picture, Path(folder) / "out")
        finally:
            program.window.close()
            program.shut_down()
            program.window.deleteLater()
        return watch.stages


def _work(program: Program, watch: Watch, picture: Path, out: Path) -> None:
    window = program.window
    window.resize(1280, 800)
    program.start([picture])
    watch.until("open", lambda: program.studio.session.pixels is not None)
    studio, canvas = program.studio, window.canvas
    settle(1.0)
    canvas.actual_size()
    started: list[bool] = []
    studio.predicting.started.connect(lambda _: started.append(True))
    studio.predicting.predict_shown()
    watch.until("predict all of it", lambda: bool(started) and not studio.predicting.busy)
    watch.until(f"correct it with {STROKES} strokes", _strokes(program))
    out.mkdir()
    studio.transfer.write(out, "geotiff")
    watch.until("export the mask as GeoTIFF", lambda: not studio.transfer.busy)
    settle(0.2)
    if not list(out.glob("*.tif")):
        raise RuntimeError("no mask was exported")


def _strokes(program: Program) -> Callable[[], bool]:
    """Paints one stroke somewhere at each call; whether all are painted."""
    random, canvas, session = np.random.default_rng(4), program.window.canvas, program.studio.session
    session.settings = session.settings.with_(live=False)
    session.set_tool("brush")
    left = [STROKES]

    def one() -> bool:
        rows, columns = session.shape[1:]
        canvas.center_on(*random.uniform((0, 0), (rows, columns)))
        settle(0.3)
        x, y = canvas.width() / 2, canvas.height() / 2
        mouse(canvas, QEvent.Type.MouseButtonPress, x, y)
        for step in range(20):
            mouse(canvas, QEvent.Type.MouseMove, x + 5 * step, y + 10 * np.sin(step / 3))
        mouse(canvas, QEvent.Type.MouseButtonRelease, x + 95, y)
        left[0] -= 1
        return left[0] <= 0

    return one


def write(path: Path, side: int) -> None:
    """A tiled GeoTIFF of `side` x `side` noisy pixels in UTM, made of a few textures."""
    import rasterio
    from rasterio.windows import Window

    random = np.random.default_rng(6)
    rows, columns = np.mgrid[:BLOCK, :BLOCK] / BLOCK
    textures = [
        np.clip(120 + 60 * np.sin(k * rows * 6 + 3 * columns) + random.normal(0, 8, rows.shape), 0, 255).astype(
            np.uint8
        )
        for k in range(8)
    ]
    transform = rasterio.Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000)
    with (
        rasterio.Env(GDAL_CACHEMAX=32),
        rasterio.open(
            path, "w", driver="GTiff", width=side, height=side, count=1, dtype="uint8", tiled=True, blockxsize=BLOCK,
            blockysize=BLOCK, compress="lzw", BIGTIFF="YES", crs="EPSG:32632", transform=transform,
        ) as file,
    ):  # fmt: skip
        for top in range(0, side, BLOCK):
            for left in range(0, side, BLOCK):
                part = textures[random.integers(len(textures))][: side - top, : side - left]
                file.write(part, 1, window=Window(left, top, part.shape[1], part.shape[0]))


def family(process: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield process
    for task in Path(f"/proc/{process}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def proportional(process: int) -> int:
    """Bytes of memory of a process; what it shares with others counts in equal parts (PSS). 0 where it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
