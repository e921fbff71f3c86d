"""Options read from signatures, and what they accept."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest

from segstudio.core.parameters import (
    ImageValue,
    Parameter,
    Range,
    check,
    defaults,
    fit,
    parameters,
    parse_setting,
)
from segstudio.errors import UserError


def method(
    image: Any,
    *,
    window: Annotated[int, range(3, 302, 2), "Side in pixels."] = 51,
    offset: Annotated[float, Range(-0.5, 0.5, 0.01)] = 0.02,
    mean: Literal["gaussian", "median"] = "gaussian",
    low: Annotated[float | None, ImageValue(0.25), "In image units."] = None,
    drop_specks: bool = False,
) -> None:
    """Stands for any method."""


OPTIONS = parameters(method)


def message(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        check(OPTIONS, values)
    assert caught.value.what and caught.value.why and caught.value.hint
    return caught.value.sentence


def test_options_are_read_in_the_order_of_the_signature():
    assert [p.name for p in OPTIONS] == ["window", "offset", "mean", "low", "drop_specks"]


def test_each_kind_says_what_a_form_needs():
    assert [
        Parameter("window", "Window", "int", 51, low=3, high=301, step=2, help="Side in pixels."),
        Parameter("offset", "Offset", "float", 0.02, low=-0.5, high=0.5, step=0.01),
        Parameter("mean", "Mean", "choice", "gaussian", choices=("gaussian", "median")),
        Parameter("low", "Low", "float", None, help="In image units.", share=0.25, optional=True),
        Parameter("drop_specks", "Drop specks", "bool", False),
    ] == OPTIONS


def test_image_units_take_their_limits_from_the_image():
    low = fit(OPTIONS, -1000.0, 3000.0)[3]
    assert (low.low, low.high, low.step, low.default) == (-1000.0, 3000.0, 10.0, 0.0)
    assert fit(OPTIONS, -1000.0, 3000.0)[0] == OPTIONS[0]


def test_an_image_of_one_value_still_gives_a_form():
    assert fit(OPTIONS, 7.0, 7.0)[3].default == 7.0


def test_values_left_out_are_the_defaults():
    assert check(OPTIONS, {"window": 7}) == {**defaults(OPTIONS), "window": 7}


def test_values_round_trip_through_text_and_json():
    values = {"window": 9, "offset": -0.25, "mean": "median", "low": -120.5, "drop_specks": True}
    assert check(OPTIONS, {name: str(value) for name, value in values.items()}) == values
    assert check(OPTIONS, json.loads(json.dumps(values))) == values


def test_defaults_round_trip_through_text():
    text = {name: str(value) for name, value in defaults(OPTIONS).items()}
    assert check(OPTIONS, text) == defaults(OPTIONS)


@pytest.mark.parametrize("text", ["", "none", "Auto"])
def test_an_optional_value_can_be_left_to_the_method(text):
    assert check(OPTIONS, {"low": text})["low"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("window", 2),
        ("window", 303),
        ("window", 5.5),
        ("window", True),
        ("window", "wide"),
        ("window", None),
        ("offset", 0.51),
        ("offset", "nan"),
        ("offset", float("inf")),
        ("low", float("nan")),
        ("low", [1]),
        ("mean", "mode"),
        ("mean", 3),
        ("drop_specks", "perhaps"),
        ("drop_specks", 1),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_by_name(name, value):
    assert name in message({name: value})


def test_an_even_window_is_refused_with_the_numbers_to_use():
    assert "Use 49 or 51." in message({"window": 50})


def test_an_unknown_name_is_refused_with_the_known_ones():
    assert "window, offset, mean" in message({"widnow": 3})


def test_whole_floats_are_whole_numbers():
    assert check(OPTIONS, {"window": 7.0})["window"] == 7


def test_a_setting_is_a_name_and_a_value():
    assert parse_setting("window=51") == ("window", "51")
    assert parse_setting(" note = a=b ") == ("note", "a=b")


@pytest.mark.parametrize("text", ["window", "=51", ""])
def test_anything_else_is_no_setting(text):
    with pytest.raises(UserError, match="not a setting"):
        parse_setting(text)


def test_a_type_that_says_too_little_is_a_mistake_of_the_author():
    def vague(image: Any, *, size: int = 3) -> None: ...

    def required(image: Any, *, flag: bool) -> None: ...

    with pytest.raises(TypeError, match="size"):
        parameters(vague)
    with pytest.raises(TypeError, match="flag"):
        parameters(required)
