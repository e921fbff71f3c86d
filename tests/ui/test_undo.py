"""Undo across everything: what is undone is shown, and nothing is lost on the way."""

from __future__ import annotations

from unittest.mock import Mock, call

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.shell.window import MainWindow
from tests.ui.test_window import paint


def run(window: MainWindow, command: str) -> None:
    window.run(next(known for known in COMMANDS if known.id == command))


def undo(window: MainWindow) -> None:
    run(window, "edit.undo")


def titles(window: MainWindow) -> list[str]:
    return [edit.title for edit in window.session.document.history.edits]


def test_a_removed_layer_comes_back_where_it_was(window: MainWindow) -> None:
    paint(window)
    session, painted = window.session, window.session.layer
    window.layers.add_layer()
    assert session.layer is not painted
    session.set_active_layer(painted.id)
    run(window, "layer.remove")
    assert [line.layer.name for line in window.layers.rows] == ["Mask 2"] and session.active_layer == 2
    assert titles(window)[-1] == "Remove “Mask”" and window.history.model.edits[-1].title == "Remove “Mask”"
    undo(window)
    assert session.image.layers[0] is painted and painted.annotated_pixels() > 0
    assert [line.layer.id for line in window.layers.rows] == [2, 1]
    window.layers.rows[1].remove()
    window.layers.rows[0].remove()
    assert len(session.image.layers) == 1, "the last layer stays"


def test_a_class_that_was_added_and_renamed_goes_step_by_step(window: MainWindow) -> None:
    window.classes.add_class()
    added = window.session.active_class
    field = window.classes.rows[added].name.field
    field.setText("Vessel")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.session.classes.name(added) == "Vessel"
    undo(window)
    assert window.session.classes.name(added) != "Vessel" and added in window.classes.rows
    undo(window)
    assert added not in window.classes.rows
    window.classes.rows[1].lock.click()
    assert len(titles(window)) == 2, "a lock is no step"


def test_undo_shows_the_image_it_happened_on(window: MainWindow, studio: Mock) -> None:
    paint(window)
    document = window.session.document
    window.session.show_image(document.images[2], window.session.pixels)
    studio.reset_mock()
    undo(window)
    assert studio.mock_calls == [call.opening.show(1)] and document.layer(1, 1).annotation.is_empty()


def test_a_click_in_the_history_goes_through_classes_and_pixels(window: MainWindow) -> None:
    paint(window)
    window.classes.add_class()
    window.layers.add_layer()
    window.history.go_to(0)
    assert window.session.document.history.position == 0 and len(window.session.image.layers) == 1
    window.history.go_to(3)
    assert window.session.document.history.position == 3 and len(window.session.image.layers) == 2
