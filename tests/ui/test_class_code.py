"""The dialog in which one chooses what a class is."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from segstudio.ui.dialogs.class_code import CodeDialog


def test_a_code_is_searched_and_chosen(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog, chosen = CodeDialog(parent, "Liver", ""), []
    dialog.chosen.connect(chosen.append)
    assert dialog.list.currentItem().text().startswith("Nothing")
    dialog.words.setText("spleen")
    dialog.list.setCurrentRow(1)
    dialog.accept()
    assert chosen == ["78961009^SCT^Spleen"]


def test_the_code_that_a_class_has_is_shown_and_can_be_taken_away(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog, chosen = CodeDialog(parent, "x", "78961009^SCT^Spleen"), []
    dialog.chosen.connect(chosen.append)
    assert dialog.list.currentItem().text().startswith("Spleen")
    dialog.list.setCurrentRow(0)
    dialog.accept()
    assert chosen == [""]
