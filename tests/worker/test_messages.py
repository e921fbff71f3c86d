"""The conversation between window and worker."""

from __future__ import annotations

from dataclasses import fields

import pytest

from segstudio.worker import messages
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
    assert all(fields(kind)[0].name == "job" for kind in Message.kinds.values())  # type: ignore[arg-type]


def test_a_line_that_is_no_message_is_refused() -> None:
    with pytest.raises(ValueError, match="not a message"):
        decode('{"kind": "Nonsense", "job": 1}')
