"""Packed tiles are exact, small, and never decode to wrong pixels."""

from __future__ import annotations

import random

import numpy as np
import pytest
import zstandard
from numpy.typing import DTypeLike

from segstudio.core.packing import pack, unpack
from segstudio.errors import UserError


def tile(dtype: DTypeLike = np.uint16) -> np.ndarray:
    return np.kron(np.random.default_rng(1).integers(0, 5, (32, 32)), np.ones((8, 8), int)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tile_comes_back_exactly(dtype: DTypeLike) -> None:
    back = unpack(pack(tile(dtype)), dtype)
    assert back.dtype == dtype and np.array_equal(back, tile(dtype))


def test_a_broadcast_tile_packs_like_any_other() -> None:
    assert (unpack(pack(np.broadcast_to(np.uint8(3), (256, 256))), np.uint8) == 3).all()


def test_the_same_tile_packs_to_the_same_bytes() -> None:
    assert pack(tile()) == pack(tile())


def test_no_flipped_bit_is_ever_shown() -> None:
    frame, chance = pack(tile()), random.Random(3)
    for _ in range(3000):
        damaged = bytearray(frame)
        damaged[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)
        try:
            assert np.array_equal(unpack(bytes(damaged), np.uint16), tile())
        except UserError:
            continue


@pytest.mark.parametrize("frame", [b"", b"x", pack(tile())[:-9], pack(tile(np.uint8))])
def test_what_is_not_one_whole_tile_is_refused(frame: bytes) -> None:
    with pytest.raises(UserError, match="damaged"):
        unpack(frame, np.uint16)


def test_a_forged_frame_cannot_fill_the_memory() -> None:
    with pytest.raises(UserError, match="damaged"):
        unpack(zstandard.ZstdCompressor().compress(bytes(300_000_000)), np.uint16)
