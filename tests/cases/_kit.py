"""What all cases share: checks, folders of their own, the product's public face, and a few builders of files.

Whatever a case needs of the product's own modules is asked for here and nowhere else: where modules move, this file
alone changes. Files go in and out through the command line (`python -m segstudio …`); only three things have no command
and use the library: the values of an image, a project made from nothing, and the masks that a project holds.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("CASES_DATA", HERE.parent / "data"))
"""Real images, beside the folder of the cases; a check that wants an absent one says SKIP."""

_ROOT = Path(tempfile.mkdtemp(prefix="case-"))
for _name, _value in {
    "QT_QPA_PLATFORM": "offscreen",
    "OMP_NUM_THREADS": "2",
    "PYTHONWARNINGS": "ignore",
    "SEGSTUDIO_HOME": str(_ROOT / "home"),
    "XDG_CONFIG_HOME": str(_ROOT / "config"),
}.items():
    os.environ.setdefault(_name, _value)
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402  (after the environment is set; before Qt)

# --- checks -----------------------------------------------------------------------------------------------------------

_results: list[str] = []


class Skip(Exception):
    """What a check needs is not here."""


class Refused(Exception):
    """The product said in a sentence why it will not do it. `words` is that sentence."""

    @property
    def words(self) -> str:
        return str(self).lower()


class Broken(Exception):
    """The product ended with a traceback instead of a sentence."""


@contextmanager
def check(sentence: str) -> Iterator[None]:
    """One line of the result: PASS where the block ends, FAIL where it raises, SKIP where something is missing."""
    try:
        yield
    except Skip as why:
        _say("SKIP", sentence, str(why))
    except (Exception, TimeoutError) as error:
        name = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        _say("FAIL", sentence, name + (" ".join(str(error).split()) or _line(error)))
    else:
        _say("PASS", sentence, "")


def _line(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{frame.line} (line {frame.lineno})"


def _say(word: str, sentence: str, detail: str) -> None:
    _results.append(word)
    print(word, sentence + (f"  [{detail[:300]}]" if detail else ""), flush=True)


def equal(got: Any, want: Any, what: str = "got") -> None:
    """Numbers, texts or arrays are the same."""
    if isinstance(got, np.ndarray) or isinstance(want, np.ndarray):
        one, other = np.asarray(got), np.asarray(want)
        assert one.shape == other.shape, f"{what}: shape {one.shape}, should be {other.shape}"
        wrong = int((one != other).sum())
        assert not wrong, f"{what}: {wrong} of {one.size} differ; {_span(one)}, should be {_span(other)}"
    else:
        assert got == want, f"{what}: {got!r}, should be {want!r}"


def near(got: Any, want: Any, what: str = "got", *, within: float = 1e-3) -> None:
    """Numbers or arrays agree within an absolute tolerance."""
    assert got is not None, f"{what}: nothing, should be {_span(np.asarray(want))}"
    one, other = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert one.shape == other.shape, f"{what}: shape {one.shape}, should be {other.shape}"
    off = float(np.abs(one - other).max())
    assert off <= within, f"{what}: off by up to {off:g}; {_span(one)}, should be {_span(other)}"


def _span(values: np.ndarray) -> str:
    if values.dtype == bool:
        return f"{int(values.sum())} are set"
    if values.size <= 6:
        return str(values.tolist())
    return f"{values.min()} to {values.max()}"


def done() -> int:
    """How many checks failed. The exit code of a case says whether there are any."""
    return _results.count("FAIL")


@atexit.register
def _leave() -> None:
    shutil.rmtree(_ROOT, ignore_errors=True)
    sys.stdout.flush()
    if getattr(sys, "last_value", None) is None:
        os._exit(1 if done() else 0)


def folder() -> Path:
    """A new empty folder, which goes when the case ends."""
    return Path(tempfile.mkdtemp(dir=_ROOT))


def data(name: str) -> Path:
    """A file or folder of the real images."""
    path = DATA / name
    if not path.exists():
        raise Skip(f"data/{name} is not here")
    return path


# --- the command line -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return f"{self.out}\n{self.err}".strip()

    @property
    def broken(self) -> bool:
        return "Traceback (most recent call last)" in self.err

    @property
    def last(self) -> str:
        return (self.text.splitlines() or [""])[-1]


def segstudio(*arguments: object, timeout: float = 55) -> Outcome:
    """Run `segstudio ARGUMENTS…` and return how it ended."""
    made = subprocess.run(
        [sys.executable, "-m", "segstudio", *map(str, arguments)], capture_output=True, text=True, timeout=timeout
    )
    return Outcome(made.returncode, made.stdout, made.stderr)


def must(*arguments: object, timeout: float = 55) -> Outcome:
    """As `segstudio`; raises Refused or Broken where it does not end well."""
    ended = segstudio(*arguments, timeout=timeout)
    if ended.broken:
        raise Broken(ended.last)
    if ended.code:
        raise Refused(ended.err.strip().removeprefix("segstudio: ") or ended.out.strip() or f"exit code {ended.code}")
    return ended


# --- images -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """An image as the product reads it. `values` is (slices, rows, columns, channels)."""

    values: np.ndarray
    info: Any
    missing: np.ndarray
    """Where nothing was measured, (slices, rows, columns)."""

    @property
    def grey(self) -> np.ndarray:
        return self.values[..., 0]

    def place(self, z: float, row: float, column: float) -> tuple[float, ...] | None:
        """Where a pixel lies: LPS in mm in a patient, the map's coordinates on a map; None where that is unknown."""
        return None if self.info.grid is None else tuple(self.info.grid.world(z, row, column))

    @property
    def spacing(self) -> tuple[float, float, float] | None:
        """(between slices, rows, columns) in micrometres; None where unknown."""
        if self.info.spacing is None:
            return None
        scale = {"nm": 1e-3, "µm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}.get(self.info.unit)
        assert scale is not None, f"spacing {self.info.spacing} in {self.info.unit!r}, which is no length"
        return tuple(value * scale for value in self.info.spacing)


def read(path: Path) -> Picture:
    """Open an image; raises Refused with the product's sentence."""
    from segstudio.core.image import unmeasured
    from segstudio.errors import UserError
    from segstudio.io.reading import open_image

    try:
        opened = open_image(Path(path))
    except UserError as error:
        raise Refused(error.sentence) from None
    missing = np.stack([unmeasured(one, opened.info.nodata, opened.info.alpha) for one in opened.pixels])
    return Picture(np.asarray(opened.pixels), opened.info, missing)


# --- projects and masks -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Masks:
    """The mask of one image in a project: class ids (slices, rows, columns), 255 where nothing is known."""

    ids: np.ndarray
    names: dict[int, str]

    def of(self, name: str) -> np.ndarray:
        """Where the class of this name is."""
        known = [number for number, title in self.names.items() if title == name]
        return np.isin(self.ids, known)

    def counts(self) -> dict[str, int]:
        """Pixels of each class that has any, without the background."""
        values, numbers = np.unique(self.ids, return_counts=True)
        return {
            self.names.get(int(v), f"class {v}"): int(n)
            for v, n in zip(values, numbers, strict=True)
            if v not in (0, 255)
        }


def project(images: Sequence[Path], masks: Sequence[np.ndarray | None] = (), names: Sequence[str] = ()) -> Path:
    """A project with these images, classes with the ids 1, 2, … and these masks (255 stays unknown)."""
    from segstudio.core.document import Document
    from segstudio.io.reading import probe
    from segstudio.project.store import Store

    place = folder() / "project"
    store, document = Store.create(place), Document()
    entries = [document.add_image(str(Path(image).absolute()), "", probe(Path(image))) for image in images]
    store.attach(document)
    if names:
        document.change_classes("Name", lambda table: _named(table, names))
    for entry, mask in zip(entries, masks, strict=False):
        if mask is not None:
            writer = document.begin_edit(entry.id, 1, "Paint", tool="brush")
            for z in range(entry.info.shape[0]):
                writer.put(z, 0, 0, np.ascontiguousarray(mask.reshape(entry.info.shape)[z], np.uint8))
            document.finish_edit(writer)
    store.close()
    return place


def _named(table: Any, names: Sequence[str]) -> None:
    for number, name in enumerate(names, 1):
        if number in table:
            table.change(number, name=name)
        else:
            table.add(name)


def masks_of(place: Path) -> list[Masks]:
    """The shown mask of the first layer of each image of a project."""
    from segstudio.core.geometry import Box
    from segstudio.project.store import Store

    store = Store.open(place, read_only=True)
    document = store.load()
    store.close()
    names = {entry.id: entry.name for entry in document.classes}
    found = []
    for entry in document.images.values():
        layer = entry.layers[0]
        found.append(Masks(np.stack([layer.mask(Box.whole(layer.shape, z)) for z in range(layer.shape[0])]), names))
    return found


def export(form: str, image: Path, mask: np.ndarray, names: Sequence[str] = ("A", "B", "C", "D")) -> list[Path]:
    """Write a mask of an image with `segstudio export`; the files, sorted. Raises Refused or Broken."""
    out = folder()
    must("export", project([image], [mask], names), "-o", out, "--format", form)
    return sorted(path for path in out.rglob("*") if path.is_file())


def take(file: Path, image: Path, form: str = "", names: Sequence[str] = ()) -> Masks:
    """Read a mask of an image with `segstudio import` into a new project. Raises Refused or Broken."""
    place = project([image], names=names)
    must("import", place, file, *(["--format", form] if form else []))
    return masks_of(place)[0]


# --- builders of files ------------------------------------------------------------------------------------------------


def noise(*shape: int, low: int = 0, high: int = 255, dtype: Any = np.uint8, seed: int = 0) -> np.ndarray:
    """Whole numbers from `low` to `high` - 1, the same each time."""
    return np.random.default_rng(seed).integers(low, high, shape).astype(dtype)


def png(path: Path, pixels: np.ndarray) -> Path:
    """Write pixels as PNG (or what the suffix says) with Pillow."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def nifti(
    path: Path,
    values: np.ndarray,
    matrix: Any = None,
    *,
    slope: Sequence[float] = (),
    codes: tuple[int, int] = (1, 1),
    qform: Any = None,
    unit: str = "mm",
) -> Path:
    """Write stored numbers as NIfTI-1; `slope` (scl_slope, scl_inter) goes into the header as it is."""
    import struct

    import nibabel

    image = nibabel.Nifti1Image(values, np.diag([1.0, 1.0, 3.0, 1.0]) if matrix is None else np.asarray(matrix, float))
    image.set_sform(image.affine, codes[0])
    image.set_qform(image.affine if qform is None else qform, codes[1])
    image.header.set_xyzt_units(unit)
    raw = bytearray(image.to_bytes())
    if slope:
        raw[112:120] = struct.pack("<ff", *slope)
    if path.suffix == ".gz":
        import gzip

        path.write_bytes(gzip.compress(bytes(raw), mtime=0))
    else:
        path.write_bytes(bytes(raw))
    return path


CT, MR, PET, DX = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2", "4", "128", "1.1.1"))
ENHANCED_CT, ENHANCED_MR, ENHANCED_PET = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2.1", "4.1", "130"))


def item(**values: Any) -> Any:
    """A DICOM data set with these elements."""
    from pydicom.dataset import Dataset

    made = Dataset()
    for name, value in values.items():
        setattr(made, name, value)
    return made


def sequence(*items: Any) -> Any:
    from pydicom.sequence import Sequence as Items

    return Items(items)


def dicom(
    path: Path,
    pixels: np.ndarray,
    *,
    series: str = "1.2.3.1",
    number: int = 1,
    at: Sequence[float] | None = None,
    axes: Sequence[float] = (1, 0, 0, 0, 1, 0),
    spacing: Sequence[float] | None = (0.8, 0.8),
    thick: float | None = 3.0,
    stored: int | None = None,
    kind: str = CT,
    modality: str = "CT",
    without: Sequence[str] = (),
    **more: Any,
) -> Path:
    """Write a DICOM object of a person who does not exist; the number type of the pixels is that of the file."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = kind
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = f"{series}.9.{number}"
    made.StudyInstanceUID, made.SeriesInstanceUID, made.FrameOfReferenceUID = "1.2.3", series, "1.2.3.77"
    made.PatientName, made.PatientID = "Nobody^At All", "0"
    for name in (
        "PatientBirthDate",
        "PatientSex",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "StudyID",
        "ReferringPhysicianName",
        "PositionReferenceIndicator",
    ):
        setattr(made, name, "")
    made.Modality, made.SeriesNumber, made.InstanceNumber, made.Manufacturer = modality, 1, number, "Nobody"
    bits = pixels.dtype.itemsize * 8
    made.Rows, made.Columns = pixels.shape[-2:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, stored or bits, (stored or bits) - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    if at is not None:
        made.ImagePositionPatient, made.ImageOrientationPatient = [f"{v:.6g}" for v in at], list(axes)
    if spacing:
        made.PixelSpacing = list(spacing)
    if thick:
        made.SliceThickness = thick
    for name, value in more.items():
        setattr(made, name, value)
    for name in without:
        delattr(made, name)
    raw = pixels.tobytes()
    made.PixelData = raw + b"\0" * (len(raw) % 2)
    made["PixelData"].VR = "OW" if bits > 8 else "OB"
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path, enforce_file_format=True)
    return path


def dicom_series(count: int = 4, rows: int = 20, columns: int = 24, **more: Any) -> tuple[Path, np.ndarray]:
    """A CT series in a folder of its own: its first file and its stored values (slices, rows, columns)."""
    place, values = folder(), noise(count, rows, columns, high=900, dtype=np.uint16)
    for z in range(count):
        dicom(place / f"s{z:03}.dcm", values[z], number=z + 1, at=(-9, -8, 3.0 * z), **more)
    return place / "s000.dcm", values


def geotiff(path: Path, bands: np.ndarray, *, crs: Any = "EPSG:32633", transform: Any = None, **more: Any) -> Path:
    """Write bands (bands, rows, columns) as GeoTIFF with rasterio: pixels of 2 m, from (500000, 5000000)."""
    import rasterio
    from rasterio.transform import from_origin

    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=bands.shape[2],
        height=bands.shape[1],
        count=bands.shape[0],
        dtype=bands.dtype,
        crs=crs,
        transform=from_origin(5e5, 5e6, 2, 2) if transform is None else transform,
        **more,
    ) as file:
        file.write(bands)
    return path


# --- the window -------------------------------------------------------------------------------------------------------


class User:
    """Someone at the real window (offscreen): mouse, pen, wheel and keys go through Qt to the canvas; workers and
    project files are the real ones. Commands are named by their stable ids (`edit.undo`)."""

    def __init__(self, *, live: bool = False, **settings: Any) -> None:
        """`settings` are those that the program starts with."""
        from PySide6.QtCore import Qt
        from PySide6.QtWidgets import QApplication

        if settings:
            from segstudio.settings import Settings, save

            save(Settings().with_(**settings))

        self.app = QApplication.instance() or QApplication(["segstudio"])
        self.app.setApplicationName("SegStudio")
        from segstudio.ui.shell.app import Program, _catch_bugs

        self.Qt = Qt
        self.program = Program()
        _catch_bugs(self.program.window)
        self.raised: list[str] = []
        shown = sys.excepthook

        def hook(kind: Any, error: Any, trace: Any) -> None:
            if trace is not None and trace.tb_frame.f_code.co_name == "<module>":  # the case itself ended early
                sys.__excepthook__(kind, error, trace)
                return
            self.raised.append(f"{kind.__name__}: {error}")
            shown(kind, error, trace)
            sys.last_value = None

        sys.excepthook = hook
        self.program.start([])
        self.window = self.program.window
        self.window.resize(1280, 800)
        self.pump(0.3)
        self.studio = self.program.studio
        self.session = self.studio.session
        self.said: list[str] = []
        self.studio.said.connect(self.said.append)
        self.studio.problem.connect(lambda error, text, run: self.said.append(_words(error)))
        self._predictions = 0
        for signal in (self.studio.predicting.ended, self.studio.predicting.failed):
            signal.connect(self._count_prediction)
        self.settings(live=live)
        atexit.register(self.close)

    # what goes on

    def pump(self, seconds: float = 0.05) -> None:
        """Let the window work for a while."""
        import time

        end = time.monotonic() + seconds
        while True:
            self.app.processEvents()
            if time.monotonic() >= end:
                return
            time.sleep(0.004)

    def wait(self, condition: Any, seconds: float = 40, what: str = "it") -> None:
        """Let the window work until something holds."""
        import time

        end = time.monotonic() + seconds
        while not condition():
            self.app.processEvents()
            time.sleep(0.004)
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come within {seconds:g} seconds; said: {self.said[-3:]}")

    def _count_prediction(self, *_: Any) -> None:
        self._predictions += 1

    def do(self, deed: Any) -> None:
        """Do something as a click does: from the event loop, where an exception is the program's own affair."""
        from PySide6.QtCore import QTimer

        QTimer.singleShot(0, deed)
        self.pump(0.05)

    def settings(self, **values: Any) -> None:
        self.session.settings = self.session.settings.with_(**values)

    @property
    def idle(self) -> bool:
        return self.session.pixels is not None and not self.studio.opening.busy and not self.studio.workers.reader.busy

    # projects and images

    def new_project(self, place: Path | None = None) -> Path:
        place = place or folder() / "project"
        self.studio.new_project(place)
        return place

    def open_project(self, place: Path, *, wait: bool = True) -> None:
        self.do(lambda: self.studio.open_project(place))
        if wait:
            self.wait(lambda: self.idle, what="the project's image")
            self.pump(0.2)

    def close_project(self) -> None:
        self.studio.projects.close()
        self.pump(0.3)

    def start_opening(self, *paths: Path) -> None:
        self.studio.open_paths([Path(path) for path in paths])

    def open(self, *paths: Path) -> None:
        """Add images and wait until they are there."""
        count = len(self.document.images) + len(paths)
        self.studio.open_paths([Path(path) for path in paths])
        self.wait(lambda: len(self.document.images) >= count and self.idle, what="the images")
        self.pump(0.1)

    def show(self, image: int, *, wait: bool = True) -> None:
        """Click on an image in the strip of thumbnails."""
        self.do(
            lambda: self.window.strip.view.clicked.emit(
                self.window.strip.model.index(list(self.document.images).index(image))
            )
        )
        if wait:
            self.wait(lambda: self.session.image.id == image and self.session.pixels is not None, what="the image")
            self.pump(0.1)

    @property
    def document(self) -> Any:
        return self.session.document

    @property
    def canvas(self) -> Any:
        return self.window.canvas

    def strips(self) -> list[str]:
        """What the strips over the image say."""
        return [strip.what for strip in self.window.notices.strips] if self.window.docks else []

    def told(self, *words: str) -> bool:
        """Whether a strip or the status bar said any of these words."""
        text = " ".join([*self.strips(), *self.said]).lower()
        return any(word.lower() in text for word in words)

    # hands

    def at(self, row: float, column: float) -> Any:
        from PySide6.QtCore import QPoint

        x, y = self.canvas.view.to_widget(row, column)
        return QPoint(round(x), round(y))

    def press(self, row: float, column: float, button: str = "Left") -> None:
        from PySide6.QtTest import QTest

        QTest.mousePress(self.canvas, self._button(button), self._no, self.at(row, column))
        self.pump(0.01)

    def move(self, row: float, column: float) -> None:
        from PySide6.QtTest import QTest

        QTest.mouseMove(self.canvas, self.at(row, column))
        self.pump(0.01)

    def release(self, row: float, column: float, button: str = "Left") -> None:
        from PySide6.QtTest import QTest

        QTest.mouseRelease(self.canvas, self._button(button), self._no, self.at(row, column))
        self.pump(0.01)

    def stroke(self, *points: tuple[float, float]) -> None:
        self.press(*points[0])
        for point in points[1:]:
            self.move(*point)
        self.release(*points[-1])

    def click(self, row: float, column: float) -> None:
        self.stroke((row, column))

    def hover_without_button(self, row: float, column: float) -> None:
        """The mouse moves and says itself that no button is down."""
        from PySide6.QtCore import QEvent, QPointF
        from PySide6.QtGui import QMouseEvent

        where = QPointF(self.at(row, column))
        none = self.Qt.MouseButton.NoButton
        self.app.sendEvent(
            self.canvas,
            QMouseEvent(QEvent.Type.MouseMove, where, self.canvas.mapToGlobal(where), none, none, self._no),
        )
        self.pump(0.01)

    def drag_in_the_loop(self, *points: tuple[float, float]) -> None:
        """A stroke whose events come from the program's own event loop, as they do in use."""
        from PySide6.QtCore import QEvent, QPointF, QTimer
        from PySide6.QtGui import QMouseEvent

        left, none = self.Qt.MouseButton.LeftButton, self.Qt.MouseButton.NoButton
        kinds = [
            QEvent.Type.MouseButtonPress,
            *[QEvent.Type.MouseMove] * len(points[1:]),
            QEvent.Type.MouseButtonRelease,
        ]
        for kind, point in zip(kinds, [*points, points[-1]], strict=True):
            where = QPointF(self.at(*point))
            button = none if kind == QEvent.Type.MouseMove else left
            held = none if kind == QEvent.Type.MouseButtonRelease else left
            self.app.postEvent(
                self.canvas, QMouseEvent(kind, where, self.canvas.mapToGlobal(where), button, held, self._no)
            )
        QTimer.singleShot(300, self.app.quit)
        self.app.exec()

    def key(self, name: str, *modifiers: str) -> None:
        """Press and release a key on the canvas: key("Z", "Control")."""
        from PySide6.QtTest import QTest

        held = self._no
        for one in modifiers:
            held |= getattr(self.Qt.KeyboardModifier, f"{one}Modifier")
        QTest.keyClick(self.canvas, getattr(self.Qt.Key, f"Key_{name}"), held)
        self.pump(0.03)

    def run(self, command: str) -> None:
        """Run a command by its id."""
        from segstudio.ui.commands.table import COMMANDS

        found = next(one for one in COMMANDS if one.id == command)
        self.do(lambda: self.window.run(found))

    @property
    def _no(self) -> Any:
        return self.Qt.KeyboardModifier.NoModifier

    def _button(self, name: str) -> Any:
        return getattr(self.Qt.MouseButton, f"{name}Button")

    # what is chosen and shown

    def radius(self, pixels: float) -> None:
        self.session.set_brush_radius(pixels)

    def tool(self, name: str) -> None:
        self.session.set_tool(name)

    def choose_class(self, number: int) -> None:
        self.session.choose_class(number)

    def add_class(self, name: str) -> int:
        """Add a class to the table; its id."""
        return int(self.document.change_classes("Add class", lambda table: table.add(name)).id)

    def change_class(self, number: int, **values: Any) -> None:
        self.document.change_classes("Change class", lambda table: table.change(number, **values))

    def remove_class(self, number: int) -> None:
        """Remove a class with the button of its row in the panel."""
        self.window.classes.rows[number].remove()
        self.pump()

    @property
    def classes(self) -> dict[int, str]:
        return {entry.id: entry.name for entry in self.session.classes}

    @property
    def image(self) -> int:
        """The id of the shown image."""
        return int(self.session.image.id)

    @property
    def names(self) -> list[str]:
        """Names of the project's images."""
        return [entry.name for entry in self.document.images.values()]

    @property
    def slice(self) -> int:
        return int(self.session.slice)

    @slice.setter
    def slice(self, number: int) -> None:
        self.session.set_slice(number)

    @property
    def levels(self) -> tuple[float, float]:
        """The display window (low, high) of the first channel."""
        return (float(self.session.windows[0].low), float(self.session.windows[0].high))

    @levels.setter
    def levels(self, values: tuple[float, float]) -> None:
        self.session.set_window(0, *values)

    @property
    def active_layer(self) -> int:
        return int(self.session.active_layer)

    @active_layer.setter
    def active_layer(self, number: int) -> None:
        self.session.set_active_layer(number)

    def show_layer(self, on: bool) -> None:
        """Show or hide the first mask layer."""
        self.session.set_layer(1, visible=on)

    @property
    def zoom(self) -> float:
        return float(self.canvas.view.scale)

    def zoom_by(self, factor: float) -> None:
        self.canvas.zoom_by(factor)

    def fit(self) -> None:
        self.canvas.fit()
        self.pump(0.05)

    @property
    def centre(self) -> tuple[float, float]:
        """What lies in the middle of the view."""
        return (float(self.canvas.view.row), float(self.canvas.view.column))

    @property
    def steps(self) -> int:
        """Steps that can be undone."""
        return int(self.document.history.position)

    def undo_all(self) -> None:
        """Drop what is half drawn and undo every step (not by keys)."""
        self.canvas.cancel()
        while self.document.history.position:
            self.session.editing.undo()

    def grey(self, z: int) -> np.ndarray:
        """Values of a slice of the shown image, first channel."""
        from segstudio.core.geometry import Box

        return np.asarray(self.session.pixels.read(Box.whole(self.session.shape, z)))[..., 0]

    def shown_values(self) -> tuple[tuple[int, ...], int]:
        """Size of the pixels that the canvas draws, and the value of the first one."""
        return tuple(self.session.pixels.shape), int(np.asarray(self.session.pixels.tile(0, 0, 0, 0)).ravel()[0])

    def dismiss_strips(self) -> None:
        self.window.notices.clear()
        self.said.clear()

    def buttons(self) -> list[str]:
        """Texts of the buttons on the strips."""
        return [strip.button.text() for strip in self.window.notices.strips if strip.button]

    # masks

    def layer(self, image: int = 0) -> Any:
        return (self.document.images[image] if image else self.session.image).layers[0]

    def codes(self, image: int = 0) -> np.ndarray:
        """What people set, (slices, rows, columns); 0 where nobody did, else the class in the low byte."""
        from segstudio.core.geometry import Box

        layer = self.layer(image)
        return np.stack([layer.annotation.read(Box.whole(layer.shape, z)) for z in range(layer.shape[0])])

    def painted(self, image: int = 0) -> int:
        return int((self.codes(image) != 0).sum())

    def classes_painted(self, image: int = 0) -> set[int]:
        codes = self.codes(image)
        return {int(value) for value in np.unique(codes[codes != 0] & 0xFF)}

    def predicted(self, image: int = 0) -> np.ndarray:
        """What models said, (slices, rows, columns); 255 where none did."""
        from segstudio.core.geometry import Box

        layer = self.layer(image)
        return np.stack([layer.prediction.read(Box.whole(layer.shape, z)) for z in range(layer.shape[0])])

    def fill(self, image: int, *parts: tuple[int | None, np.ndarray]) -> None:
        """Set pixels (class or None for unset, where) of an image's first slice as one painted step."""
        writer = self.document.begin_edit(image, self.document.images[image].layers[0].id, "Paint", tool="brush")
        for class_id, where in parts:
            writer.set(0, 0, 0, where, class_id)
        self.document.finish_edit(writer)

    def fill_slice(self, z: int, classes: np.ndarray) -> None:
        """Set all pixels of a slice of the shown image to these classes (rows, columns) as one painted step."""
        writer = self.document.begin_edit(self.image, self.session.image.layers[0].id, "Paint", tool="brush")
        writer.put(z, 0, 0, classes)
        self.document.finish_edit(writer)

    def halves(self, image: int, left: int = 0, right: int = 1) -> None:
        """Paint the left and the right half of an image, the middle free."""
        rows, columns = self.document.images[image].info.shape[1:]
        one, other = np.zeros((rows, columns), bool), np.zeros((rows, columns), bool)
        one[:, : columns // 2 - 4], other[:, columns // 2 + 4 :] = True, True
        self.fill(image, (left, one), (right, other))

    # learning and other work

    def live(self, on: bool) -> None:
        """Learning while painting on or off."""
        self.settings(live=on)
        self.studio.live.set_on(on)

    def start_training(self, seconds: int = 5) -> None:
        """Ctrl+T."""
        self.settings(train_seconds=seconds)
        self.run("model.train")

    @property
    def training(self) -> Any:
        """The state of the training: `phase` ("idle", "preparing", "training", "failed"), `step`, `message`."""
        return self.studio.training.state

    def train(self, seconds: int = 5, timeout: float = 75) -> Any:
        """Train and wait for the end; the state it ended in."""
        self.start_training(seconds)
        self.pump(0.1)
        self.wait(lambda: not self.studio.training.running, timeout, "the end of the training")
        self.pump(0.3)
        return self.training

    @property
    def versions(self) -> dict[int, str]:
        """Model versions of the project and the files they name."""
        return {version.number: version.file for version in self.document.versions.values()}

    @property
    def predicting(self) -> bool:
        return bool(self.studio.predicting.busy)

    def start_predicting(self) -> None:
        """P; returns when the prediction has begun (or is over already)."""
        before = self._predictions
        self.run("model.predict")
        self.wait(lambda: self.predicting or self._predictions > before or self.strips(), 60, "the prediction")

    def predict(self, timeout: float = 60) -> None:
        """Predict the shown image and wait."""
        before = self._predictions
        self.dismiss_strips()
        self.run("model.predict")
        self.wait(lambda: self._predictions > before or self.strips(), timeout, "the end of the prediction")
        self.wait(lambda: not self.predicting, timeout, "the end of the prediction")
        self.pump(0.2)

    def baseline(self, method: str) -> None:
        """Apply a classical method to the shown slice; does not wait."""
        self.studio.baselining.run(method, {}, preview=False)

    def operation(self, name: str, **values: Any) -> None:
        """Apply a mask operation to the shown slice; does not wait."""
        self.studio.operating.run(name, values, "slice", preview=False)

    def export_masks(self, place: Path, form: str) -> None:
        """As the export dialog does; does not wait."""
        self.studio.transfer.write(place, form)

    @property
    def exporting(self) -> bool:
        """Whether the window shows that something is being written."""
        return self.window.job is not None and "export" in self.window.job.title.lower()

    def import_masks(self, path: Path, form: str, image: int = 1) -> None:
        """As the import dialog does; does not wait."""
        self.studio.transfer.read(path, form, [image], "")

    def shared_files(self) -> int:
        """How many shared arrays the window keeps."""
        return len(list(self.studio.workers.scratch.folder.iterdir()))

    def close(self) -> None:
        """Close the window as a user does; everything is stored."""
        if self.program is not None:
            program, self.program = self.program, None
            self.window.close()
            self.pump(0.2)
            program.shut_down()
            self.pump(0.1)


def _words(error: Any) -> str:
    return " ".join(str(getattr(error, name, "")) for name in ("what", "why", "hint")).strip()


def ids_at(image: np.ndarray) -> dict[int, int]:
    """Pixels of each value."""
    values, counts = np.unique(image, return_counts=True)
    return {int(value): int(count) for value, count in zip(values, counts, strict=True)}
