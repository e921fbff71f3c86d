"""The table of networks: text only, complete, and helpful when something is not in it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from segstudio.errors import UserError
from segstudio.models.registry import MODELS, find


def test_listing_the_networks_and_reading_cards_imports_no_torch():
    code = "import sys, segstudio.models.registry, segstudio.models.card; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_unknown_network_is_answered_with_the_known_ones_and_a_guess():
    with pytest.raises(UserError) as caught:
        find("unett")
    assert "“unett”" in caught.value.sentence and "Did you mean “unet”?" in caught.value.sentence
    assert all(model_id in caught.value.hint for model_id in MODELS)


@pytest.mark.parametrize("spec", MODELS.values(), ids=lambda spec: spec.id)
def test_every_network_has_the_three_presets_and_they_are_valid(spec):
    assert list(spec.presets) == ["light", "standard", "paper"]
    for options in spec.presets.values():
        assert spec.complete(options).keys() == spec.options.keys()


@pytest.mark.parametrize("spec", MODELS.values(), ids=lambda spec: spec.id)
def test_every_option_says_what_it_means_and_which_values_it_takes(spec):
    for option in spec.options.values():
        assert option.help.endswith(".")
        assert option.choices or (option.low is not None and option.high is not None)
    assert spec.complete({}) == {name: option.default for name, option in spec.options.items()}


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"widht": 8}, "no option “widht”"),
        ({"width": 1}, "between 2 and 256"),
        ({"width": "wide"}, "cannot be 'wide'"),
        ({"width": 8.5}, "cannot be 8.5"),
        ({"width": True}, "cannot be True"),
        ({"width": float("inf")}, "cannot be inf"),
        ({"width": None}, "cannot be None"),
        ({"dropout": float("nan")}, "cannot be nan"),
        ({"norm": "group"}, "Choose batch, none"),
    ],
)
def test_an_option_out_of_range_is_refused_with_what_is_allowed(options, part):
    with pytest.raises(UserError) as caught:
        find("unet").complete(options)
    assert part in caught.value.sentence


def test_an_even_kernel_is_refused_because_it_would_shift_the_image():
    with pytest.raises(UserError, match="cannot be “4”"):
        find("fcn8s").complete({"kernel": 4})


def test_options_typed_as_text_become_numbers():
    assert find("unet").complete({"width": "16", "dropout": "0.5", "depth": 3.0}) == {
        "width": 16, "depth": 3, "upsampling": "learnt", "norm": "batch", "dropout": 0.5,
    }  # fmt: skip
