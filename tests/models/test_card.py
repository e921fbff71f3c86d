"""Cards: nothing is lost on the way to JSON and back, and a foreign file gets one clear sentence."""

from __future__ import annotations

import dataclasses
import json
import struct

import pytest

from segstudio.errors import UserError
from segstudio.models.card import HEADER_LIMIT, KEY, Card, read_card

CARD = Card("unet", {"width": 8}, 1, (("Background", "#000000"), ("Zelle", "#ff8800")), metrics={"dice": [0.5, 1.0]})


def checkpoint(path, card_text):
    header = json.dumps({"__metadata__": {KEY: card_text}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


def test_a_card_survives_json(tmp_path):
    assert Card.from_json(CARD.to_json()) == CARD
    assert read_card(checkpoint(tmp_path / "m.safetensors", CARD.to_json())) == CARD


def test_a_score_that_is_not_a_number_does_not_make_the_model_unsavable():
    card = dataclasses.replace(CARD, metrics={"dice": {"0": float("nan"), "1": [1.0, float("inf")]}})
    assert Card.from_json(card.to_json()).metrics == {"dice": {"0": None, "1": [1.0, None]}}


def test_fields_of_a_newer_version_are_ignored():
    values = json.loads(CARD.to_json()) | {"mood": "sunny"}
    assert Card.from_json(json.dumps(values)) == CARD


@pytest.mark.parametrize(
    "change",
    [
        {"channels": 0}, {"channels": "3"}, {"channels": True}, {"channels": 10**9}, {"channels": None},
        {"classes": []}, {"classes": "ab"}, {"classes": [["a"]]}, {"classes": [["a", 1]]},
        {"classes": [["a", "b"]] * 256}, {"options": [1]}, {"architecture": 5}, {"scaling": "magic"},
        {"temperature": 0}, {"temperature": float("nan")}, {"metrics": 7}, {"steps": "many"},
    ],
    ids=str,
)  # fmt: skip
def test_a_card_with_a_senseless_field_is_refused(tmp_path, change):
    text = json.dumps(json.loads(CARD.to_json()) | change)
    with pytest.raises(UserError, match="not a SegStudio model"):
        read_card(checkpoint(tmp_path / "m.safetensors", text))


@pytest.mark.parametrize("field", ["architecture", "options", "channels", "classes"])
def test_a_card_without_a_necessary_field_is_refused(field):
    values = json.loads(CARD.to_json())
    del values[field]
    with pytest.raises(ValueError, match="incomplete"):
        Card.from_json(json.dumps(values))


@pytest.mark.parametrize(
    "data",
    [
        b"", b"abc", b"\x89PNG\r\n\x1a\n" + bytes(50), struct.pack("<Q", 10), struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 3) + b"\xff\xfe{", struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 2**63) + b"{}", struct.pack("<Q", 90_000) + b"[" * 90_000,
        struct.pack("<Q", 23) + b'{"__metadata__": "text"}'[:23], b"PK\x03\x04" + bytes(100),
    ],
    ids=lambda data: data[:12].hex() or "empty",
)  # fmt: skip
def test_a_foreign_file_gets_one_clear_sentence(tmp_path, data):
    path = tmp_path / "other.safetensors"
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"“other\.safetensors” is not a SegStudio model"):
        read_card(path)


def test_a_header_over_the_limit_is_not_even_read(tmp_path):
    path = tmp_path / "huge.safetensors"
    text = CARD.to_json()
    path.write_bytes(struct.pack("<Q", HEADER_LIMIT + 1) + text.encode() + b" " * HEADER_LIMIT)
    with pytest.raises(UserError) as caught:
        read_card(path)
    assert "too long" in str(caught.value.__cause__)


@pytest.mark.parametrize("name", ["missing.safetensors", "."])
def test_a_missing_file_and_a_folder_cannot_be_read(tmp_path, name):
    with pytest.raises(UserError, match="could not be read"):
        read_card(tmp_path / name)
