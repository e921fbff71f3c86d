"""Strips that come and go while workers report: the window lives on, and nothing of a strip stays behind."""

from __future__ import annotations

import gc
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QLayout, QLayoutItem
from pytestqt.qtbot import QtBot

from segstudio.errors import UserError
from segstudio.ui.shell.window import MainWindow
from segstudio.ui.widgets.notices import Notice

ROOT = Path(__file__).parents[2]
STRIPS = 500


def left_behind() -> list[QLayoutItem]:
    """Wrappers of layout items that are no layouts: Qt deletes such an item and does not tell Python."""
    gc.collect()
    found = (one for one in shiboken6.getAllValidWrappers() if isinstance(one, QLayoutItem))
    return [item for item in found if not isinstance(item, QLayout)]


def drop_deleted() -> None:
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_strips_leave_no_wrapper_of_what_qt_has_deleted(window: MainWindow, qtbot: QtBot) -> None:
    window.build_panels()
    before = len(left_behind())
    for number in range(20):
        strip = window.notices.show_problem(UserError(f"Problem {number}."), "Repeat", lambda: None)
        if number % 2:
            qtbot.mouseClick(strip.button, Qt.MouseButton.LeftButton)
        drop_deleted()
    assert window.notices.strips, "the list is what the window looks at"
    window.notices.clear()
    drop_deleted()
    assert len(left_behind()) == before


def test_a_strip_belongs_to_qt_until_it_is_gone(window: MainWindow) -> None:
    strip = window.notices.show_problem(UserError("It failed."), "Repeat", lambda: None)
    strip.dismiss()
    strip.dismiss()  # a second click on the cross before Qt has deleted it
    assert strip.parent() is not None and not shiboken6.ownedByPython(strip)
    drop_deleted()
    assert not shiboken6.isValid(strip) and window.notices.isHidden()


def test_a_strip_that_its_own_button_replaces_is_deleted_once(window: MainWindow, qtbot: QtBot) -> None:
    made: list[Notice] = []

    def again() -> None:
        made.append(window.notices.show_problem(UserError("It failed."), "Repeat", again))

    again()
    for _ in range(10):
        qtbot.mouseClick(made[-1].button, Qt.MouseButton.LeftButton)
        drop_deleted()
    assert [shiboken6.isValid(strip) for strip in made] == [False] * 10 + [True]


def test_the_window_never_asks_a_layout_for_its_items() -> None:
    asked = re.compile(r"\.(itemAt|itemAtPosition|setParent\(None)\b")
    sources = (ROOT / "segstudio").rglob("*.py")
    assert not [f"{path.name}: {found[0]}" for path in sources if (found := asked.search(path.read_text()))]


@pytest.mark.journey
def test_five_hundred_strips_while_two_workers_report(tmp_path: Path) -> None:
    """In a process of its own, which such a fault would end."""
    environment = {"SEGSTUDIO_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen", "PYTHONFAULTHANDLER": "1"}
    run = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("_strips.py")), str(STRIPS)],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=240, check=False, cwd=ROOT,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.split() == ["shown", str(STRIPS)]
