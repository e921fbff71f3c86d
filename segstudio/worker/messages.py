"""The whole conversation between the window and a worker, as plain data (worker.wire says how it travels).

Imports nothing heavy: the window, the command line and every worker share this file. Requests go down a
worker's stdin, replies come up its stdout. A job gets any number of news (Progress, Block, ...) and ends in
exactly one of Finished, Cancelled, Failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from segstudio.worker.wire import BoxTuple as BoxTuple
from segstudio.worker.wire import ClassTuple as ClassTuple
from segstudio.worker.wire import Message as Message
from segstudio.worker.wire import Pixels as Pixels
from segstudio.worker.wire import Quick as Quick
from segstudio.worker.wire import Region as Region
from segstudio.worker.wire import TileTuple as TileTuple
from segstudio.worker.wire import decode as decode
from segstudio.worker.wire import encode as encode

# --- requests ------------------------------------------------------------------------------------------------


class ReadImage(Message, frozen=True):
    """Decode a file into a new shared array; answered by ImageRead."""

    path: str
    folder: str
    budget: int
    thumbnail: int = 0  # longest side in pixels of an 8-bit RGB thumbnail; 0: the image itself
    window_above: int = 0  # a thumbnail of a file with more bytes of pixels is made from windows; 0: never


class OpenWindow(Message, frozen=True):
    """Whether a file can be read by window; answered by WindowOpened."""

    path: str
    budget: int


class ReadTiles(Message, frozen=True):
    """Tiles of a file that is read by window, in this order; answered by a TileRead for each."""

    path: str
    digest: str
    folder: str
    budget: int  # bytes of one block of the file at most
    cache: str  # where coarse levels are kept
    tiles: tuple[TileTuple, ...]


class BuildLevels(Message, frozen=True):
    """Make and keep the coarse levels of a slice; answered by a LevelsBuilt for every band that is there."""

    path: str
    digest: str
    budget: int
    cache: str
    z: int


class ReadMask(Message, frozen=True):
    """Decode a mask file to class ids (uint8, rows x columns); answered by ImageRead."""

    path: str
    folder: str
    budget: int
    classes: int = 2
    invert: bool = False
    ignore: int | None = None  # the number in the file that is no label
    white: bool | None = None  # whether black and white is one object; None: where there are two classes


class ReadLabels(Message, frozen=True):
    """The masks that a file holds for an image (io.imports); answered by LabelsRead."""

    path: str
    folder: str
    form: str
    name: str  # of the image, with its path and the stems of its files (io.masks.names)
    image: str
    stems: tuple[str, ...]
    info: dict[str, Any]  # of the image
    source: str = ""  # the file of the image


class Combine(Message, frozen=True):
    """Co-registered image files as the channels of one file (io.combining) in `folder`; Finished.note is its path."""

    paths: list[str]
    folder: str
    budget: int


class FindFiles(Message, frozen=True):
    """Look in a folder, or at a file, for images that are not where they were; answered by FilesFound."""

    place: str
    wanted: tuple[tuple[int, str, str], ...]  # image, name of its file, digest


class Probe(Message, frozen=True):
    """What a file holds, from its header; answered by Probed."""

    path: str
    budget: int


class NewModel(Message, frozen=True):
    """Build a network with starter, random or a coarser model's weights (models.stages) and save it as a checkpoint."""

    path: str
    architecture: str
    options: dict[str, Any]
    channels: int
    classes: tuple[ClassTuple, ...]
    seed: int = 0
    weights: str = "starter"
    model: str = ""


class ExportModel(Message, frozen=True):
    """Write a checkpoint as an ONNX file, checked; Finished tells how near ONNX Runtime came."""

    model: str
    path: str


class Predict(Message, frozen=True):
    """Predict slices of an image into shared arrays; a Block is sent for every finished piece."""

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
    alpha: int | None = None  # channel that is 0 where nothing was measured
    only: tuple[int, ...] = ()  # ids of the classes that may be said; none: all that the model knows


class Explain(Message, frozen=True):
    """Which pixels of a part of a slice speak for a class in a region of it (learning.explain)."""

    model: str
    image: Pixels  # (rows, columns, channels)
    ranges: tuple[tuple[float, float], ...]
    region: Pixels  # uint8 (rows, columns), 1 where asked about
    class_id: int
    method: str
    values: Pixels  # float32 (rows, columns)
    device: str = "auto"


class Baseline(Message, frozen=True):
    """Run a classical method on one slice into a shared class map."""

    method: str
    parameters: dict[str, Any]
    image: Pixels
    z: int
    channel: int | None
    classes: Pixels  # uint8 (rows, columns)


class Operate(Message, frozen=True):
    """Run a mask operation; what it would write goes into a shared class map."""

    operation: str
    parameters: dict[str, Any]
    masks: Pixels  # uint8 (2 or 3, slices, rows, columns): shown, annotated, and the other layer's where there is one
    spacing: tuple[float, float, float]
    class_id: int
    cut: bool  # whether rows and columns of the image go on beyond the masks
    classes: Pixels  # uint8 (slices, rows, columns); 255 where nothing changes


class Train(Message, frozen=True):
    """Fine-tune a checkpoint on labelled regions; answered by Step, Score and Trained."""

    model: str
    regions: tuple[Region, ...]
    recipe: dict[str, Any]
    device: str
    out: str
    state: str  # where the resume state is written
    resume: bool = False
    table: tuple[ClassTuple, ...] = ()  # the project's classes: outputs come and go with them


class Cancel(Message, frozen=True):
    """Stop a job at its next step."""


class Pause(Message, frozen=True):
    """Hold a job, or let it go on."""

    on: bool


class Stop(Message, frozen=True):
    """End a training early and keep the best so far."""


class Busy(Message, frozen=True):
    """The user is painting: give way for `seconds`."""

    seconds: float


# --- replies -------------------------------------------------------------------------------------------------


class Ready(Message, frozen=True):
    """The worker answers; `device` is filled once it is known (it needs torch)."""

    role: str
    pid: int
    device: str = ""


class Progress(Message, frozen=True):
    done: int
    total: int
    note: str = ""


class ImageRead(Message, frozen=True):
    info: dict[str, Any]
    pixels: Pixels
    digest: str
    coarse: tuple[Pixels, ...] = ()  # levels 2, 4, ... of a large image


class LabelsRead(Message, frozen=True):
    """Without `mask` the file has none for the image; `classes` are (id, name, colour), `notes` and `objects` those of
    io.masks.imports.labels."""

    mask: Pixels | None  # uint8 (slices, rows, columns)
    classes: tuple[tuple[int, str, str, str], ...] = ()
    notes: tuple[str, ...] = ()
    objects: int | None = None


class WindowOpened(Message, frozen=True):
    """Without `possible` the file has to be read as a whole; with `levels` it has no coarse levels and needs some."""

    possible: bool
    levels: bool = False
    digest: str = ""
    info: dict[str, Any] = {}


class FilesFound(Message, frozen=True):
    """Where files were found: image, path, and whether the content is that of the image and not its name alone."""

    found: tuple[tuple[int, str, bool], ...]


class TileRead(Message, frozen=True):
    """A tile; one that is not exact was made from a sparse sample of the pixels under it."""

    tile: TileTuple
    exact: bool
    pixels: Pixels


class LevelsBuilt(Message, frozen=True):
    """The coarse levels of a slice are there down to image row `bottom`."""

    z: int
    bottom: int


class Probed(Message, frozen=True):
    info: dict[str, Any]


class Block(Message, frozen=True):
    """A piece of a prediction is final in the shared arrays."""

    z: int
    box: BoxTuple


class Step(Message, frozen=True):
    """A training step was done; `loss` is smoothed."""

    step: int
    total: int
    loss: float
    seconds: float


class Score(Message, frozen=True):
    """An evaluation on the validation pixels: Dice per class, None where the class does not occur."""

    step: int
    champion: dict[str, float | None]
    challenger: dict[str, float | None]


class Trained(Message, frozen=True):
    """The training has ended with a checkpoint and the gate's verdict on it."""

    accepted: bool
    verdict: str
    path: str
    digest: str
    metrics: dict[str, Any]
    steps: int
    seconds: float


class Finished(Message, frozen=True):
    seconds: float
    note: str = ""


class Cancelled(Message, frozen=True):
    """The job has ended because it was told to."""


class Failed(Message, frozen=True):
    """The job could not be done; where `kind` is not "job" its worker died with it, or was ended: it took too long."""

    what: str
    why: str = ""
    hint: str = ""
    trace: str = ""
    kind: Literal["job", "crash", "timeout"] = "job"


FINAL = (Finished, Cancelled, Failed)

Send = Callable[[Message], None]
"""How a job sends its news."""
