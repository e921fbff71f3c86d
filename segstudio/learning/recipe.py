"""How long and how hard a training is: one frozen table of numbers with named presets."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from segstudio.core.codes import Origin
from segstudio.errors import UserError
from segstudio.models.card import Card

ORIGIN_WEIGHTS = {
    Origin.PAINTED: 1.0,
    Origin.IMPORTED: 1.0,
    Origin.ACCEPTED: 0.5,  # seen and not objected to, but not drawn
    Origin.TOOL: 0.5,
    Origin.UNSURE: 0.0,
}
"""How much a labelled pixel counts, by who set it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A training run.

    `steps` and `seconds` both end it (0: no limit by that one); `tile` is the side of a patch in pixels, `batch`
    the patches for each step; `rate` the peak learning rate of AdamW, after `warm_up` steps, falling by a
    cosine to a tenth; every `every` steps the challenger is scored, and after `patience` scores without a
    better one it ends. `ema` is the cap of the weights' moving average. `contrast`, `noise` and `warp` are
    how strongly patches are changed (augment), `elastic` the standard deviation in pixels of U-Net's elastic
    deformation. With `momentum` the optimiser is SGD instead of AdamW. `soft_dice` adds the Dice term to cross-entropy.
    `median` weighs classes by median frequency (SegNet), `border` is the weight w0 of the thin borders between objects
    (U-Net); both are 0 or off in recipes that are no paper's. `threads` are torch's threads on the CPU at most; the
    rest of a small machine belongs to the user. Where `seconds` is not 0 the
    learning rate follows the clock by a recorded schedule (run.Run.marks), without which weights do not repeat bit
    for bit. Raises UserError for a run without an end.
    """

    steps: int = 400
    seconds: float = 60.0
    tile: int = 128
    batch: int = 4
    rate: float = 3e-3
    decay: float = 1e-4
    clip: float = 1.0
    warm_up: int = 10
    ema: float = 0.98
    every: int = 20
    patience: int = 10
    contrast: float = 0.2
    noise: float = 0.05
    warp: float = 0.0
    elastic: float = 0.0
    momentum: float = 0.0
    soft_dice: bool = True
    median: bool = False
    border: float = 0.0
    threads: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps <= 0 and self.seconds <= 0:
            raise UserError("This training would never end.", hint="Give it a number of steps or of seconds.")
        if min(self.tile, self.batch, self.every, self.patience, self.threads, self.warm_up) < 1:
            raise UserError("Tile, batch, warm-up, scoring, patience and threads must be at least 1.")


PRESETS: dict[str, Recipe] = {
    "light": Recipe(),
    "standard": Recipe(
        steps=2000, seconds=600.0, tile=256, batch=8, rate=1e-3, every=100, ema=0.99, warp=0.5, threads=8
    ),
    "paper": Recipe(
        steps=20000, seconds=0.0, tile=384, batch=2, rate=3e-4, every=500, patience=10, ema=0.999, warp=1.0, threads=8
    ),
}

_FCN = {"tile": 480, "batch": 1, "rate": 1e-3, "decay": 5e-4, "momentum": 0.9, "soft_dice": False, "ema": 0.0}
_SEGNET = {
    "tile": 480, "batch": 4, "rate": 0.1, "decay": 5e-4, "momentum": 0.9, "soft_dice": False, "median": True,
    "ema": 0.0,
}  # fmt: skip

PAPERS: dict[str, dict[str, Any]] = {
    "unet": {
        "tile": 572, "batch": 1, "rate": 1e-3, "decay": 0.0, "momentum": 0.99, "soft_dice": False, "border": 10.0,
        "elastic": 10.0, "ema": 0.0, "warp": 0.0,
    },
    "segnet": _SEGNET,
    "segnet_basic": _SEGNET,
    "fcn32s": _FCN,
    "fcn16s": _FCN,
    "fcn8s": _FCN,
}  # fmt: skip
"""What the recipe "paper" is for each network, by its paper (docs/learning.md says where it departs): Ronneberger et
al. 2015 (arXiv:1505.04597), Badrinarayanan et al. 2017 (arXiv:1511.00561), Long et al. 2015 (arXiv:1411.4038)."""


STAGED = 0.01
"""By how much the learning rate falls where FCN goes on from a coarser stage (Long et al. 2015, section 4.2)."""


def preset(preset: str, card: Card | None = None, **changes: Any) -> Recipe:
    """A named recipe, for "paper" that of the paper of the card's network, with some numbers changed.

    Raises UserError for an unknown recipe or number.
    """
    if preset not in PRESETS:
        raise UserError(f"There is no recipe “{preset}”.", hint=f"Choose {', '.join(PRESETS)}.")
    known = {field.name for field in fields(Recipe)}
    if unknown := sorted(set(changes) - known):
        raise UserError(f"A recipe has no “{unknown[0]}”.", hint=f"It has {', '.join(sorted(known))}.")
    own = dict(PAPERS.get(card.architecture, {})) if card and preset == "paper" else {}
    if own and card and card.steps == 0 and "stage" in card.metrics:
        own["rate"] *= STAGED
    return replace(PRESETS[preset], **{**own, **changes})
