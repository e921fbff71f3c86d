"""Planes are sparse, exact and hand out snapshots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segstudio.core.geometry import TILE, Box
from segstudio.core.plane import Plane, TileMemory


def test_an_empty_plane_of_a_hundred_thousand_squared_costs_nothing() -> None:
    plane = Plane((1, 100_000, 100_000), np.uint8, 255)
    assert plane.nbytes == 0 and plane.is_empty() and list(plane.keys()) == []
    assert (plane.read(Box(0, 99_000, 99_000, 99_100, 99_100)) == 255).all()


def test_a_tile_of_one_value_costs_nothing() -> None:
    plane = Plane((1, 1000, 1000), np.uint16, 0)
    plane.put_tile((0, 1, 1), np.full((TILE, TILE), 7, np.uint16))
    assert plane.nbytes == 0 and not plane.is_empty()
    assert (plane.read(Box(0, 256, 256, 512, 512)) == 7).all()


def test_a_tile_of_the_fill_value_is_absent() -> None:
    plane = Plane((1, 1000, 1000), np.uint16, 0)
    plane.put_tile((0, 0, 0), np.full((TILE, TILE), 7, np.uint16))
    plane.put_tile((0, 0, 0), np.zeros((TILE, TILE), np.uint16))
    assert plane.is_empty()


def test_tiles_that_are_not_compacted_stay_writable_by_their_owner() -> None:
    plane = Plane((1, 300, 300), np.uint8, 0)
    mine = np.zeros((TILE, TILE), np.uint8)
    plane.put_tile((0, 0, 0), mine, compact=False)
    mine[3, 4] = 9
    assert plane.read(Box.whole(plane.shape))[3, 4] == 9


def test_reading_gives_a_copy() -> None:
    plane = Plane((1, 300, 300), np.uint8, 0)
    plane.read(Box.whole(plane.shape))[:] = 5
    assert (plane.read(Box.whole(plane.shape)) == 0).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 599)] * 4, st.integers(0, 3)), min_size=1, max_size=5), st.data())
def test_any_box_reads_like_an_array(writes: list[tuple[int, int, int, int, int]], data: st.DataObject) -> None:
    plane, model = Plane((2, 600, 600), np.uint8, 255), np.full((2, 768, 768), 255, np.uint8)
    for row0, row1, column0, column1, value in writes:
        model[1, min(row0, row1) : max(row0, row1), min(column0, column1) : max(column0, column1)] = value
    model[:, 600:] = model[:, :, 600:] = 255
    for row in range(3):
        for column in range(3):
            tile = model[1, row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            plane.put_tile((1, row, column), tile.copy())
    top, left = data.draw(st.integers(0, 599)), data.draw(st.integers(0, 599))
    box = Box(1, top, left, data.draw(st.integers(top, 600)), data.draw(st.integers(left, 600)))
    assert np.array_equal(plane.read(box), model[1, box.rows, box.columns])
    assert (plane.read(Box.whole(plane.shape, 0)) == 255).all()


def test_tiles_beyond_the_limit_are_packed_and_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = TileMemory(limit=4 * 2 * TILE * TILE)
    monkeypatch.setattr("segstudio.core.plane.MEMORY", memory)
    plane = Plane((1, 100 * TILE, TILE), np.uint16, 0)
    tiles = [np.arange(TILE * TILE, dtype=np.uint16).reshape(TILE, TILE) % (n + 2) for n in range(50)]
    for number, tile in enumerate(tiles):
        plane.put_tile((0, number, 0), tile)
        memory.trim()
    assert plane.nbytes < 8 * 2 * TILE * TILE, "four as they are, the others packed"
    for number, tile in enumerate(tiles):
        np.testing.assert_array_equal(plane.tile((0, number, 0)), tile)
        np.testing.assert_array_equal(plane.read(Box.of_tile((0, number, 0))), tile)


def test_a_tile_that_is_being_written_is_never_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = TileMemory(limit=0)
    monkeypatch.setattr("segstudio.core.plane.MEMORY", memory)
    plane = Plane((1, TILE, TILE), np.uint16, 0)
    mine = np.zeros((TILE, TILE), np.uint16)
    plane.put_tile((0, 0, 0), mine, compact=False)
    memory.trim()
    mine[3, 4] = 7
    assert plane.tile((0, 0, 0))[3, 4] == 7
