"""Operations and proposals in the window: what is asked, what is said, and what is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from unittest.mock import Mock, call

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.codes import NOTHING, Origin
from segstudio.core.document import Document
from segstudio.core.geometry import Box
from segstudio.core.image import ImageInfo
from segstudio.operations.registry import OPERATIONS
from segstudio.settings import Settings
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.compute.workers import Workers
from segstudio.ui.methods.mask_operations import MaskOperations, OperationRequest
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow


def run(window: MainWindow, command: str) -> None:
    window.run(next(known for known in COMMANDS if known.id == command))


def offer(window: MainWindow, *, class_id: int = 1) -> None:
    """A square of one class over the whole first rows, half of it painted by a person already."""
    session = window.session
    writer = session.begin_edit("Brush stroke", tool="brush")
    writer.set(0, 0, 0, np.ones((10, 10), bool), 2)
    session.finish_edit(writer)
    wanted = np.full((20, 20), NOTHING, np.uint8)
    wanted[:10, :20] = class_id
    session.offer("Grow", "operation:grow", 0, 0, 0, wanted)
    QApplication.processEvents()


def test_the_bar_says_what_would_change_and_protects_what_was_painted(window: MainWindow) -> None:
    bar = window.proposal_bar
    assert not bar.isVisible()
    offer(window)
    assert bar.isVisible() and bar.title.text() == "Grow" and bar.changes() == ["+100 Membrane"]
    assert bar.painted.isVisible() and "100" in bar.painted.text() and not bar.painted.isChecked()
    QTest.mouseClick(bar.apply, Qt.MouseButton.LeftButton)
    mask = window.session.layer.mask(Box(0, 0, 0, 10, 20))
    assert (mask[:, :10] == 2).all() and (mask[:, 10:] == 1).all() and not bar.isVisible()
    assert window.session.document.history.edits[-1].title == "Grow"


def test_painted_pixels_change_only_when_asked(window: MainWindow) -> None:
    offer(window)
    bar = window.proposal_bar
    bar.painted.click()
    assert bar.changes() == ["+200 Membrane", "−100 Interior"]
    QTest.keyClick(window.canvas, Qt.Key.Key_Return)
    run(window, "proposal.accept") if window.session.proposal else None
    assert (window.session.layer.mask(Box(0, 0, 0, 10, 20)) == 1).all()


def test_a_discarded_proposal_leaves_no_step(window: MainWindow) -> None:
    offer(window)
    steps = len(window.session.document.history.edits)
    QTest.mouseClick(window.proposal_bar.discard, Qt.MouseButton.LeftButton)
    assert window.session.proposal is None and len(window.session.document.history.edits) == steps


def test_each_operation_has_a_command_that_shows_it_at_once(window: MainWindow, studio: Mock) -> None:
    for operation, row in OPERATIONS.items():
        if row.volume:
            continue  # nothing lies between the slices of a single one
        studio.reset_mock()
        run(window, f"operation.{operation}")
        name, values, scope = studio.operating.run.call_args.args
        assert (name, scope) == (operation, "slice")
        assert studio.operating.run.call_args.kwargs == {"preview": True}
        assert set(values) == {parameter.name for parameter in OPERATIONS[operation].parameters()}
    assert window.operations.isVisible()


def test_classes_and_layers_are_chosen_by_name(window: MainWindow, studio: Mock) -> None:
    window.session.document.add_layer(1, "Second")
    window.operations.choose("combine")
    field = window.operations.form.fields["layer"]
    assert [field.editor.itemText(n) for n in range(field.editor.count())] == ["Second"]
    other = window.operations.form.fields["other"]
    assert [other.editor.itemText(n) for n in range(other.editor.count())] == ["Background", "Interior"]
    window.operations.apply.click()
    values = {"layer": 2, "other": 0, "action": "add"}
    assert studio.mock_calls[-1] == call.operating.run("combine", values, "slice", preview=False)


@pytest.fixture
def operating(qtbot: QtBot) -> Iterator[Callable[[], tuple[Session, MaskOperations]]]:
    """A session on a small volume, and operations in a real worker."""
    session = Session(Settings())
    workers = Workers(session.settings)
    document = Document()
    document.classes.add("Cell")
    entry = document.add_image("a.png", "", ImageInfo("", (5, 60, 70), 1, ("grey",), "uint8", ranges=((0.0, 9.0),)))
    session.show_project(OpenProject(document))
    session.show_image(entry, np.zeros((5, 60, 70, 1), np.uint8))
    made = MaskOperations(session, workers)
    yield lambda: (session, made)
    workers.close()


def test_an_operation_runs_in_the_worker_and_is_one_step(
    operating: Callable[[], tuple[Session, MaskOperations]], qtbot: QtBot
) -> None:
    session, controller = operating()
    for z, radius in ((0, 6), (4, 12)):
        rows, columns = np.ogrid[0:60, 0:70]
        writer = session.begin_edit("Paint", tool="brush")
        writer.set(z, 0, 0, np.hypot(rows - 30, columns - 30) <= radius, 1)
        session.finish_edit(writer)
    controller.preview(OperationRequest("between", "Between slices", {}, "volume"))
    qtbot.waitUntil(lambda: session.proposal is not None, timeout=60_000)
    assert session.proposal.impact.slices == 3 and session.proposal.impact.painted == 0
    edit = session.proposals.accept()
    assert edit is not None and edit.title == "Between slices"
    codes = session.layer.annotation.read(Box.whole((5, 60, 70), 2))
    assert codes[30, 30] == 256 * Origin.TOOL + 1 and codes[30, 30 + 11] == 0
    session.editing.undo()
    assert session.layer.mask(Box.whole((5, 60, 70), 2))[30, 30] != 1


def test_an_operation_that_cannot_be_done_says_why(
    operating: Callable[[], tuple[Session, MaskOperations]], qtbot: QtBot
) -> None:
    session, controller = operating()
    failed: list[object] = []
    controller.failed.connect(failed.append)
    controller.preview(OperationRequest("between", "Between slices", {}, "volume"))
    qtbot.waitUntil(lambda: bool(failed), timeout=60_000)
    assert "nothing between" in failed[0].what and session.proposal is None
    session.visible_box = lambda: Box(0, 0, 0, 0, 0)
    controller.preview(OperationRequest("grow", "Grow", {}, "view"))
    assert "Nothing of the image is seen" in failed[1].what


def test_the_newest_of_many_requests_wins(
    operating: Callable[[], tuple[Session, MaskOperations]], qtbot: QtBot
) -> None:
    session, controller = operating()
    session.set_slice(0)
    writer = session.begin_edit("Paint", tool="brush")
    writer.set(0, 30, 30, np.ones((1, 1), bool), 1)
    session.finish_edit(writer)
    for radius in (1.0, 2.0, 3.0, 8.0):
        controller.preview(OperationRequest("grow", "Grow", {"radius": radius}))
    start = time.monotonic()
    qtbot.waitUntil(lambda: session.proposal is not None and session.proposal.impact.changed > 100, timeout=60_000)
    assert time.monotonic() - start < 60


def test_the_slice_before_is_copied_as_a_proposal(window: MainWindow, operating: object) -> None:
    session = operating()[0]  # type: ignore[operator]
    writer = session.begin_edit("Paint", tool="brush")
    writer.set(0, 5, 5, np.ones((4, 4), bool), 1)
    session.finish_edit(writer)
    from segstudio.ui.methods.mask_operations import copy_slice

    session.set_slice(1)
    copy_slice(session, -1)
    assert session.proposal.impact.gained == {1: 16}
    session.proposals.accept()
    assert (session.layer.mask(Box(1, 5, 5, 9, 9)) == 1).all()
    refused: list[str] = []
    session.blocked.connect(refused.append)
    session.set_slice(0)
    copy_slice(session, -1)
    assert refused


def test_a_long_operation_is_told_and_can_be_cancelled(
    operating: Callable[[], tuple[Session, MaskOperations]], qtbot: QtBot
) -> None:
    """Its library looks up at no step, so its worker is ended; the next one works again."""
    session, controller = operating()
    errand = controller.queue
    entry = session.document.add_image("b.png", "", ImageInfo("", (64, 512, 512), 1, ("grey",), "uint8"))
    session.show_image(entry, np.zeros((64, 512, 512, 1), np.uint8))
    writer = session.begin_edit("Paint", tool="brush")
    for z in range(64):
        writer.set(z, 0, 0, np.random.default_rng(z).random((512, 512)) > 0.5, 1)
    session.finish_edit(writer)
    told: list[object] = []
    errand.started.connect(told.append)
    controller.failed.connect(told.append)
    with qtbot.waitSignal(errand.started, timeout=30_000):
        controller.preview(OperationRequest("grow", "Grow", {"radius": 30.0, "through_slices": True}, "volume"))
    start = time.monotonic()
    with qtbot.waitSignal(errand.ended, timeout=30_000):
        errand.cancel()
    assert time.monotonic() - start < 10 and not errand.busy
    assert session.proposal is None and told == ["Grow"]
    session.set_slice(3)
    controller.preview(OperationRequest("grow", "Grow", {"radius": 2.0}, "slice"))
    qtbot.waitUntil(lambda: session.proposal is not None, timeout=60_000)
