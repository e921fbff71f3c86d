"""Panels follow the document, and change it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal
from unittest.mock import Mock, call

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QMenu
from pytestqt.qtbot import QtBot

from segstudio.core.codes import Origin
from segstudio.core.document import Version
from segstudio.core.geometry import Box
from segstudio.core.parameters import Range, parameters
from segstudio.core.proposal import Proposal
from segstudio.tools import TOOLS
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.panels.baselines import iou
from segstudio.ui.panels.chart import labels_of, thinned
from segstudio.ui.panels.histogram_view import distribution
from segstudio.ui.panels.strip import state_of
from segstudio.ui.session.progress_state import TrainingState
from segstudio.ui.shell.window import MainWindow
from segstudio.ui.widgets.form import Form, NumberField
from tests.ui.conftest import add_image

LEFT = Qt.MouseButton.LeftButton


def dab(window: MainWindow, class_id: int | None = 1, origin: Origin = Origin.PAINTED, side: int = 8) -> None:
    writer = window.session.begin_edit("Brush stroke", tool="brush", origin=origin)
    writer.set(0, 20, 20, np.ones((side, side), bool), class_id)
    window.session.finish_edit(writer)


def texts(widget) -> list[str]:
    return [found.text() for found in widget.findChildren(QLabel)]


# --- classes ------------------------------------------------------------------------------------------------


def test_a_new_class_gets_a_row_and_its_name_can_be_typed(window: MainWindow, qtbot: QtBot) -> None:
    window.classes.add_button.click()
    line = window.classes.rows[3]
    assert window.session.active_class == 3 and line.name.field.isVisible()
    line.name.field.selectAll()
    qtbot.keyClicks(line.name.field, "Nucleus")
    qtbot.keyClick(line.name.field, Qt.Key.Key_Return)
    assert window.session.classes.name(3) == "Nucleus" and line.name.text == "Nucleus"


def test_escape_leaves_the_name_as_it_was(window: MainWindow, qtbot: QtBot) -> None:
    name = window.classes.rows[1].name
    name.edit()
    qtbot.keyClicks(name.field, "x")
    qtbot.keyClick(name.field, Qt.Key.Key_Escape)
    assert window.session.classes.name(1) == "Membrane"


def test_changes_of_the_table_show_in_the_rows(window: MainWindow) -> None:
    window.session.classes.change(1, name="Wall", color="#00ff00")
    assert window.classes.rows[1].name.text == "Wall"
    assert window.classes.rows[1].chip.color == "#00ff00"
    assert window.tool_options.chosen.name.text() == "Wall"


def test_lock_and_eye_change_the_table(window: MainWindow) -> None:
    line = window.classes.rows[1]
    line.lock.click()
    line.eye.click()
    assert window.session.classes[1].locked and not window.session.classes[1].visible


def test_a_click_on_a_row_chooses_the_class(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.mouseClick(window.classes.rows[2], LEFT)
    assert window.session.active_class == 2
    assert window.classes.rows[2].property("active") and not window.classes.rows[1].property("active")
    qtbot.mouseClick(window.classes.unsure, LEFT)
    assert window.session.unsure and window.classes.unsure.property("active")


def test_a_class_in_use_is_not_removed(window: MainWindow) -> None:
    dab(window, 1)
    window.classes.rows[1].remove()
    assert 1 in window.session.classes and "cells.png" in window.notices.banner.what
    window.classes.rows[2].remove()
    assert 2 not in window.session.classes and 2 not in window.classes.rows


def test_a_class_that_is_only_predicted_is_not_removed_and_can_be_merged(window: MainWindow) -> None:
    session = window.session
    assert session.document is not None and session.image is not None
    rows, columns = session.shape[1:]
    said = np.full((rows, columns), 2, np.uint8)
    session.document.put_prediction(session.image.id, 1, 0, 0, 0, said, np.zeros_like(said), 1)
    session.choose_class(2)
    by_id = {command.id: command for command in COMMANDS}
    by_id["class.remove"].run(window)
    banner = window.notices.banner
    assert banner is not None and "predicted in cells.png" in banner.what and 2 in session.classes
    assert banner.button is not None and "Merge" in banner.button.text()
    menu = window.classes.rows[2].merge_menu(window)
    assert [action.text() for action in menu.actions()] == [one.name for one in session.classes if one.id != 2]
    menu.actions()[1].trigger()
    assert 2 not in session.classes and 2 not in window.classes.rows and session.active_class == 1
    assert (session.layer.prediction.read(Box.whole(session.shape)) == 1).all()
    session.editing.undo()
    assert 2 in window.classes.rows and (session.layer.prediction.read(Box.whole(session.shape)) == 2).all()


def test_merging_is_a_command_where_an_object_class_is_active(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    menus: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, _: menus.append(menu))
    by_id = {command.id: command for command in COMMANDS}
    window.session.choose_class(0)
    assert not by_id["class.merge"].enabled(window) and not by_id["class.remove"].enabled(window)
    window.session.choose_class(1)
    assert by_id["class.merge"].enabled(window)
    by_id["class.merge"].run(window)
    assert [menu.title() for menu in menus] == ["Merge into"]


# --- layers -------------------------------------------------------------------------------------------------


def test_the_opacity_slider_changes_how_the_layer_is_drawn(window: MainWindow) -> None:
    dab(window, side=60)
    QApplication.processEvents()
    before = window.canvas.grab().toImage()
    window.layers.rows[0].slider.setValue(100)
    assert window.session.layer.opacity == 1.0
    QApplication.processEvents()
    assert window.canvas.grab().toImage() != before


def test_hiding_and_naming_a_layer(window: MainWindow) -> None:
    line = window.layers.rows[0]
    line.eye.click()
    assert not window.session.layer.visible
    line.name.renamed.emit("Tissue")
    assert window.session.layer.name == "Tissue" and line.name.text == "Tissue"


def test_a_new_layer_is_on_top_and_active(window: MainWindow) -> None:
    window.layers.add_button.click()
    assert [line.layer.name for line in window.layers.rows] == ["Mask 2", "Mask"]
    assert window.session.layer.name == "Mask 2"
    assert window.layers.rows[0].property("active")


def test_the_legend_counts_pixels_by_who_set_them(window: MainWindow) -> None:
    dab(window, 1)
    dab(window, 2, Origin.ACCEPTED, side=4)
    assert window.layers.rows[0].legend() == {"Painted": "48", "Accepted": "16"}
    window.session.editing.undo()
    assert window.layers.rows[0].legend() == {"Painted": "64"}


def test_the_legend_names_the_version_that_predicted(window: MainWindow) -> None:
    shape = (120, 160)
    window.session.document.put_prediction(1, 1, 0, 0, 0, np.ones(shape, np.uint8), np.zeros(shape, np.uint8), 5)
    window.layers.recount()
    assert window.layers.rows[0].legend() == {"Prediction": "v5"}


# --- histogram ----------------------------------------------------------------------------------------------


def test_dragging_a_handle_sets_the_window(window: MainWindow) -> None:
    view = window.histogram.view
    start = QPointF(view.x_of(view.low), 20)
    goal = QPointF(view.x_of(100), 20)
    for kind, at in (
        (QEvent.Type.MouseButtonPress, start),
        (QEvent.Type.MouseMove, goal),
        (QEvent.Type.MouseButtonRelease, goal),
    ):
        QApplication.sendEvent(view, QMouseEvent(kind, at, at, LEFT, LEFT, Qt.KeyboardModifier.NoModifier))
    assert window.session.windows[0].low == pytest.approx(100, abs=1)
    assert window.session.windows[0].high == 236


def test_full_auto_and_percentiles(window: MainWindow) -> None:
    session, pixels = window.session, window.session.pixels.array
    window.histogram.full.click()
    assert (session.windows[0].low, session.windows[0].high) == (pixels.min(), pixels.max())
    window.histogram.percentile.click()
    assert session.windows[0].low == pytest.approx(np.percentile(pixels, 2))
    window.histogram.auto.click()
    assert (session.windows[0].low, session.windows[0].high) == (12, 236)


def test_typed_numbers_set_the_window(window: MainWindow) -> None:
    window.histogram.low.setValue(50)
    assert window.session.windows[0].low == 50


def test_one_channel_of_three_can_be_chosen(window: MainWindow) -> None:
    entry, pixels = add_image(window.session.document, "rgb.png", channels=3)
    window.session.show_image(entry, pixels)
    assert window.histogram.channel.count() == 4
    window.histogram.channel.setCurrentIndex(2)
    assert window.session.display.channel == 1
    window.histogram.full.click()
    assert window.session.windows[1].low == pixels[..., 1].min()
    assert window.session.windows[0].low == 12


def test_the_histogram_copes_with_nan_and_flat_images() -> None:
    flat = np.full((1, 4, 4, 1), 7, np.uint8)
    assert distribution(flat[0], [0]).counts[0].sum() == 16
    holes = np.full((1, 4, 4, 1), np.nan, np.float32)
    assert distribution(holes[0], [0]) is None
    holes[0, 0, 0, 0] = 2.5
    assert distribution(holes[0], [0]).counts[0].sum() == 1


def test_bins_hold_as_many_grey_values_each() -> None:
    every = np.arange(65536, dtype=np.uint16).reshape(1, 256, 256, 1)
    counts = distribution(every[0], [0]).counts[0]
    assert len(set(counts[:-1].tolist())) == 1 and counts.sum() == 65536


# --- forms and baselines ------------------------------------------------------------------------------------


def method(
    image: object,
    *,
    window: Annotated[int, range(3, 302, 2), "Side of the window in pixels."] = 51,
    offset: Annotated[float, Range(-0.5, 0.5, 0.01)] = 0.0,
    mean: Literal["gaussian", "mean"] = "mean",
    invert: bool = False,
) -> None: ...


def test_a_form_is_made_from_a_signature(qtbot: QtBot) -> None:
    form = Form()
    qtbot.addWidget(form)
    form.show_parameters(parameters(method))
    assert form.values() == {"window": 51, "offset": 0.0, "mean": "mean", "invert": False}
    assert form.fields["window"].toolTip() == "Side of the window in pixels."
    with qtbot.waitSignal(form.changed) as signal:
        form.fields["offset"].set_value(0.25)
    assert signal.args == [{"window": 51, "offset": 0.25, "mean": "mean", "invert": False}]


def test_the_slider_of_a_form_keeps_to_the_allowed_steps(qtbot: QtBot) -> None:
    form = Form()
    qtbot.addWidget(form)
    form.show_parameters(parameters(method))
    field_ = form.fields["window"]
    assert isinstance(field_, NumberField)
    field_.slider.setValue(1)
    assert form.values()["window"] == 5
    field_.editor.setValue(6)
    field_.editor.editingFinished.emit()
    assert form.values()["window"] == 5


def test_the_baseline_form_previews_when_the_hand_rests(window: MainWindow, qtbot: QtBot, studio: Mock) -> None:
    window.show_panel("baselines")
    window.baselines.choose("otsu")
    qtbot.waitUntil(lambda: bool(studio.mock_calls))
    values = {"foreground": "bright", "smoothing": 0.0}
    assert studio.mock_calls[0] == call.baselining.run("otsu", values, preview=True)


def test_without_live_preview_nothing_runs_before_apply(window: MainWindow, studio: Mock) -> None:
    window.show_panel("baselines")
    window.baselines.live.setChecked(False)
    window.baselines.choose("li")
    window.baselines.apply.click()
    assert [asked.kwargs for asked in studio.baselining.run.mock_calls] == [{"preview": False}]


def test_another_image_never_gets_an_uninvited_preview(window: MainWindow, studio: Mock) -> None:
    window.show_panel("baselines")
    entry, pixels = add_image(window.session.document, "third.png")
    window.session.show_image(entry, pixels)
    assert not window.baselines._timer.isActive() and not studio.mock_calls


def propose(window: MainWindow) -> None:
    classes = np.full((120, 160), 2, np.uint8)
    box = Box.whole((1, 120, 160), 0)
    window.session.proposals.propose(Proposal("Otsu", "baseline:otsu", Origin.TOOL, 1, 1, box, classes))


def test_enter_applies_a_proposal_and_escape_drops_it(window: MainWindow, qtbot: QtBot) -> None:
    propose(window)
    assert window.baselines.discard.isEnabled()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Escape)
    assert window.session.proposal is None and window.session.layer.annotation.is_empty()
    propose(window)
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return)
    assert window.session.proposal is None and window.session.layer.annotated_pixels() == 120 * 160


@dataclass
class FakeComparison:
    pixels: int = 100
    baseline: dict[int, float | None] = field(default_factory=lambda: {0: None, 1: 0.5, 2: 0.8})
    network: dict[int, float | None] = field(default_factory=lambda: {0: None, 1: 0.9, 2: None})


def test_the_score_stands_beside_the_networks(window: MainWindow) -> None:
    window.baselines.show_comparison(FakeComparison())
    shown = texts(window.baselines.scores)
    assert {"Membrane", "0.500", "0.333", "0.900", "0.818", "Interior", "–"} <= set(shown)
    assert "Background" not in shown


def test_iou_and_dice_are_one_number_in_two_scales() -> None:
    hits, truth, found = 30, 50, 70
    assert iou(2 * hits / (truth + found)) == pytest.approx(hits / (truth + found - hits))
    assert iou(None) is None


# --- strip, history, monitor --------------------------------------------------------------------------------


def test_the_strip_lists_images_and_shows_the_one_clicked(window: MainWindow, qtbot: QtBot, studio: Mock) -> None:
    strip = window.strip
    strip.set_thumbnail(1, np.zeros((60, 96, 3), np.uint8))
    assert [entry.name for entry in strip.model.entries] == ["cells.png", "other.png"]
    place = strip.view.visualRect(strip.model.index(1)).center()
    qtbot.mouseClick(strip.view.viewport(), LEFT, pos=place)
    assert studio.mock_calls == [call.opening.show(2)]


def test_the_dot_tells_how_far_an_image_is(window: MainWindow) -> None:
    image = window.session.image
    assert state_of(image) == "untouched"
    dab(window)
    assert state_of(image) == "annotated"
    window._commands["image.done"].trigger()
    assert state_of(image) == "done"


def test_a_click_in_the_history_goes_there(window: MainWindow) -> None:
    for class_id in (1, 2, 1):
        dab(window, class_id)
    document = window.session.document
    window.history.go_to(1)
    assert document.history.position == 1
    window.history.go_to(3)
    assert document.history.position == 3
    assert window.history.model.rowCount() == 3


def test_the_monitor_shows_state_curves_and_scores(window: MainWindow) -> None:
    window.set_training(
        TrainingState(
            "training", 40, 100, ((1, 0.9), (40, 0.4)), ((20, 0.7, 0.5), (40, 0.7, None)),
            (("Membrane", 0.7, 0.75),), "Learning.", 3,
        )
    )  # fmt: skip
    monitor = window.monitor
    assert monitor.sentence.text() == "Training  40 / 100" and monitor.train.text() == "Pause"
    assert monitor.bar.isVisible() and monitor.bar.value() == 40
    assert monitor.score.curves[1].points == ((20, 0.5),)
    assert {"Membrane", "0.700", "0.750", "+0.050"} <= set(texts(monitor.per_class))


def test_the_monitor_says_what_to_do_next(window: MainWindow) -> None:
    assert window.monitor.sentence.text() == "No model yet"
    window.session.document.put_version(Version(1, "f", "d", 0, "champion", "unet", 0.0))
    assert "Model v1 is in use" in window.monitor.message.text()


def test_an_older_version_can_be_rolled_back_to(window: MainWindow, studio: Mock) -> None:
    document = window.session.document
    document.put_version(Version(1, "f", "d", 0, "champion", "unet", 0.0))
    document.put_version(Version(2, "f", "d", 1, "champion", "unet", 9.0, "Better."))
    assert list(window.monitor.versions.buttons) == [1]
    assert "← v1" in texts(window.monitor.versions)
    window.monitor.versions.buttons[1].click()
    assert studio.mock_calls == [call.training.use(1)]


def test_a_long_curve_is_thinned_but_keeps_its_end() -> None:
    points = [(float(step), 0.0) for step in range(1000)]
    kept = thinned(points, 100)
    assert len(kept) <= 102 and kept[0] == points[0] and kept[-1] == points[-1]


def test_tool_options_follow_the_tool(window: MainWindow) -> None:
    options = window.tool_options
    assert options.radius.isVisible() and "tolerance" not in options.own.fields
    window.session.set_tool("fill")
    field = options.own.fields["tolerance"]
    assert not field.isHidden() and not options.radius.isVisible()
    field.set_value(0.25)
    assert window.session.tool_option("fill", "tolerance") == 0.25


def test_another_tool_does_not_move_the_image(window: MainWindow) -> None:
    window.resize(1000, 700)
    QApplication.processEvents()
    places = set()
    for kind in TOOLS:
        window.session.set_tool(kind.id)
        QApplication.processEvents()
        view = window.canvas.view
        places.add((window.canvas.width(), window.canvas.height(), view.row, view.column, view.scale))
    assert len(places) == 1


# --- tool options -------------------------------------------------------------------------------------------


def test_where_room_is_scarce_the_radius_slider_goes_and_nothing_overlaps(window: MainWindow) -> None:
    options = window.tool_options
    window.session.set_tool("brush")
    for width, seen in ((1600, True), (520, False), (1600, True)):
        options.setFixedWidth(width)
        QApplication.processEvents()
        assert options.radius.slider.isVisible() == seen and options.radius.field.isVisible()


def test_the_lines_of_a_chart_are_told_apart() -> None:
    assert labels_of(0.0, 1.0) == ["0", "0.5", "1"]
    assert labels_of(0.96, 1.03) == ["0.96", "0.99", "1"]
    assert len(set(labels_of(0.12345, 0.12346))) > 1
