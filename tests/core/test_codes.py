"""Unset, background and unsure are three different things."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.codes import NOTHING, UNSET, Origin, classes_of, encode, encode_map, origins_of

SURE = [origin for origin in Origin if origin is not Origin.UNSURE]


@given(st.integers(0, 254), st.sampled_from(SURE))
def test_class_and_origin_come_back_from_a_code(class_id: int, origin: Origin) -> None:
    codes = np.array([[encode(class_id, origin)]], np.uint16)
    assert classes_of(codes)[0, 0] == class_id and origins_of(codes)[0, 0] == origin


def test_unset_background_and_unsure_differ() -> None:
    codes = np.array([UNSET, encode(0, Origin.PAINTED), encode(0, Origin.UNSURE)], np.uint16)
    assert len(set(codes.tolist())) == 3
    assert classes_of(codes).tolist() == [NOTHING, 0, NOTHING]
    assert origins_of(codes).tolist() == [0, Origin.PAINTED, Origin.UNSURE]


@pytest.mark.parametrize("origin", SURE)
def test_a_class_map_keeps_nothing_as_unset(origin: Origin) -> None:
    classes = np.array([[0, 1, NOTHING]], np.uint8)
    codes = encode_map(classes, origin)
    assert codes[0, 2] == UNSET and np.array_equal(classes_of(codes), classes)
