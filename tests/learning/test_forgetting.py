"""What was learnt first is kept while something else is learnt, and would be lost without replay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segstudio.core.codes import Origin, encode_map
from segstudio.learning.device import Device
from segstudio.learning.evaluate import dice, evaluate
from segstudio.learning.finetune import Outcome, finetune
from segstudio.learning.labelled import Labelled
from segstudio.learning.recipe import Recipe
from segstudio.models.network import Network

Make = Callable[..., Labelled]
RECIPE = Recipe(steps=120, seconds=0, tile=32, batch=8, every=30, seed=1, patience=10**6)


def reversed_squares(squares: Make, seed: int) -> Labelled:
    """The second task: what was bright and a cell is dark and background."""
    plain = squares(seed)
    truth = 1 - (plain.codes & 0xFF).astype(np.uint8)
    stripes = (np.arange(plain.pixels.shape[1]) % 16 < 8).astype(np.uint8) * 60
    pixels = np.clip(plain.pixels.astype(int) + stripes[None, :, None], 0, 255).astype(np.uint8)
    return squares(seed, name=f"other {seed}", group=f"other {seed}", pixels=pixels,
                   codes=encode_map(truth, Origin.PAINTED), digest=f"other {seed}")  # fmt: skip


def learn(network: Network, regions: list[Labelled], cpu: Device) -> Network:
    outcome = next(e for e in finetune(network, regions, RECIPE, device=cpu) if isinstance(e, Outcome))
    return outcome.network if outcome.verdict.accepted else network


def scores(network: Network, regions: list[Labelled], cpu: Device) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = dice(evaluate(network, regions, cpu).pooled)
    return found


def test_what_was_learnt_first_is_kept_and_lost_without_replay(network: Network, squares: Make, cpu: Device) -> None:
    first = [squares(seed) for seed in range(3)]
    second = [reversed_squares(squares, seed) for seed in range(10, 13)]
    begun = learn(network, first, cpu)
    before = scores(begun, first, cpu)
    assert before.min() > 0.8
    kept = scores(learn(begun, [*first, *second], cpu), first, cpu)
    forgot = scores(learn(begun, second, cpu), first, cpu)
    assert (kept >= before - 0.1).all()  # the gate looks at all labels together, not at each set (docs/learning.md)
    assert forgot.min() < before.min() - 0.2


def test_an_accepted_version_is_not_worse_for_any_class_on_what_is_held_out(
    network: Network, squares: Make, cpu: Device
) -> None:
    regions = [squares(seed) for seed in range(3)]
    begun = learn(network, regions, cpu)
    regions += [reversed_squares(squares, seed) for seed in range(10, 13)]
    before = scores(begun, regions, cpu)
    after = scores(learn(begun, regions, cpu), regions, cpu)
    assert (after >= before - 0.01).all() and after.mean() > before.mean() + 0.2


def test_a_second_task_is_not_paid_with_the_first(network: Network, squares: Make, cpu: Device) -> None:
    """Corrected lately is the second task only: what is accepted costs the first next to nothing."""
    first = [squares(seed, group="first") for seed in range(3)]
    second = [reversed_squares(squares, seed) for seed in range(10, 13)]
    begun = learn(network, first, cpu)
    before = scores(begun, first, cpu)
    for region in second:
        region.recent = [(0, 0, *region.codes.shape)]
    after = scores(learn(begun, [*first, *second], cpu), first, cpu)
    assert (after >= before - 0.03).all()
