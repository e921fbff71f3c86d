"""The class table keeps its background, its ids and its locks."""

from __future__ import annotations

import pytest

from segstudio.core.classes import ClassEntry, ClassTable
from segstudio.errors import UserError


def test_the_background_is_always_there() -> None:
    table = ClassTable()
    assert [entry.id for entry in table] == [0]
    with pytest.raises(UserError, match="background"):
        table.remove(0)


def test_new_classes_take_an_id_that_none_had_before_and_a_colour_of_their_own() -> None:
    table = ClassTable()
    first, second = table.add("A"), table.add("B")
    assert (first.id, second.id) == (1, 2) and first.color != second.color
    table.remove(1)
    assert table.add("C").id == 3, "pixels and models may still mean what 1 was"


def test_where_all_ids_were_given_once_a_new_class_takes_one_that_no_pixel_holds() -> None:
    table = ClassTable()
    for number in range(254):
        table.add(str(number))
    for class_id in (7, 9):
        table.remove(class_id)
    table.in_use = lambda: (7, 250)
    assert table.add("again").id == 9
    with pytest.raises(UserError, match="No more classes"):
        table.add("one too many")


def test_a_table_holds_254_classes_and_then_says_so() -> None:
    table = ClassTable()
    for number in range(254):
        table.add(str(number))
    with pytest.raises(UserError, match="No more classes"):
        table.add("one too many")


def test_the_table_is_in_order_of_ids() -> None:
    table = ClassTable((ClassEntry(5, "E", "#000000"), ClassEntry(2, "B", "#000000")))
    assert [entry.id for entry in table] == [0, 2, 5] and len(table) == 3 and 5 in table and 3 not in table


def test_changes_are_told_and_idle_ones_are_not() -> None:
    table, told = ClassTable(), []
    table.changed.connect(told.append)
    table.add("A")
    table.change(1, locked=True)
    table.change(1, locked=True)
    assert len(told) == 2


def test_locked_is_a_lookup_of_all_values() -> None:
    table = ClassTable()
    table.add("A")
    table.change(1, locked=True)
    assert table.locked().shape == (256,) and table.locked().nonzero()[0].tolist() == [1]


def test_an_unknown_class_still_has_a_name_to_show() -> None:
    assert ClassTable().name(17) == "class 17"
