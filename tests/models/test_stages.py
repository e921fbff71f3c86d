"""A finer FCN goes on from a coarser one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from segstudio.errors import UserError
from segstudio.models.network import build
from segstudio.models.stages import finer
from segstudio.models.starter import begin
from segstudio.models.weights import save

LIGHT = {"width": 2, "hidden": 8, "kernel": 3, "norm": "batch", "dropout": 0.0}
CLASSES = (("a", "#000000"), ("b", "#ffffff"))


def learnt(architecture: str):
    network = build(architecture, 1, CLASSES, LIGHT, seed=1)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in network.module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return network


@pytest.mark.parametrize(("coarse", "fine"), [("fcn32s", "fcn16s"), ("fcn16s", "fcn8s")])
def test_it_keeps_every_weight_and_adds_scores_of_zero(coarse, fine):
    before = learnt(coarse)
    after = finer(before, fine)
    old, new = before.module.state_dict(), after.module.state_dict()
    assert all(torch.equal(new[name], value) for name, value in old.items() if name != "final.weight")
    added = [name for name in new if name not in old and name.startswith("scores")]
    assert added and not any(new[name].any() for name in added)
    assert after.card.architecture == fine and "stage" in after.card.metrics and after.card.steps == 0


def test_only_the_stage_before_will_do():
    with pytest.raises(UserError, match="cannot go on from FCN-32s"):
        finer(learnt("fcn32s"), "fcn8s")
    with pytest.raises(UserError, match="cannot go on"):
        finer(learnt("fcn32s"), "unet")


def test_a_new_model_can_begin_with_a_coarser_one(tmp_path: Path):
    coarse = learnt("fcn32s")
    save(coarse, tmp_path / "c.safetensors")
    made = begin("fcn16s", 1, CLASSES, weights="coarser", model=tmp_path / "c.safetensors")
    assert torch.equal(made.module.score.weight, coarse.module.score.weight)
    with pytest.raises(UserError, match="no coarser model"):
        begin("fcn16s", 1, CLASSES, weights="coarser")
