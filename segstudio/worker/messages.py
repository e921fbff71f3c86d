"""The whole conversation between the window and a worker, as plain data (worker.wire says how it travels).

Imports nothing heavy: the window, the command line and every worker share this file. Requests go down a
worker's stdin, replies come up its stdout. A job gets any number of news (Progress, Block, ...) and ends in
exactly one of Finished, Cancelled, Failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segstudio.worker.wire import BoxTuple as BoxTuple
from segstudio.worker.wire import Message as Message
from segstudio.worker.wire import Pixels as Pixels
from segstudio.worker.wire import Quick as Quick
from segstudio.worker.wire import Region as Region
from segstudio.worker.wire import TileTuple as TileTuple
from segstudio.worker.wire import decode as decode
from segstudio.worker.wire import encode as encode

# --- requests ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadImage(Message):
    """Decode a file into a new shared array; answered by ImageRead."""

    job: int
    path: str
    folder: str
    budget: int
    thumbnail: int = 0  # longest side in pixels of an 8-bit RGB thumbnail; 0: the image itself
    window_above: int = 0  # a thumbnail of a file with more bytes of pixels is made from windows; 0: never


@dataclass(frozen=True)
class OpenWindow(Message):
    """Whether a file can be read by window; answered by WindowOpened."""

    job: int
    path: str
    budget: int


@dataclass(frozen=True)
class ReadTiles(Message):
    """Tiles of a file that is read by window, in this order; answered by a TileRead for each."""

    job: int
    path: str
    digest: str
    folder: str
    budget: int  # bytes of one block of the file at most
    cache: str  # where coarse levels are kept
    tiles: tuple[TileTuple, ...]


@dataclass(frozen=True)
class BuildLevels(Message):
    """Make and keep the coarse levels of a slice; answered by a LevelsBuilt for every band that is there."""

    job: int
    path: str
    digest: str
    budget: int
    cache: str
    z: int


@dataclass(frozen=True)
class ReadMask(Message):
    """Decode a mask file to class ids (uint8, rows x columns); answered by ImageRead."""

    job: int
    path: str
    folder: str
    budget: int
    classes: int = 2
    invert: bool = False


@dataclass(frozen=True)
class ReadLabels(Message):
    """The masks that a file holds for an image (io.imports); answered by LabelsRead."""

    job: int
    path: str
    folder: str
    form: str
    name: str  # of the image
    info: dict[str, Any]  # of the image


@dataclass(frozen=True)
class Combine(Message):
    """Co-registered image files as the channels of one file (io.combining) in `folder`; Finished.note is its path."""

    job: int
    paths: list[str]
    folder: str
    budget: int


@dataclass(frozen=True)
class Probe(Message):
    """What a file holds, from its header; answered by Probed."""

    job: int
    path: str
    budget: int


@dataclass(frozen=True)
class NewModel(Message):
    """Build a network with starter, random or a coarser model's weights (models.stages) and save it as a checkpoint."""

    job: int
    path: str
    architecture: str
    options: dict[str, Any]
    channels: int
    classes: tuple[tuple[str, str], ...]  # (name, colour) by class id
    seed: int = 0
    weights: str = "starter"
    model: str = ""


@dataclass(frozen=True)
class ExportModel(Message):
    """Write a checkpoint as an ONNX file, checked; Finished tells how near ONNX Runtime came."""

    job: int
    model: str
    path: str


@dataclass(frozen=True)
class Predict(Message):
    """Predict slices of an image into shared arrays; a Block is sent for every finished piece."""

    job: int
    model: str
    image: Pixels  # (slices, rows, columns, channels)
    ranges: tuple[tuple[float, float], ...]
    slices: tuple[int, ...]
    classes: Pixels  # uint8 (slices, rows, columns)
    uncertainty: Pixels  # uint8 (slices, rows, columns)
    first: BoxTuple | None = None  # the visible area, done first
    only_first: bool = False
    measure: str = "entropy"
    device: str = "auto"
    tile: int = 0
    overlap: float = 0.25
    quick: Quick | None = None  # ask the quick head too
    exactly: BoxTuple | None = None  # these pixels alone, in one go
    nodata: float | None = None  # pixel value that means "no measurement": nothing is predicted there


@dataclass(frozen=True)
class Explain(Message):
    """Which pixels of a part of a slice speak for a class in a region of it (learning.explain)."""

    job: int
    model: str
    image: Pixels  # (rows, columns, channels)
    ranges: tuple[tuple[float, float], ...]
    region: Pixels  # uint8 (rows, columns), 1 where asked about
    class_id: int
    method: str
    values: Pixels  # float32 (rows, columns)
    device: str = "auto"


@dataclass(frozen=True)
class Baseline(Message):
    """Run a classical method on one slice into a shared class map."""

    job: int
    method: str
    parameters: dict[str, Any]
    image: Pixels
    z: int
    channel: int | None
    classes: Pixels  # uint8 (rows, columns)


@dataclass(frozen=True)
class Operate(Message):
    """Run a mask operation; what it would write goes into a shared class map."""

    job: int
    operation: str
    parameters: dict[str, Any]
    masks: Pixels  # uint8 (2 or 3, slices, rows, columns): shown, annotated, and the other layer's where there is one
    spacing: tuple[float, float, float]
    class_id: int
    cut: bool  # whether rows and columns of the image go on beyond the masks
    classes: Pixels  # uint8 (slices, rows, columns); 255 where nothing changes


@dataclass(frozen=True)
class Train(Message):
    """Fine-tune a checkpoint on labelled regions; answered by Step, Score and Trained."""

    job: int
    model: str
    regions: tuple[Region, ...]
    recipe: dict[str, Any]
    device: str
    out: str
    state: str  # where the resume state is written
    resume: bool = False


@dataclass(frozen=True)
class Cancel(Message):
    """Stop a job at its next step."""

    job: int


@dataclass(frozen=True)
class Pause(Message):
    """Hold a job, or let it go on."""

    job: int
    on: bool


@dataclass(frozen=True)
class Stop(Message):
    """End a training early and keep the best so far."""

    job: int


@dataclass(frozen=True)
class Busy(Message):
    """The user is painting: give way for `seconds`."""

    job: int
    seconds: float


# --- replies -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ready(Message):
    """The worker answers; `device` is filled once it is known (it needs torch)."""

    job: int
    role: str
    pid: int
    device: str = ""


@dataclass(frozen=True)
class Progress(Message):
    job: int
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True)
class ImageRead(Message):
    job: int
    info: dict[str, Any]
    pixels: Pixels
    digest: str
    coarse: tuple[Pixels, ...] = ()  # levels 2, 4, ... of a large image


@dataclass(frozen=True)
class LabelsRead(Message):
    """Without `mask` the file has none for the image; `classes` are (id, name, colour)."""

    job: int
    mask: Pixels | None  # uint8 (slices, rows, columns)
    classes: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True)
class WindowOpened(Message):
    """Without `possible` the file has to be read as a whole; with `levels` it has no coarse levels and needs some."""

    job: int
    possible: bool
    levels: bool = False


@dataclass(frozen=True)
class TileRead(Message):
    """A tile; one that is not exact was made from a sparse sample of the pixels under it."""

    job: int
    tile: TileTuple
    exact: bool
    pixels: Pixels


@dataclass(frozen=True)
class LevelsBuilt(Message):
    """The coarse levels of a slice are there down to image row `bottom`."""

    job: int
    z: int
    bottom: int


@dataclass(frozen=True)
class Probed(Message):
    job: int
    info: dict[str, Any]


@dataclass(frozen=True)
class Block(Message):
    """A piece of a prediction is final in the shared arrays."""

    job: int
    z: int
    box: BoxTuple


@dataclass(frozen=True)
class Step(Message):
    """A training step was done; `loss` is smoothed."""

    job: int
    step: int
    total: int
    loss: float
    seconds: float


@dataclass(frozen=True)
class Score(Message):
    """An evaluation on the validation pixels: Dice per class, None where the class does not occur."""

    job: int
    step: int
    champion: dict[str, float | None]
    challenger: dict[str, float | None]


@dataclass(frozen=True)
class Trained(Message):
    """The training has ended with a checkpoint and the gate's verdict on it."""

    job: int
    accepted: bool
    verdict: str
    path: str
    digest: str
    metrics: dict[str, Any]
    steps: int
    seconds: float


@dataclass(frozen=True)
class Finished(Message):
    job: int
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Cancelled(Message):
    job: int


@dataclass(frozen=True)
class Failed(Message):
    job: int
    what: str
    why: str = ""
    hint: str = ""
    trace: str = ""


FINAL = (Finished, Cancelled, Failed)
