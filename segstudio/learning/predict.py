"""Overlap-tile prediction: windows in, smoothly blended probabilities out, the visible area first."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from segstudio.core.geometry import TILE
from segstudio.learning.device import Device, choose, is_out_of_memory
from segstudio.learning.scaling import scale
from segstudio.models.network import Network

Probabilities = NDArray[np.float32]
BoxTuple = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels, ends excluded."""

Key = tuple[int, int]
"""Row and column of an output block."""

WINDOW = 256
"""Side of a window in pixels on the CPU; twice that on an accelerator."""

AROUND = 32
"""Pixels of context around what is glanced at."""

STRIP = 16
"""Blocks are finished strip by strip, this many wide: unfinished sums stay small however wide the image is."""


@dataclass(frozen=True, slots=True)
class PredictedBlock:
    """A finished piece of a prediction: probabilities (classes, rows, columns) at (top, left), sum 1."""

    top: int
    left: int
    probabilities: Probabilities

    @property
    def box(self) -> BoxTuple:
        return self.top, self.left, self.top + self.probabilities.shape[1], self.left + self.probabilities.shape[2]


class Predictor:
    """A network made ready to predict: batch norm folded into convolutions, on its device.

    With `ready` the network's module is used as it is: it was made from parts that are ready.
    """

    def __init__(self, network: Network, device: Device, *, ready: bool = False) -> None:
        self.network, self.device = network, device
        if ready:
            self.module = network.module
            return
        module = fold_batch_norm(copy.deepcopy(network.module).eval())
        self.module = module.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, windows: Tensor) -> Tensor:
        """Probabilities (N, classes, H, W) on the CPU for scaled pixels (N, channels, H, W)."""
        return (self._ask(windows) / self.network.card.temperature).softmax(1).cpu()

    def logits(self, windows: Tensor) -> Tensor:
        """As a call, but what comes before the temperature and the softmax."""
        return self._ask(windows).cpu()

    def _ask(self, windows: Tensor) -> Tensor:
        x = windows.to(self.device.torch, memory_format=torch.channels_last)
        with torch.inference_mode(), self.device.autocast():
            logits: Tensor = self.module(x).float()
        return logits


def predict(
    predictor: Predictor,
    pixels: NDArray[np.generic],
    ranges: Sequence[tuple[float, float]],
    *,
    tile: int = 0,
    overlap: float = 0.25,
    first: BoxTuple | None = None,
    only_first: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
    note: Callable[[str], None] = lambda text: None,
) -> Iterator[PredictedBlock]:
    """Class probabilities of one slice, in blocks of 256 x 256 aligned pixels, each given once when final.

    `pixels` is (rows, columns, channels). Windows of `tile` pixels overlap by the share `overlap` and are
    blended with weights that fall smoothly to their edges, so no seam shows; a block is done when no further
    window touches it, and its memory is freed. Blocks under `first` come first (alone with `only_first`), then
    outwards. Out of memory: windows are halved, then the CPU takes over, and `note` says so. Ends early, without
    a sign, once `cancelled` (asked before each batch of windows) is true.
    """
    shape = pixels.shape[0], pixels.shape[1]
    stride: int = predictor.network.module.stride  # type: ignore[assignment]
    side = min(tile or (WINDOW if predictor.device.kind == "cpu" else 2 * WINDOW), max(shape))
    for wanted in _areas(shape, first, only_first):
        while wanted and not cancelled():
            plan = _Plan(shape, side, overlap, stride, first, wanted)
            try:
                for block in _run(predictor, plan, pixels, ranges, cancelled):
                    wanted.discard((block.top // TILE, block.left // TILE))
                    yield block
                continue
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            side, predictor = _smaller(side, predictor, note)
            side = min(side, max(shape))


def glance(
    predictor: Predictor, pixels: NDArray[np.generic], ranges: Sequence[tuple[float, float]], box: BoxTuple
) -> PredictedBlock:
    """Class probabilities of exactly the pixels in `box` of one slice (rows, columns, channels), in one go with
    `AROUND` pixels of context: much less to compute than whole blocks. The box must fit into memory at once."""
    top, left, bottom, right = box
    stride: int = predictor.network.module.stride  # type: ignore[assignment]
    first, start = (max(0, edge - AROUND) // stride * stride for edge in (top, left))  # pooling as in the whole
    part = scale(pixels[first : bottom + AROUND, start : right + AROUND], ranges, *_input(predictor))
    found = predictor(torch.from_numpy(part)[None])[0]
    inside = found[:, top - first : bottom - first, left - start : right - start]
    return PredictedBlock(top, left, np.ascontiguousarray(inside.numpy()))


def _areas(shape: tuple[int, int], first: BoxTuple | None, only_first: bool) -> list[set[Key]]:
    """Sets of output blocks to be finished one after the other.

    One set for all that is wanted, unless the image is wider than a strip: then what is under `first`, then
    the rest, each strip by strip from the middle of `first` outwards.
    """
    columns = -(-shape[1] // TILE)
    middle = (first[1] + first[3]) / 2 / TILE // STRIP if first else 0
    areas: dict[tuple[bool, float, int], set[Key]] = {}
    for row in range(-(-shape[0] // TILE)):
        for column in range(columns):
            visible = first is None or _meets(_block_box(row, column), first)
            if only_first and not visible:
                continue
            strip = column // STRIP
            rank = (not visible, abs(strip - middle), strip) if columns > STRIP else (False, 0.0, 0)
            areas.setdefault(rank, set()).add((row, column))
    return [areas[rank] for rank in sorted(areas)]


def _smaller(side: int, predictor: Predictor, note: Callable[[str], None]) -> tuple[int, Predictor]:
    """The next cheaper way to predict after memory ran out."""
    if predictor.device.kind != "cpu":
        torch.cuda.empty_cache() if predictor.device.kind == "cuda" else None
    if side > 2 * predictor.network.module.stride and side > 64:  # type: ignore[operator]
        note(f"Out of memory: predicting in windows of {side // 2} pixels.")
        return side // 2, predictor
    if predictor.device.kind == "cpu":
        raise MemoryError("out of memory even in small windows on the CPU")
    note("Out of memory on the accelerator: predicting on the CPU.")
    return WINDOW, Predictor(predictor.network, choose("cpu"))


class _Plan:
    """Which windows to compute, in which order, and how many of them touch each output block."""

    def __init__(
        self, shape: tuple[int, int], side: int, overlap: float, stride: int, first: BoxTuple | None, wanted: set[Key]
    ) -> None:
        self.shape = shape
        self.side = max(stride, -(-min(side, max(shape)) // stride) * stride)
        step = max(stride, int(self.side * (1 - overlap)) // stride * stride)
        self.ramp = self.side - step
        tops = _starts(shape[0], self.side, step, [row for row, _ in wanted])
        lefts = _starts(shape[1], self.side, step, [column for _, column in wanted])
        self.pending: dict[Key, int] = dict.fromkeys(wanted, 0)
        windows = []
        for top in tops:
            for left in lefts:
                touched = [key for key in self.blocks(top, left) if key in wanted]
                for key in touched:
                    self.pending[key] += 1
                if touched:
                    windows.append((top, left))
        self.windows = sorted(windows, key=lambda at: self._urgency(at, first))

    def blocks(self, top: int, left: int) -> Iterator[Key]:
        """Output blocks a window touches."""
        for row in range(top // TILE, (min(top + self.side, self.shape[0]) - 1) // TILE + 1):
            for column in range(left // TILE, (min(left + self.side, self.shape[1]) - 1) // TILE + 1):
                yield row, column

    def _urgency(self, at: tuple[int, int], first: BoxTuple | None) -> tuple[bool, float]:
        if first is None:
            return False, at[0] * 1e6 + at[1]
        needed = any(_meets(_block_box(*key), first) for key in self.blocks(*at))
        row, column = at[0] + self.side / 2, at[1] + self.side / 2
        return not needed, abs(row - (first[0] + first[2]) / 2) + abs(column - (first[1] + first[3]) / 2)


def _run(
    predictor: Predictor, plan: _Plan, pixels: NDArray[np.generic],
    ranges: Sequence[tuple[float, float]], cancelled: Callable[[], bool],
) -> Iterator[PredictedBlock]:  # fmt: skip
    classes = len(predictor.network.card.classes)
    weights = _window_weights(plan.side, plan.ramp)
    sums: dict[Key, NDArray[np.float32]] = {}
    pending = dict(plan.pending)
    size = 1 if predictor.device.kind == "cpu" else 8
    for start in range(0, len(plan.windows), size):
        if cancelled():
            return
        chosen = plan.windows[start : start + size]
        batch = np.stack([_window(pixels, at, plan.side, ranges, *_input(predictor)) for at in chosen])
        for at, probabilities in zip(chosen, predictor(torch.from_numpy(batch)).numpy(), strict=True):
            for key in plan.blocks(*at):
                if key not in pending:
                    continue
                box = _clipped(key, plan.shape)
                if key not in sums:
                    sums[key] = np.zeros((classes + 1, box[2] - box[0], box[3] - box[1]), np.float32)
                _add(sums[key], box, probabilities, weights, at, plan.side)
                pending[key] -= 1
                if not pending[key]:
                    total = sums.pop(key)
                    yield PredictedBlock(box[0], box[1], total[:-1] / total[-1])


def _add(
    total: NDArray[np.float32], box: BoxTuple, probabilities: NDArray[np.float32],
    weights: NDArray[np.float32], at: tuple[int, int], side: int,
) -> None:  # fmt: skip
    """Add a window's weighted probabilities to the part of a block it covers; the last plane sums weights."""
    top, left = max(box[0], at[0]), max(box[1], at[1])
    bottom, right = min(box[2], at[0] + side), min(box[3], at[1] + side)
    into = np.s_[top - box[0] : bottom - box[0], left - box[1] : right - box[1]]
    part = np.s_[top - at[0] : bottom - at[0], left - at[1] : right - at[1]]
    total[(slice(None, -1), *into)] += probabilities[(slice(None), *part)] * weights[part]
    total[(-1, *into)] += weights[part]


def _window(
    pixels: NDArray[np.generic],
    at: tuple[int, int],
    side: int,
    ranges: Sequence[tuple[float, float]],
    scaling: str,
    channels: int,
) -> NDArray[np.float32]:
    """Scaled pixels (channels, side, side) of a window; beyond the image it is mirrored."""
    part = pixels[at[0] : at[0] + side, at[1] : at[1] + side]
    down, right = side - part.shape[0], side - part.shape[1]
    if down or right:
        part = np.pad(part, ((0, down), (0, right), (0, 0)), mode="symmetric")
    return scale(part, ranges, scaling, channels)


def _input(predictor: Predictor) -> tuple[str, int]:
    """How pixels become the network's input: scaling and channels."""
    card = predictor.network.card
    return card.scaling, card.channels


def _starts(size: int, side: int, step: int, blocks: Sequence[int]) -> list[int]:
    """Where windows that reach any of `blocks` begin along one axis: every `step`, until one reaches the end."""
    last = max(0, -(-(size - side) // step))
    low, high = min(blocks) * TILE, (max(blocks) + 1) * TILE
    return [start for start in range(0, last * step + 1, step) if start + side > low and start < high]


def _window_weights(side: int, ramp: int) -> NDArray[np.float32]:
    """Weights (side, side): 1 inside, falling as a raised cosine over `ramp` pixels towards the edges."""
    edge = np.minimum(np.arange(side), np.arange(side)[::-1]) + 0.5
    line = 0.5 - 0.5 * np.cos(np.pi * np.minimum(edge / max(ramp, 1), 1))
    return np.outer(line, line).astype(np.float32).clip(1e-4)


def _block_box(row: int, column: int) -> BoxTuple:
    return row * TILE, column * TILE, (row + 1) * TILE, (column + 1) * TILE


def _clipped(key: Key, shape: tuple[int, int]) -> BoxTuple:
    top, left, bottom, right = _block_box(*key)
    return top, left, min(bottom, shape[0]), min(right, shape[1])


def _meets(a: BoxTuple, b: BoxTuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def fold_batch_norm(module: nn.Module) -> nn.Module:
    """Fold each batch norm that directly follows a convolution in a Sequential into it; same outputs, fewer steps.

    The module must be in eval mode; it is changed in place and returned.
    """
    for part in list(module.modules()):
        if not isinstance(part, nn.Sequential):
            continue
        for index, (conv, norm) in enumerate(pairwise(list(part))):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d) and norm.track_running_stats:
                part[index] = fuse_conv_bn_eval(conv, norm)
                part[index + 1] = nn.Identity()
    return module


def entropy(probabilities: Probabilities) -> NDArray[np.uint8]:
    """Uncertainty as uint8 (rows, columns): entropy over its maximum, 0 certain .. 255 all classes alike."""
    p = np.clip(probabilities, 1e-7, 1)
    values = -(p * np.log(p)).sum(0) / np.log(max(len(p), 2))
    return np.asarray(np.clip(values, 0, 1) * 255, np.uint8)


def margin(probabilities: Probabilities) -> NDArray[np.uint8]:
    """Uncertainty as uint8 (rows, columns): 255 where the two likeliest classes tie, 0 where one is sure."""
    if len(probabilities) < 2:
        return np.zeros(probabilities.shape[1:], np.uint8)
    top = np.partition(probabilities, -2, axis=0)[-2:]
    return np.asarray(np.clip(1 - (top[1] - top[0]), 0, 1) * 255, np.uint8)


MEASURES: dict[str, Callable[[Probabilities], NDArray[np.uint8]]] = {"entropy": entropy, "margin": margin}
