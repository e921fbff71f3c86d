"""Checkpoints: whole or not at all, and nothing is loaded that does not fit its card."""

from __future__ import annotations

import dataclasses
import hashlib
import pickle
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from segstudio.errors import UserError
from segstudio.models.card import KEY, read_card
from segstudio.models.weights import load, save


@pytest.fixture
def saved(light, tmp_path):
    path = tmp_path / "m.safetensors"
    save(light("unet", width=2), path)
    return path


def rewritten(path, change=lambda state: None, **card):
    """The same checkpoint with changed tensors or another card."""
    state = load_file(path)
    change(state)
    save_file(state, path, {KEY: dataclasses.replace(read_card(path), **card).to_json()})
    return path


def test_saving_returns_the_hash_of_the_file_and_leaves_nothing_else(light, tmp_path):
    path = tmp_path / "m.safetensors"
    digest = save(light("unet"), path)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(tmp_path.iterdir()) == [path]


def test_saving_the_same_network_twice_gives_the_same_bytes(light, tmp_path):
    network = light("unet")
    assert save(network, tmp_path / "a.safetensors") == save(network, tmp_path / "b.safetensors")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_network_that_is_not_finite_is_not_saved_and_the_old_file_stays(light, saved, value):
    before = saved.read_bytes()
    network = light("unet", width=2)
    network.module.head.weight.data[0, 0] = value
    with pytest.raises(UserError, match="not saved"):
        save(network, saved)
    assert saved.read_bytes() == before


def test_a_failed_rename_leaves_the_old_file_and_no_rest(light, saved, monkeypatch):
    before = saved.read_bytes()

    def refuse(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(saved), "replace", refuse)
    with pytest.raises(UserError, match=r"could not be saved") as caught:
        save(light("unet"), saved)
    assert caught.value.why == "No space left on device"
    assert saved.read_bytes() == before and list(saved.parent.iterdir()) == [saved]


def test_saving_into_a_missing_folder_is_refused_in_words(light, tmp_path):
    with pytest.raises(UserError, match="could not be saved"):
        save(light("unet"), tmp_path / "nowhere" / "m.safetensors")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda state: state.pop("head.bias"), "not those its card names"),
        (lambda state: state.update(extra=torch.zeros(1)), "not those its card names"),
        (lambda state: state.update({"head.bias": torch.zeros(3)}), "“head.bias” has the wrong shape"),
        (lambda state: state.update({"head.bias": torch.zeros(2).half()}), "wrong type of number"),
        (lambda state: state["head.bias"].fill_(float("nan")), "not numbers"),
        (lambda state: state["head.bias"].fill_(float("-inf")), "not numbers"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_reason(saved, change, why):
    with pytest.raises(UserError, match="is damaged") as caught:
        load(rewritten(saved, change))
    assert why in caught.value.why


@pytest.mark.parametrize(
    "card", [{"options": {"width": 256, "depth": 6}}, {"channels": 2}, {"architecture": "segnet", "options": {}}]
)
def test_a_card_that_names_another_network_is_refused_before_memory_is_taken(saved, card):
    with pytest.raises(UserError, match="is damaged"):
        load(rewritten(saved, **card))


def test_a_network_of_a_newer_version_is_refused_by_its_name(saved):
    with pytest.raises(UserError, match="no network “transformer”"):
        load(rewritten(saved, architecture="transformer"))


def test_a_file_cut_short_is_refused(saved):
    data = saved.read_bytes()
    for keep in (len(data) - 1, len(data) // 2, 20, 7, 0):
        saved.write_bytes(data[:keep])
        with pytest.raises(UserError):
            load(saved)


def test_a_pickle_is_refused_without_running_it(tmp_path):
    path = tmp_path / "evil.safetensors"
    flag = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return (type(flag).touch, (flag,))

    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match="not a SegStudio model"):
        load(path)
    assert not flag.exists()


def test_a_safetensors_file_of_another_program_is_refused(tmp_path):
    save_file({"w": torch.zeros(2)}, tmp_path / "other.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match="not a SegStudio model"):
        load(tmp_path / "other.safetensors")


def test_a_loaded_network_does_not_depend_on_its_file_any_more(saved):
    network = load(saved)
    before = network.module.head.weight.clone()
    with saved.open("r+b") as file:
        file.seek(8 + struct.unpack("<Q", file.read(8))[0])
        file.write(b"\xff" * 5000)
    assert torch.equal(network.module.head.weight, before)
