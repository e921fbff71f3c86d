"""The conversation between window and worker."""

from __future__ import annotations

import math
import os
from importlib import import_module

import numpy as np
import pytest

from segstudio.worker import messages
from segstudio.worker.control import Control
from segstudio.worker.jobs import JOBS, run
from segstudio.worker.messages import Message, Pixels, Predict, Region, Train, decode, encode

PIXELS = Pixels("/tmp/a", (1, 2, 3), "|u1")
EXAMPLES = {
    "Train": Train(
        3, "m.safetensors",
        (Region("a", "g", "blocks", "d", PIXELS, PIXELS, ((0.0, 1.0),), ((1, 2, 3, 4),), (64, 128)),),
        {"preset": "light"}, "cpu", "out", "state", True,
    ),
    "Predict": Predict(1, "m", PIXELS, ((0.0, 255.0),), (0, 1), PIXELS, PIXELS, first=(0, 0, 5, 5)),
    "Score": messages.Score(1, 20, {"0": 0.5, "1": None}, {"0": 0.75, "1": 1.0}),
    "Failed": messages.Failed(2, "“schädel.png” failed.", "why", "hint"),
}  # fmt: skip


@pytest.mark.parametrize("message", EXAMPLES.values(), ids=EXAMPLES)
def test_a_message_survives_the_wire(message: Message) -> None:
    line = encode(message)
    assert line.count("\n") == 1
    assert decode(line) == message


def test_every_message_has_a_job_number_first() -> None:
    assert all(kind.__struct_fields__[0] == "job" for kind in Message.__subclasses__())


@pytest.mark.parametrize(
    "line",
    [
        '{"message": "Nonsense", "job": 1}', '{"job": 1}', "[]", "no JSON at all", '{"message": "Cancel"}',
        '{"message": "Cancel", "job": "one"}', '{"message": "Block", "job": 1, "z": 0, "box": [1, 2, 3]}',
    ],
)  # fmt: skip
def test_a_line_that_is_no_message_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        decode(line)


def test_what_a_newer_worker_adds_does_no_harm() -> None:
    assert decode('{"message": "Cancelled", "job": 4, "mood": "fine"}') == messages.Cancelled(4)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 1e300, 5e-324])
def test_every_number_arrives_as_it_was_sent(value: float) -> None:
    sent = messages.Probed(1, {"nodata": value, "deep": [{"a": value}]})
    got = decode(encode(sent))
    assert isinstance(got, messages.Probed) and repr(got.info) == repr(sent.info)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int16, np.uint8, np.bool_])
def test_numbers_of_numpy_arrive_as_plain_ones(kind: type[np.generic]) -> None:
    got = decode(encode(messages.Probed(1, {"value": kind(1), "many": (kind(0),)})))
    assert got == messages.Probed(1, {"value": 1, "many": [0]})


def test_a_file_name_of_any_bytes_arrives() -> None:
    name = os.fsdecode(b"L\xe4ber \xf0\x9f\x94\xac \n.png")
    assert decode(encode(messages.Probe(1, name, 5))) == messages.Probe(1, name, 5)


def test_what_is_no_plain_value_is_not_sent() -> None:
    with pytest.raises(TypeError):
        encode(messages.Probed(1, {"value": object()}))


def test_switches_act_at_once_and_every_job_has_a_function() -> None:
    switches = {messages.Cancel, messages.Pause, messages.Stop, messages.Busy}
    assert all(Control().take(_blank(kind)) == (kind in switches) for kind in Message.__subclasses__())
    assert not switches & JOBS.keys()
    for factory in JOBS.values():
        module, _, name = factory.partition(":")
        assert callable(getattr(import_module(module), name)), factory


def test_what_is_no_request_is_no_job() -> None:
    with pytest.raises(TypeError, match="Finished"):
        run(messages.Finished(1, 0.5), Control(), lambda _: None)


def _blank(kind: type[Message]) -> Message:
    return kind(*(0 for _ in kind.__struct_fields__))
