"""The main window: opening, layout, strips, theme."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from unittest.mock import Mock, call

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent, QPalette
from PySide6.QtWidgets import QApplication, QPushButton, QToolBar
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document, Version
from segstudio.core.history import Edit
from segstudio.errors import UserError
from segstudio.settings import Settings, load
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.session.progress_state import JobState, StoreState, TrainingState
from segstudio.ui.session.session import Session
from segstudio.ui.shell.window import MainWindow
from segstudio.ui.widgets import theme
from tests.ui.conftest import add_image

MakeWindow = Callable[..., MainWindow]


def paint(window: MainWindow, class_id: int = 1) -> Edit | None:
    """One dab through the session, as a tool would make it."""
    session = window.session
    if why := session.why_not_editable():
        session.blocked.emit(why)
        return None
    writer = session.begin_edit("Brush stroke", tool="brush")
    writer.set(0, 10, 10, np.ones((8, 8), bool), class_id)
    return session.finish_edit(writer)


def test_a_closed_window_is_gone(qtbot: QtBot, qapp: QApplication, studio: Mock) -> None:
    theme.apply(qapp, "dark")
    window = MainWindow(Session(Settings()), lambda: studio)
    window.show()
    gone: list[bool] = []
    window.destroyed.connect(lambda: gone.append(True))
    watcher = weakref.ref(window)
    window.close()
    window.deleteLater()
    del window
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert gone and watcher() is None


def test_all_tools_are_in_sight_on_a_low_screen(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1280, 1000)
    tools = next(bar for bar in window.findChildren(QToolBar) if bar.objectName() == "tools")
    buttons = [tools.widgetForAction(action) for action in tools.actions() if not action.isSeparator()]

    def shown(tight: bool) -> int:
        """Height of a tool once the column is as it should be."""
        qtbot.waitUntil(lambda: bool(tools.property("tight")) is tight and all(one.isVisible() for one in buttons))
        qtbot.waitUntil(lambda: tools.layout().sizeHint().height() <= tools.height())
        QCoreApplication.sendPostedEvents()
        assert max(button.geometry().bottom() for button in buttons) <= tools.height()
        return buttons[0].height()

    airy = shown(False)
    window.resize(1280, 800)
    assert 24 <= shown(True) < airy
    window.resize(1280, 1000)
    assert shown(False) == airy


def test_without_a_project_the_start_page_stands_alone(make_window: MakeWindow) -> None:
    window = make_window()
    assert window.pages.currentWidget() is window.start_page
    assert not any(dock.isVisible() for dock in window.docks.values())


def test_with_a_project_the_canvas_and_the_panels_are_there(window: MainWindow) -> None:
    assert window.canvas.isVisible()
    for name in ("layers", "classes", "histogram", "strip", "monitor"):
        assert window.docks[name].isVisible(), name


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_the_canvas_has_most_of_the_window(make_window: MakeWindow, document: Document, size: tuple[int, int]) -> None:
    window = make_window(size)
    entry, pixels = add_image(document)
    window.session.show_project(OpenProject(document))
    window.session.show_image(entry, pixels)
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    assert window.canvas.width() > 0.6 * size[0]
    assert window.canvas.height() > 0.5 * size[1]


def test_the_layout_survives_a_restart(make_window: MakeWindow, document: Document) -> None:
    first = make_window()
    first.session.show_project(OpenProject(document))
    first.docks["monitor"].hide()
    first.close()
    second = make_window()
    second.session.show_project(OpenProject(document))
    QApplication.processEvents()
    assert not second.docks["monitor"].isVisible()
    assert second.docks["strip"].isVisible()


def test_a_restart_on_the_start_page_keeps_the_layout_too(make_window: MakeWindow, document: Document) -> None:
    first = make_window()
    first.session.show_project(OpenProject(document))
    first.docks["classes"].hide()
    first.session.show_project(None)
    first.close()
    second = make_window()
    second.session.show_project(OpenProject(document))
    QApplication.processEvents()
    assert not second.docks["classes"].isVisible()
    assert second.docks["layers"].isVisible()


@pytest.mark.qt_log_ignore("does not support raise", extend=True)
def test_reset_layout_brings_all_panels_back(window: MainWindow) -> None:
    window.docks["layers"].setFloating(True)
    window.docks["monitor"].hide()
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.docks["classes"])
    window.reset_layout()
    QApplication.processEvents()
    assert not window.docks["layers"].isFloating()
    assert window.docks["monitor"].isVisible()
    assert window.dockWidgetArea(window.docks["classes"]) == Qt.DockWidgetArea.RightDockWidgetArea


def test_docks_and_bars_have_names_for_the_stored_layout(window: MainWindow) -> None:
    names = [dock.objectName() for dock in window.docks.values()]
    assert all(names) and len(set(names)) == len(names)
    assert window.tool_column.objectName()


def test_painting_on_a_hidden_layer_says_why_and_offers_to_show_it(window: MainWindow, qtbot: QtBot) -> None:
    session = window.session
    session.set_layer(session.active_layer, visible=False)
    assert paint(window) is None
    banner = window.notices.banner
    assert banner is not None and "hidden" in banner.what
    qtbot.mouseClick(banner.button, Qt.MouseButton.LeftButton)
    assert session.layer.visible
    assert window.notices.banner is None
    assert paint(window) is not None


def test_painting_a_locked_class_offers_to_unlock_it(window: MainWindow, qtbot: QtBot) -> None:
    window.session.classes.change(1, locked=True)
    assert paint(window) is None
    banner = window.notices.banner
    assert banner is not None and "Membrane" in banner.what
    qtbot.mouseClick(banner.button, Qt.MouseButton.LeftButton)
    assert not window.session.classes[1].locked
    assert paint(window) is not None


def test_masks_switched_off_are_offered_to_be_shown(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set_display(masks_visible=False)
    assert paint(window) is None
    qtbot.mouseClick(window.notices.banner.button, Qt.MouseButton.LeftButton)
    assert window.session.display.masks_visible


def test_the_banner_goes_when_painting_works_again(window: MainWindow) -> None:
    window.session.blocked.emit("Nothing was painted.")
    assert window.notices.banner is not None
    paint(window)
    assert window.notices.banner is None


def test_a_read_only_project_has_a_banner_without_a_button(window: MainWindow) -> None:
    assert window.session.project is not None
    window.session.project.read_only = True
    paint(window)
    assert window.notices.banner is not None and window.notices.banner.button is None


def test_a_failed_command_becomes_a_strip(window: MainWindow, studio: Mock) -> None:
    studio.predicting.predict_shown.side_effect = UserError("It failed.", why="For a reason.", hint="Try again.")
    window._commands["model.predict"].trigger()
    assert [strip.what for strip in window.notices.strips] == ["It failed."]


def test_the_same_problem_is_shown_once_and_old_ones_go(window: MainWindow) -> None:
    for number in (1, 2, 2, 3, 4):
        window.notices.show_problem(UserError(f"Problem {number}."))
    assert [strip.what for strip in window.notices.strips] == ["Problem 2.", "Problem 3.", "Problem 4."]


def test_a_strip_never_moves_the_canvas(window: MainWindow) -> None:
    before = window.canvas.geometry()
    window.notices.show_problem(UserError("It failed.", why="For a reason."))
    QApplication.processEvents()
    assert window.canvas.geometry() == before


def test_the_button_of_a_strip_repeats_what_failed(window: MainWindow, qtbot: QtBot) -> None:
    repeated: list[bool] = []
    strip = window.notices.show_problem(UserError("It failed."), "Repeat", lambda: repeated.append(True))
    qtbot.mouseClick(strip.button, Qt.MouseButton.LeftButton)
    assert repeated == [True] and window.notices.strips == []


def test_switching_the_theme_restyles_and_is_remembered(window: MainWindow, qapp: QApplication) -> None:
    dark = qapp.palette().color(QPalette.ColorRole.Window)
    icon = window._commands["edit.undo"].icon().cacheKey()
    window._commands["theme.switch"].trigger()
    light = qapp.palette().color(QPalette.ColorRole.Window)
    assert light.lightness() > 200 > dark.lightness()
    assert theme.current().name == "light" and load()[0].theme == "light"
    assert window._commands["edit.undo"].icon().cacheKey() != icon
    window._commands["theme.switch"].trigger()
    assert qapp.palette().color(QPalette.ColorRole.Window) == dark


def test_the_grab_follows_the_theme(window: MainWindow) -> None:
    def tone() -> QColor:
        QApplication.processEvents()
        return window.grab().toImage().pixelColor(window.width() - 20, window.height() - 60)

    dark = tone()
    window._commands["theme.switch"].trigger()
    assert tone().lightness() > dark.lightness() + 100
    window._commands["theme.switch"].trigger()


def test_undo_is_usable_only_when_there_is_something_to_undo(window: MainWindow) -> None:
    undo, redo = window._commands["edit.undo"], window._commands["edit.redo"]
    assert not undo.isEnabled() and not redo.isEnabled()
    paint(window)
    QApplication.processEvents()
    assert undo.isEnabled()
    undo.trigger()
    QApplication.processEvents()
    assert not undo.isEnabled() and redo.isEnabled()
    assert window.session.layer.annotation.is_empty()


def test_dropped_files_are_opened(make_window: MakeWindow, studio: Mock, tmp_path) -> None:
    window = make_window()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.png"))])
    drop = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.start_page.dropEvent(drop)
    assert studio.mock_calls == [call.open_paths([tmp_path / "a.png"])]


def test_the_start_page_lists_recent_projects_that_still_exist(make_window: MakeWindow, studio: Mock, tmp_path) -> None:
    window = make_window()
    (tmp_path / "here").mkdir()
    window.start_page.show_recent([tmp_path / "here", tmp_path / "gone"])
    buttons = [b for b in window.start_page.findChildren(QPushButton) if b.property("link")]
    assert [button.text() for button in buttons] == ["here"]
    buttons[0].click()
    assert studio.mock_calls == [call.open_project(tmp_path / "here")]


def test_the_status_bar_tells_place_value_and_class(window: MainWindow, qtbot: QtBot) -> None:
    paint(window)
    window.canvas.hovered.emit((11, 11))
    window.canvas.hovered.emit((12, 12))
    status, pixels = window.status, window.session.pixels.array
    qtbot.waitUntil(lambda: status.place.text() == "x 12, y 12")
    assert status.value.text() == str(pixels[0, 12, 12, 0])
    assert status.under.text() == "Membrane · painted"
    window.canvas.hovered.emit(None)
    assert status.place.text() == ""


def test_the_status_bar_names_what_predicted_a_pixel(window: MainWindow) -> None:
    document, shape = window.session.document, (120, 160)
    document.put_prediction(1, 1, 0, 0, 0, np.full(shape, 2, np.uint8), np.zeros(shape, np.uint8), 4)
    window.canvas.hovered.emit((50, 50))
    assert window.status.under.text() == "Interior · predicted by v4"


def test_the_status_bar_tells_store_job_device_and_model(window: MainWindow) -> None:
    status = window.status
    status.show_store(StoreState("stored", 1.0))
    assert status.stored.text().startswith("All changes stored ")
    status.show_store(StoreState("failed", message="The disk is full."))
    assert status.stored.toolTip() == "The disk is full."
    status.show_device("CPU")
    assert status.device.text() == "CPU"
    window.session.document.put_version(Version(3, "f", "d", 0, "champion", "unet", 0.0))
    assert status.model.text().startswith("Model v3 · ")
    window.set_job(JobState("Predicting", 3, 8))
    QApplication.processEvents()
    assert status.job.isVisible() and status.job.bar.maximum() == 8
    assert window._commands["job.cancel"].isEnabled()
    window.set_job(None)
    assert not status.job.isVisible()


def test_the_train_button_pauses_while_training(window: MainWindow) -> None:
    window.set_training(TrainingState("training", 3, 10))
    QApplication.processEvents()
    assert window._commands["model.train"].iconText() == "Pause"
    assert window._commands["model.stop"].isEnabled()


def test_the_title_names_the_image(window: MainWindow) -> None:
    assert window.windowTitle() == "cells.png – SegStudio"


def test_settings_are_a_form_of_all_fields_and_are_kept(window, tmp_path):
    from segstudio import settings as stored
    from segstudio.ui.commands.dialogs import open_settings
    from segstudio.ui.dialogs.settings import EVERYDAY

    dialog = open_settings(window)
    assert tuple(dialog.form.fields) == EVERYDAY
    dialog.form.fields["network"].set_value("segnet")
    dialog.form.fields["train_seconds"].set_value(120)
    dialog.accept()
    assert window.session.settings.network == "segnet"
    assert stored.load()[0].train_seconds == 120


def test_a_new_model_is_asked_for_with_the_chosen_network(window, studio):
    from segstudio.ui.commands.dialogs import open_new_model

    dialog = open_new_model(window)
    assert set(dialog.form.fields) == {"network", "preset", "weights"}
    dialog.form.fields["network"].set_value("fcn8s")
    dialog.form.fields["weights"].set_value("random")
    dialog.accept()
    assert window.session.settings.network == "fcn8s"
    assert window.session.settings.weights == "random"
    assert studio.mock_calls == [call.training.new_model()]
