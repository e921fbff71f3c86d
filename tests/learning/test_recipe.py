from __future__ import annotations

import pytest

from segstudio.core.codes import Origin
from segstudio.errors import UserError
from segstudio.learning.recipe import ORIGIN_WEIGHTS, PAPERS, PRESETS, preset
from segstudio.models.card import Card
from segstudio.models.registry import MODELS
from segstudio.settings import Settings


def test_a_preset_can_be_changed() -> None:
    assert preset("light", seconds=5, seed=3).seconds == 5
    assert preset("light") == PRESETS["light"]


def test_a_recipe_can_be_given_as_one_table_the_way_messages_carry_it() -> None:
    assert preset(**{"preset": "standard", "seconds": 9, "seed": 1}).seed == 1


def test_every_preset_a_user_can_choose_has_a_recipe() -> None:
    from dataclasses import fields

    choices = next(f.metadata["choices"] for f in fields(Settings) if f.name == "preset")
    assert set(choices) <= set(PRESETS)


@pytest.mark.parametrize("changes", [{"steps": 0, "seconds": 0}, {"batch": 0}, {"every": 0}, {"learning_rate": 1}])
def test_an_impossible_recipe_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(UserError):
        preset("light", **changes)


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError) as error:
        preset("heavy")
    assert "light" in error.value.hint


def test_every_origin_has_a_weight_and_unsure_has_none() -> None:
    assert set(ORIGIN_WEIGHTS) == set(Origin)
    assert ORIGIN_WEIGHTS[Origin.UNSURE] == 0 < ORIGIN_WEIGHTS[Origin.ACCEPTED] < ORIGIN_WEIGHTS[Origin.PAINTED]


def card(architecture: str, **metrics: str) -> Card:
    return Card(architecture, {}, 1, (("a", "#000000"), ("b", "#ffffff")), metrics=metrics)


def test_every_network_has_the_recipe_of_its_paper() -> None:
    assert set(PAPERS) == set(MODELS)
    assert preset("paper", card("unet")).border == 10 and preset("paper", card("unet")).elastic == 10
    assert preset("paper", card("segnet")).median and not preset("paper", card("fcn8s")).median
    assert preset("light", card("unet")) == PRESETS["light"]


def test_a_finer_stage_learns_with_a_hundredth_of_the_rate() -> None:
    whole, staged = preset("paper", card("fcn16s")), preset("paper", card("fcn16s", stage="goes on from FCN-32s"))
    assert staged.rate == pytest.approx(whole.rate / 100)


def test_own_numbers_come_before_the_papers() -> None:
    assert preset("paper", card("unet"), tile=128).tile == 128
