from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from segstudio import __version__
from segstudio.errors import UserError
from segstudio.learning.control import Free
from segstudio.learning.device import Device
from segstudio.learning.finetune import Outcome, StepDone, finetune
from segstudio.learning.labelled import Labelled, labels_hash
from segstudio.learning.recipe import Recipe
from segstudio.learning.replay import compare, replay
from segstudio.models.card import read_card
from segstudio.models.network import Network
from segstudio.models.weights import load, save, weights_hash

Make = Callable[..., Labelled]
QUICK = Recipe(steps=30, seconds=0, tile=32, batch=4, every=10, seed=3)


def trained(network: Network, regions: list[Labelled], recipe: Recipe, cpu: Device) -> Network:
    return next(e for e in finetune(network, regions, recipe, device=cpu) if isinstance(e, Outcome)).network


def test_the_receipt_travels_in_the_file_and_says_everything(
    network: Network, squares: Make, cpu: Device, tmp_path: Path
) -> None:
    regions = [squares(0), squares(1)]
    made = trained(network, regions, QUICK, cpu)
    save(made, tmp_path / "m.safetensors")
    found = read_card(tmp_path / "m.safetensors").receipt
    assert found["labels"] == labels_hash(regions) and found["seed"] == 3
    assert found["recipe"]["steps"] == 30 and found["steps"] == 30 and found["best_step"] in (10, 20, 30)
    assert found["start"] == weights_hash(network.module) and found["weights"] == weights_hash(made.module)
    assert found["code"]["version"] == __version__ and found["libraries"]["torch"] == torch.__version__
    assert found["device"] == {"kind": "cpu", "name": cpu.title, "threads": 1}
    halves = found["split"]
    assert halves["training_pixels"] + halves["validation_pixels"] == 2 * 128 * 128


@pytest.mark.parametrize(
    "recipe", [QUICK, replace(QUICK, steps=0, seconds=1.0, patience=100)], ids=["by steps", "by the clock"]
)
def test_a_replay_gives_the_same_weights_bit_for_bit(
    network: Network, squares: Make, cpu: Device, tmp_path: Path, recipe: Recipe
) -> None:
    regions = [squares(0, recent=[(0, 0, 64, 64)]), squares(1)]
    save(trained(network, regions, recipe, cpu), tmp_path / "m.safetensors")
    made = load(tmp_path / "m.safetensors")
    assert made.card.receipt["best_step"] > 0 and bool(made.card.receipt["schedule"]) == bool(recipe.seconds)
    assert compare(replay(network, regions, made.card.receipt), made).same


def test_without_the_recorded_schedule_a_clocked_run_does_not_repeat(
    network: Network, squares: Make, cpu: Device
) -> None:
    regions = [squares(0)]
    made = trained(network, regions, replace(QUICK, steps=0, seconds=1.0, patience=100), cpu)
    other = replay(network, regions, {**made.card.receipt, "schedule": []})
    found = compare(other, made)
    assert not found.same and found.largest > 0 and found.tensor in made.module.state_dict()


def test_the_rate_of_a_clocked_run_falls_as_the_clock_runs(network: Network, squares: Make, cpu: Device) -> None:
    recipe = replace(QUICK, steps=0, seconds=1.5, patience=100, every=1000)
    rates = [e.rate for e in finetune(network, [squares(0)], recipe, device=cpu) if isinstance(e, StepDone)]
    assert rates[-1] < 0.2 * max(rates)


def test_a_replay_refuses_other_labels_and_another_start(
    network: Network, squares: Make, cpu: Device, tiny_network: Callable[[int], Network]
) -> None:
    regions = [squares(0)]
    receipt = json.loads(json.dumps(trained(network, regions, replace(QUICK, steps=10), cpu).card.receipt))
    codes = regions[0].codes.copy()
    codes[0, 0] ^= 1
    with pytest.raises(UserError, match="labels are not those"):
        replay(network, [squares(0, codes=codes)], receipt)
    with pytest.raises(UserError, match="labels are not those"):
        replay(network, [squares(0, role="train")], receipt)
    with pytest.raises(UserError, match="start from"):
        replay(tiny_network(1), regions, receipt)
    with pytest.raises(UserError, match="no receipt"):
        replay(network, regions, {})
    with pytest.raises(UserError, match="cannot be replayed"):
        replay(network, regions, {**receipt, "out_of_memory": True})
    with pytest.raises(UserError, match="incomplete"):
        replay(network, regions, {**receipt, "recipe": {}})


def test_a_published_version_is_calibrated_where_pixels_are_held_out(
    network: Network, squares: Make, cpu: Device
) -> None:
    held_out = trained(network, [squares(0, role="train"), squares(1, role="validation")], QUICK, cpu).card
    said = held_out.metrics["calibration"]
    assert said["pixels"] == 128 * 128 and held_out.temperature == said["temperature"] != 1.0
    assert said["after"]["nll"] <= said["before"]["nll"] and len(said["after"]["bins"]) == 15
    warm = Network(network.module, replace(network.card, temperature=5.0))
    alone = trained(warm, [squares(0, role="train")], QUICK, cpu).card
    assert alone.temperature == 1.0 and alone.metrics["calibration"] is None  # the parent's is not its own


class CancelAt(Free):
    """Drops the training after some steps."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def cancelled(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_a_training_that_was_interrupted_and_resumed_is_replayed_too(
    network: Network, squares: Make, cpu: Device, tmp_path: Path
) -> None:
    recipe, regions, state = replace(QUICK, seconds=600.0), [squares(0)], tmp_path / "state"
    assert not any(
        isinstance(e, Outcome)
        for e in finetune(network, regions, recipe, device=cpu, control=CancelAt(15), state=state)
    )
    events = list(finetune(network, regions, recipe, device=cpu, state=state, resume=True))
    assert isinstance(events[0], StepDone) and events[0].step == 11
    made = next(e for e in events if isinstance(e, Outcome)).network
    assert made.card.receipt["steps"] == 30 and made.card.receipt["schedule"][0][0] == 1
    assert compare(replay(network, regions, made.card.receipt), made).same
