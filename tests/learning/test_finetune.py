from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from segstudio.core.codes import Origin, encode
from segstudio.errors import UserError
from segstudio.learning.control import Free
from segstudio.learning.device import Device
from segstudio.learning.evaluate import evaluate, mean_dice
from segstudio.learning.finetune import Outcome, Scored, StepDone, finetune
from segstudio.learning.labelled import Labelled, labels_hash
from segstudio.learning.recipe import Recipe
from segstudio.learning.run import targets
from segstudio.models.network import Network
from segstudio.models.weights import load, save

Make = Callable[..., Labelled]
QUICK = Recipe(steps=30, seconds=0, tile=32, batch=4, every=10, seed=3)


def outcome(network: Network, regions: list[Labelled], recipe: Recipe, **more: object) -> Outcome:
    return next(e for e in finetune(network, regions, recipe, **more) if isinstance(e, Outcome))  # type: ignore[arg-type]


def same(one: Network, two: Network) -> bool:
    a, b = one.module.state_dict(), two.module.state_dict()
    return all(torch.equal(a[name], b[name]) for name in a)


def test_it_learns_cells_it_has_not_seen(network: Network, squares: Make, cpu: Device) -> None:
    end = outcome(network, [squares(0), squares(1)], replace(QUICK, steps=80), device=cpu)
    unseen = [squares(9, role="validation")]
    assert mean_dice(evaluate(end.network, unseen, cpu).pooled) > 0.8
    assert mean_dice(evaluate(network, unseen, cpu).pooled) < 0.6
    assert end.verdict.accepted and end.ended_by == "the end of the recipe"


def test_a_few_strokes_are_enough_to_learn_from(network: Network, squares: Make, cpu: Device) -> None:
    dense = squares(0, role="train")
    strokes = np.zeros_like(dense.codes)
    for row in range(10, 128, 30):
        strokes[row : row + 2] = dense.codes[row : row + 2]
    end = outcome(network, [squares(0, role="train", codes=strokes)], replace(QUICK, steps=80), device=cpu)
    assert mean_dice(evaluate(end.network, [squares(9, role="validation")], cpu).pooled) > 0.8
    assert "none are held out" in end.verdict.sentence


def test_the_same_seed_and_labels_give_the_same_weights_bit_for_bit(
    network: Network, squares: Make, cpu: Device
) -> None:
    regions = [squares(0, recent=[(0, 0, 64, 64)])]
    one, two = (outcome(network, regions, QUICK, device=cpu) for _ in range(2))
    other = outcome(network, regions, replace(QUICK, seed=4), device=cpu)
    assert same(one.network, two.network) and not same(one.network, other.network)


def test_the_champion_itself_is_not_touched(
    network: Network, squares: Make, cpu: Device, tiny_network: Callable[[int], Network]
) -> None:
    outcome(network, [squares()], QUICK, device=cpu)
    assert same(network, tiny_network(0))


def test_the_events_tell_steps_scores_and_one_outcome(network: Network, squares: Make, cpu: Device) -> None:
    events = list(finetune(network, [squares()], QUICK, device=cpu))
    steps = [e for e in events if isinstance(e, StepDone)]
    assert [e.step for e in steps] == list(range(1, 31)) and steps[0].total == 30
    assert all(math.isfinite(e.loss) for e in steps) and steps[-1].loss < steps[0].loss
    assert max(e.rate for e in steps) == pytest.approx(3e-3, rel=0.2) and steps[-1].rate == pytest.approx(3e-4, rel=0.1)
    assert [e.step for e in events if isinstance(e, Scored)] == [10, 20, 30]
    assert isinstance(events[-1], Outcome) and sum(isinstance(e, Outcome) for e in events) == 1


def test_how_often_is_scored_does_not_change_what_is_learnt(network: Network, squares: Make, cpu: Device) -> None:
    losses = [
        [
            e.loss
            for e in finetune(network, [squares()], replace(QUICK, every=every), device=cpu)
            if isinstance(e, StepDone)
        ]
        for every in (7, 30)
    ]
    assert losses[0] == losses[1]


def test_the_card_is_a_receipt(network: Network, squares: Make, cpu: Device, tmp_path: Path) -> None:
    regions = [squares()]
    end = outcome(network, regions, QUICK, device=cpu)
    card = end.network.card
    assert (card.labels, card.seed) == (labels_hash(regions), 3)
    assert 0 < card.steps <= 30 and card.seconds > 0 and card.created and card.app
    assert card.metrics["dice"] == end.verdict.challenger and set(card.metrics["iou"]) == {"0", "1"}
    assert json.loads(card.to_json())["metrics"]["recipe"]["tile"] == 32
    save(end.network, tmp_path / "model.safetensors")
    assert same(load(tmp_path / "model.safetensors"), end.network)


class Script(Free):
    """Says yes to one question from the n-th time it is asked."""

    def __init__(self, question: str, count: int) -> None:
        self.question, self.left = question, count

    def _ask(self, question: str) -> bool:
        self.left -= question == self.question
        return self.left < 0 and question == self.question

    def cancelled(self) -> bool:
        return self._ask("cancelled")

    def stopped(self) -> bool:
        return self._ask("stopped")


def test_stopping_keeps_the_best_so_far(network: Network, squares: Make, cpu: Device) -> None:
    end = outcome(network, [squares()], QUICK, device=cpu, control=Script("stopped", 12))
    assert end.ended_by == "stopped" and end.steps == 13 and end.network.card.steps in (10, 13)


def test_cancelling_ends_without_an_outcome(network: Network, squares: Make, cpu: Device) -> None:
    events = list(finetune(network, [squares()], QUICK, device=cpu, control=Script("cancelled", 5)))
    assert len(events) == 6 and isinstance(events[-1], StepDone)


def test_pauses_and_painting_are_asked_about_before_each_step(network: Network, squares: Make, cpu: Device) -> None:
    asked: list[str] = []

    class Listening(Free):
        def paused(self) -> bool:
            asked.append("paused")
            return False

        def yield_now(self) -> None:
            asked.append("yield")

    outcome(network, [squares()], replace(QUICK, steps=3), device=cpu, control=Listening())
    assert asked == ["paused", "yield"] * 3


def test_it_ends_when_time_is_up(network: Network, squares: Make, cpu: Device) -> None:
    end = outcome(network, [squares()], replace(QUICK, steps=0, seconds=0.3), device=cpu)
    assert end.ended_by == "the end of the recipe" and 0.3 <= end.seconds < 30


def test_it_ends_early_when_nothing_gets_better(network: Network, squares: Make, cpu: Device) -> None:
    end = outcome(network, [squares()], replace(QUICK, steps=500, every=2, patience=2, rate=0.0), device=cpu)
    assert end.ended_by == "no better score for a while" and end.steps < 20


def test_numbers_that_grow_without_limit_end_it_and_are_refused(network: Network, squares: Make, cpu: Device) -> None:
    end = outcome(network, [squares()], replace(QUICK, rate=1e30, clip=1e30, warm_up=1), device=cpu)
    assert not end.verdict.accepted and end.ended_by == "the loss was no longer a number"
    assert all(bool(value.isfinite().all()) for value in end.network.module.state_dict().values())


def test_one_class_is_not_enough(network: Network, squares: Make, cpu: Device) -> None:
    codes = np.full((128, 128), encode(1, Origin.PAINTED), np.uint16)
    with pytest.raises(UserError) as error:
        next(iter(finetune(network, [squares(codes=codes)], QUICK, device=cpu)))
    assert "background" in error.value.why and "stroke" in error.value.hint


def test_a_training_that_broke_off_goes_on_and_ends_as_if_it_had_not(
    network: Network, squares: Make, cpu: Device, tmp_path: Path
) -> None:
    regions, state = [squares(recent=[(0, 0, 40, 40)])], tmp_path / "runs" / "state.safetensors"
    for event in finetune(network, regions, QUICK, device=cpu, state=state):
        if event.step == 24 if isinstance(event, StepDone) else False:
            break
    events = list(finetune(network, regions, QUICK, device=cpu, state=state, resume=True))
    assert isinstance(events[0], StepDone) and events[0].step == 21
    assert isinstance(events[-1], Outcome)
    assert same(events[-1].network, outcome(network, regions, QUICK, device=cpu).network)
    assert [path.name for path in state.parent.iterdir()] == ["state.safetensors"]


def test_a_state_of_other_labels_is_not_continued_and_that_is_noted(
    network: Network, squares: Make, cpu: Device, tmp_path: Path
) -> None:
    state = tmp_path / "state.safetensors"
    outcome(network, [squares(0)], QUICK, device=cpu, state=state)
    events = list(finetune(network, [squares(1)], QUICK, device=cpu, state=state, resume=True))
    assert isinstance(events[0], StepDone) and events[0].step == 1
    assert isinstance(events[-1], Outcome) and "began anew" in events[-1].metrics["notes"][0]


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"not a state at all"])
def test_a_damaged_state_is_not_used(
    content: bytes, network: Network, squares: Make, cpu: Device, tmp_path: Path
) -> None:
    state = tmp_path / "state.safetensors"
    state.write_bytes(content)
    first = next(iter(finetune(network, [squares()], QUICK, device=cpu, state=state, resume=True)))
    assert isinstance(first, StepDone) and first.step == 1


class Greedy(nn.Module):
    """A network that runs out of memory in training when it gets more than `limit` patches."""

    stride, halo = 1, 0

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit, self.conv = limit, nn.Conv2d(1, 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        if self.training and len(x) > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        found: Tensor = self.conv(x)
        return found


def test_running_out_of_memory_makes_batches_smaller_and_is_noted(network: Network, squares: Make, cpu: Device) -> None:
    end = outcome(Network(Greedy(1), network.card), [squares()], QUICK, device=cpu)
    assert end.steps == 30 and end.metrics["recipe"]["batch"] == 1
    assert [note.split(": ")[1] for note in end.metrics["notes"]] == [
        f"training with {n} patches a step." for n in (2, 1)
    ]
    with pytest.raises(torch.OutOfMemoryError):
        outcome(Network(Greedy(0), network.card), [squares()], QUICK, device=cpu)


def test_threads_are_limited_while_training_and_given_back(network: Network, squares: Make, cpu: Device) -> None:
    torch.set_num_threads(2)
    events = finetune(network, [squares()], replace(QUICK, threads=1), device=cpu)
    next(iter(events))
    assert torch.get_num_threads() == 1
    events.close()  # type: ignore[attr-defined]
    assert torch.get_num_threads() == 2


def test_a_second_training_that_forgets_a_class_is_refused(network: Network, squares: Make, cpu: Device) -> None:
    """The new labels contradict the old ones; the gate keeps the champion on the frozen validation image."""
    champion = outcome(network, [squares(0)], replace(QUICK, steps=80), device=cpu).network
    wrong = squares(1, role="train")
    wrong.codes = np.where(wrong.codes > 0, np.uint16(encode(0, Origin.PAINTED)), wrong.codes).astype(np.uint16)
    wrong.codes[:2, :2] = encode(1, Origin.PAINTED)
    recipe = replace(QUICK, steps=40, every=40, ema=0.5)  # one score only, at the end
    end = outcome(champion, [wrong, squares(5, role="validation")], recipe, device=cpu)
    assert not end.verdict.accepted and "Not used" in end.verdict.sentence


def test_replay_keeps_what_was_learnt_and_its_absence_does_not(network: Network, squares: Make, cpu: Device) -> None:
    """Bright cells, then dark ones on a brighter ground: half and half knows both, the new alone forgets."""
    old, new = squares(0, role="train"), dark_cells(squares(1, role="train", recent=[(0, 0, 128, 128)]))
    champion = outcome(network, [old], replace(QUICK, steps=60), device=cpu).network
    recipe = replace(QUICK, steps=100, every=50, tile=64)  # batch norm wants more than 32 pixels
    with_replay = outcome(champion, [old, new], recipe, device=cpu).network
    without = outcome(champion, [new], recipe, device=cpu).network
    unseen = squares(9, role="validation")

    def score(network: Network, region: Labelled) -> float:
        return mean_dice(evaluate(network, [region], cpu).pooled)

    assert score(without, unseen) < 0.6 < 0.75 < score(with_replay, unseen)
    assert score(with_replay, dark_cells(unseen)) > 0.75


def dark_cells(region: Labelled) -> Labelled:
    pixels = np.where(region.codes & 255, 10.0, 230.0) + np.random.default_rng(7).normal(0, 10, region.codes.shape)
    return replace_pixels(region, pixels.clip(0, 255).astype(np.uint8)[..., None])


def replace_pixels(region: Labelled, pixels: np.ndarray) -> Labelled:
    return Labelled(
        region.name, region.group, pixels, region.ranges, region.codes, region.recent, region.role, region.digest
    )


def test_classes_and_weights_come_from_the_codes() -> None:
    codes = np.array([[0, encode(1, Origin.PAINTED), encode(0, Origin.ACCEPTED), encode(1, Origin.UNSURE)]], np.uint16)
    classes, weights = targets(codes)
    assert classes.tolist() == [[255, 1, 0, 255]] and weights.tolist() == [[0, 1, 0.5, 0]]
