"""The quick half of learning: a small head on fixed features, refit within a second of a stroke."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from segstudio.core.codes import NOTHING, Codes, classes_of
from segstudio.core.geometry import TILE
from segstudio.learning.device import Device
from segstudio.learning.labelled import BLOCK, Labelled
from segstudio.learning.predict import fold_batch_norm
from segstudio.learning.run import targets
from segstudio.learning.scaling import scale
from segstudio.models.card import Card
from segstudio.models.hypercolumn import Hypercolumns, QuickNetwork
from segstudio.models.network import Network
from segstudio.models.registry import find
from segstudio.models.starter import begin
from segstudio.models.unet import UNet

CONTEXT = 32
"""Features of a tile are computed with this many pixels around it, where the region has them."""

PER_TILE = 256
"""Annotated pixels of one class that a tile gives at most: neighbours in a stroke say nearly the same."""

LIMIT = 6000
"""Pixels a refit looks at, at most."""

EXPERIENCE = 400
"""Steps of training after which a champion is trusted as much as the head while nothing is known of either."""

SHARES = tuple(part / 10 for part in range(11))
"""Shares that are compared on held-out pixels."""

HELD_TILES, HELD_PIXELS = 24, 100
"""Newest tiles whose held-out pixels the champion is asked about, and how many it takes to trust them."""

DOUBT = 8.0
"""Nats that held-out blocks must speak for a share of 1 where 0 was expected. Pixels of one block say nearly the same:
what counts is how many blocks there are."""

Key = tuple[str, int, int]
"""Digest of an image slice, row and column of a tile."""


STEPS, MOST_STEPS = 20, 80
"""Steps of a fit for each class, and at most: few classes are told apart sooner, and then learnt by heart."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How one member of the head is fitted: `hidden` units, STEPS of AdamW at `rate` over all samples at once, weight
    `decay`, the share of features hidden at random (`dropout`), which keeps few pixels from being learnt by
    heart, and how much a feature of the trunk weighs beside one of the filter bank (`trust`)."""

    hidden: int = 24
    rate: float = 0.02
    decay: float = 0.02
    dropout: float = 0.2
    trust: float = 0.04


MEMBERS = Fit(), Fit(rate=0.01, trust=0.01)
"""The head is the mean of these: one that learns what is there by all means, and a careful one that hardly looks at the
trunk. Where few pixels are annotated they err in different places (docs/learning.md)."""

Fitted = tuple[Tensor, Tensor, Tensor, Tensor]
"""Weights and biases of the hidden layer (hidden, D), (hidden) and of the last (K, hidden), (K)."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Annotated pixels: features (n, D), class ids (n,), weights (n,) by origin, whether they lie in a block that
    no network is trained on (n,)."""

    features: Tensor
    classes: Tensor
    weights: Tensor
    held: Tensor

    def only(self, chosen: Tensor) -> Samples:
        """Those that `chosen` (indices or booleans) picks."""
        return Samples(self.features[chosen], self.classes[chosen], self.weights[chosen], self.held[chosen])


@dataclass(slots=True)
class Held:
    """Held-out pixels of a tile: the input (1, C, H, W) they lie in, where (n, 2; column, row), and what the last
    champion said of them (n, K)."""

    x: Tensor
    at: Tensor
    samples: Samples
    said: Tensor | None = None


class QuickHead:
    """A head, the mean of MEMBERS, on hypercolumns that were never trained on the user's labels.

    The features are those of a filter bank and of `trunk`, a network that stays as it is: a network trained on
    the annotated pixels knows them by heart, and a head on its features would believe it. `learn` computes and
    keeps the features of annotated pixels, tile by tile, only where labels changed; `refit` fits the head;
    `network` is head and champion as one network that predicts like any other. Every stroke is learnt, those in
    validation blocks too: the gate compares networks, never heads. Groups set aside as a whole are not looked at.
    """

    def __init__(self, trunk: Network, device: Device, *, seed: int = 0) -> None:
        self._scaling, self._channels, self._device, self._seed = trunk.card.scaling, trunk.card.channels, device, seed
        module = fold_batch_norm(copy.deepcopy(trunk.module).eval())
        if not isinstance(module, UNet):
            raise TypeError("the trunk of a quick head is a U-Net")
        columns = Hypercolumns(module, trunk.card.channels).requires_grad_(False).eval()
        self._columns = columns.to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._trunk = torch.arange(sum(columns.sizes)) < sum(columns.sizes[: columns.trunk_maps])
        self._samples: dict[Key, Samples] = {}
        self._states: dict[Key, int] = {}
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._asked: Network | None = None
        self._fitted: Fitted | None = None
        self._apart: Fitted | None = None
        self._ids: tuple[int, ...] = ()
        self._to_fit: tuple[Samples, int] | None = None

    @property
    def classes(self) -> set[int]:
        """Classes that annotated pixels are known of; fewer than two are not enough to fit a head."""
        return {int(c) for samples in self._samples.values() for c in torch.unique(samples.classes)}

    def forget(self, digest: str, row: int, column: int) -> None:
        """The tile has no labels any more."""
        for known in (self._samples, self._states, self._held):
            known.pop((digest, row, column), None)

    def learn(self, regions: Sequence[Labelled]) -> int:
        """Take in the labels of `regions`, tile by tile; returns how many tiles were computed."""
        computed = 0
        for region in regions:
            codes = region.codes if region.role != "validation" else region.training_codes()
            for key, top, left in _tiles(region):
                part = codes[max(top, 0) : top + TILE, max(left, 0) : left + TILE]
                state = hash(part.tobytes())
                if self._states.get(key) == state:
                    continue
                self._states[key] = state
                places = _places(part, np.random.default_rng(self._seed))
                self.forget(*key)
                self._states[key] = state
                if len(places):
                    self._take(key, region, max(top, 0), max(left, 0), part, places)
                    computed += 1
        return computed

    def _take(self, key: Key, region: Labelled, top: int, left: int, codes: Codes, places: NDArray[np.int64]) -> None:
        """Keep the features of the pixels `places` (flat indices) of `codes`, lying at (top, left) of the region."""
        height, width = codes.shape
        start_row, start_column = max(0, top - CONTEXT), max(0, left - CONTEXT)
        part = region.pixels[start_row : top + height + CONTEXT, start_column : left + width + CONTEXT]
        x = torch.from_numpy(scale(part, region.ranges, self._scaling, self._channels))[None]
        rows, columns = np.divmod(places, width)
        at = torch.from_numpy(np.stack((columns + left - start_column, rows + top - start_row), 1))
        classes, weights = targets(codes[rows, columns])
        x = x.to(self._device.torch, memory_format=torch.channels_last)
        held = torch.from_numpy(region.validation[rows + top, columns + left])
        samples = Samples(self._columns.read(x, at), torch.from_numpy(classes), torch.from_numpy(weights), held)
        self._samples[key] = samples
        if held.any():
            self._held[key] = Held(x, at[held], samples.only(held))
            while len(self._held) > HELD_TILES:
                self._held.popitem(last=False)

    def refit(self, ids: Sequence[int]) -> float:
        """Fit the head, with an output for each of these class ids, to everything learnt so far; returns the loss at
        the end.

        The same samples give the same head. Raises ValueError with fewer than two of the classes.
        """
        if len(self.classes & set(ids)) < 2:
            raise ValueError("a head needs pixels of two classes")
        self._ids = tuple(ids)
        samples = _drawn(list(self._samples.values()), self._seed)
        samples = replace(samples, classes=_outputs(samples.classes, ids))
        samples = samples.only(samples.classes >= 0)
        self._fitted, loss = self._fit_to(samples, len(ids))
        self._apart, self._to_fit = None, (samples, len(ids))
        return loss

    def _fit_apart(self) -> None:
        """Fit a head to what is not held out; only asked for where there is a champion to compare it with."""
        if self._to_fit is None:
            return
        (samples, classes), self._to_fit = self._to_fit, None
        rest = samples.only(~samples.held)
        if int(samples.held.sum()) >= HELD_PIXELS and len(torch.unique(rest.classes)) >= 2:
            self._apart = self._fit_to(rest, classes)[0]

    def _fit_to(self, samples: Samples, classes: int) -> tuple[Fitted, float]:
        """Fit all members; as one head whose logits are the mean of theirs, and the mean of their losses."""
        mean, spread = samples.features.mean(0), samples.features.std(0).clamp_min(1e-3)
        found, losses = [], []
        for number, fit in enumerate(MEMBERS):
            deviation = torch.where(self._trunk, spread / fit.trust, spread)
            standard = replace(samples, features=(samples.features - mean) / deviation)
            random = torch.Generator().manual_seed(self._seed + 100 * number)
            (first, second), loss = fit_head(standard, classes, fit, random)
            weight = first.weight.detach() / deviation
            bias = first.bias.detach() - weight @ mean
            found.append((weight, bias, second.weight.detach(), second.bias.detach()))
            losses.append(loss)
        weights, biases, seconds, lasts = zip(*found, strict=True)
        last = torch.stack(lasts).mean(0)
        head = torch.cat(weights), torch.cat(biases), torch.cat(seconds, 1) / len(MEMBERS), last
        return head, sum(losses) / len(losses)

    def share(self, champion: Network, module: nn.Module) -> float:
        """The champion's share in the common opinion, 0..1: what would have been right on held-out pixels.

        Neither the champion nor a head fitted for this question has learnt those. The share is that of the likeliest
        mixture (stacking, Wolpert 1992), drawn towards what a champion of its experience is worth.
        """
        expected = champion.card.steps / (champion.card.steps + EXPERIENCE)
        self._fit_apart()
        if self._apart is None or not self._held:
            return expected
        if champion is not self._asked:
            self._asked = champion
            for held in self._held.values():
                held.said = None
        ids = champion.card.class_ids
        places = [self._ids.index(class_id) for class_id in ids]
        theirs, ours, truth = [], [], []
        first, bias, second, last = self._apart
        for held in self._held.values():
            if held.said is None:
                with torch.inference_mode():
                    logits = module(held.x)[0].float().cpu() / champion.card.temperature
                held.said = logits.softmax(0)[:, held.at[:, 1], held.at[:, 0]].T
            hidden = (held.samples.features @ first.T + bias).relu()
            outputs = _outputs(held.samples.classes, ids)
            known = outputs >= 0  # of classes that are new to the champion the head speaks alone
            ours.append((hidden @ second.T + last)[:, places].softmax(1)[known])
            theirs.append(held.said[known])
            truth.append(outputs[known])
        blocks = sum(len(torch.unique(held.at // BLOCK, dim=0)) for held in self._held.values())
        return likeliest_share(torch.cat(theirs), torch.cat(ours), torch.cat(truth), blocks, expected)

    def network(self, card: Card, champion: Network | None = None, module: nn.Module | None = None) -> Network:
        """The fitted head as a network with this card; with a champion that was trained, the mean of both.

        `module` stands in for the champion's where it was made ready on a device. Raises RuntimeError before the
        first refit.
        """
        if self._fitted is None:
            raise RuntimeError("the quick head was not fitted yet")
        trained = champion is not None and champion.card.steps > 0 and set(champion.card.class_ids) <= set(self._ids)
        other = (module or champion.module) if champion is not None and trained else None
        share = self.share(champion, other) if champion is not None and other is not None else 0.0
        theirs = [self._ids.index(class_id) for class_id in champion.card.class_ids] if champion and share else []
        theirs = [] if theirs == list(range(len(self._ids))) else theirs
        both = QuickNetwork(self._columns, self._fitted, other if share else None, share, theirs)
        named = tuple((card.name(class_id), "") for class_id in self._ids)
        classes = card.classes if self._ids == card.class_ids else named
        return Network(both.eval(), replace(card, classes=classes, ids=self._ids, temperature=1.0))


def _outputs(classes: Tensor, ids: Sequence[int]) -> Tensor:
    """The place of each class among `ids`, -1 for others."""
    places = torch.full((256,), -1, dtype=torch.long)
    places[list(ids)] = torch.arange(len(ids))
    return places[classes]


def likeliest_share(theirs: Tensor, ours: Tensor, truth: Tensor, blocks: int, expected: float) -> float:
    """The share (of SHARES) of `theirs` (n, K) in a mixture with `ours` that is likeliest to say `truth` (n,).

    The pixels lie in so many `blocks`; few of them hardly move the share from the `expected` one.
    """
    count = torch.bincount(truth, minlength=theirs.shape[1]).clamp_min(1)[truth]
    weight = (1 / count) / (1 / count).sum()
    place = torch.arange(len(truth))

    def cost(share: float) -> float:
        right = share * theirs[place, truth] + (1 - share) * ours[place, truth]
        return -blocks * float((right.clamp_min(1e-3).log() * weight).sum()) + DOUBT * (share - expected) ** 2

    return min(SHARES, key=cost)


def fresh_trunk(card: Card, weights: str = "starter") -> Network:
    """The trunk for quick heads beside networks with this card: a light U-Net, always the same."""
    trunk = begin("unet", card.channels, (("nothing", "#000000"),), find("unet").presets["light"], weights=weights)
    return Network(trunk.module, replace(trunk.card, scaling=card.scaling))


def fit_head(
    samples: Samples, classes: int, fit: Fit, random: torch.Generator
) -> tuple[tuple[nn.Linear, nn.Linear], float]:
    """Two layers with a ReLU between them, fitted to standardised features, and the loss at the end.

    Classes weigh the same, however many pixels each has; features are hidden column-wise at each step.
    """
    x, target = samples.features, samples.classes
    count = torch.bincount(target, samples.weights, classes).clamp_min(1e-6)
    weight = (samples.weights / count[target]).to(torch.float32)
    weight /= weight.sum()
    first, second = nn.Linear(x.shape[1], fit.hidden), nn.Linear(fit.hidden, classes)
    with torch.no_grad():
        first.weight.normal_(0, (2 / x.shape[1]) ** 0.5, generator=random)
        for zero in (first.bias, second.weight, second.bias):
            zero.zero_()
    parameters = [*first.parameters(), *second.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=fit.rate, weight_decay=fit.decay, fused=True)
    steps = min(MOST_STEPS, STEPS * classes)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    loss = torch.zeros(())
    for _ in range(steps):
        kept = (torch.rand((1, x.shape[1]), generator=random) >= fit.dropout) / (1 - fit.dropout)
        logits = second(F.linear(x, first.weight * kept, first.bias).relu())  # x * kept, without a copy of x
        loss = (F.cross_entropy(logits, target, reduction="none") * weight).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return (first, second), float(loss.detach())


def _tiles(region: Labelled) -> list[tuple[Key, int, int]]:
    """Key, top and left (in the region) of each tile of the image's grid that has labels in the region."""
    labelled = classes_of(region.codes) != NOTHING
    found = []
    for row in range(region.offset[0] // TILE, (region.offset[0] + labelled.shape[0] - 1) // TILE + 1):
        for column in range(region.offset[1] // TILE, (region.offset[1] + labelled.shape[1] - 1) // TILE + 1):
            top, left = row * TILE - region.offset[0], column * TILE - region.offset[1]
            if labelled[max(top, 0) : top + TILE, max(left, 0) : left + TILE].any():
                found.append(((region.digest or region.name, row, column), top, left))
    return found


def _places(codes: Codes, random: np.random.Generator) -> NDArray[np.int64]:
    """Flat indices of up to PER_TILE labelled pixels of each class."""
    classes = classes_of(codes)
    found = [random.permutation(np.flatnonzero(classes == c))[:PER_TILE] for c in np.unique(classes) if c != NOTHING]
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)


def _drawn(every: Sequence[Samples], seed: int) -> Samples:
    """All samples, or about LIMIT of them drawn evenly from the classes."""
    whole = Samples(*(torch.cat([getattr(samples, name) for samples in every]) for name in Samples.__slots__))
    if len(whole.classes) <= LIMIT:
        return whole
    random, found = np.random.default_rng(seed), whole.classes.numpy()
    share = LIMIT // len(np.unique(found))
    chosen = [random.permutation(np.flatnonzero(found == c))[:share] for c in np.unique(found)]
    return whole.only(torch.from_numpy(np.sort(np.concatenate(chosen))))
