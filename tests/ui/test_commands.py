"""The table of commands, and everything that reads it."""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import Mock, call

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from segstudio.resources import folder
from segstudio.ui.commands.base import keys_of
from segstudio.ui.commands.search import matching, score
from segstudio.ui.commands.shortcut_sheet import balanced, sections
from segstudio.ui.commands.table import COMMANDS, MENUS, TOOL_BAR, TOOL_COLUMN
from segstudio.ui.shell.window import MainWindow

Key = Qt.Key


def test_ids_are_unique() -> None:
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)


def test_shortcuts_are_unique_and_valid() -> None:
    keys = [key for command in COMMANDS for key in keys_of(command, {})]
    assert len(set(keys)) == len(keys)
    for key in keys:
        assert QKeySequence(key).count() == 1, key
        assert QKeySequence(key).toString(), key


DESIGN_KEYS = (
    "B E R L G X [ ] 1 9 0 U Ctrl+Z Ctrl+Shift+Z Ctrl+Y Ctrl+0 Ctrl+1 + - A D N P Shift+P Return Esc V ` O , . "
    "Shift+Q Ctrl+T Ctrl+Shift+T Ctrl+K F1 F11 Ctrl+O Ctrl+Shift+O Ctrl+E Ctrl+Q"
)


@pytest.mark.parametrize("key", DESIGN_KEYS.split())
def test_every_key_of_the_design_has_its_command(key: str) -> None:
    assert any(key in keys_of(command, {}) for command in COMMANDS)


def test_every_menu_and_icon_exists() -> None:
    for command in COMMANDS:
        assert command.menu in MENUS
        assert not command.icon or (folder() / "icons" / f"{command.icon}.svg").is_file(), command.icon


def test_tool_bars_name_known_commands() -> None:
    assert {id_ for id_ in (*TOOL_BAR, *TOOL_COLUMN) if id_} <= {command.id for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_is_found_by_its_name(command) -> None:
    assert command in matching(command.text)[:3]


def test_an_empty_search_lists_everything() -> None:
    assert matching("") == list(COMMANDS)


def test_letters_at_word_starts_count_more() -> None:
    assert matching("zq") == []
    assert matching("rl")[0].id == "layout.reset"
    assert score("undo", "Undo") > score("undo", "Undo everything else")


def test_the_sheet_shows_every_key_but_the_nine_classes_once() -> None:
    lines = [text for _, found in sections({}) for _, text in found]
    for command in COMMANDS:
        if command.keys and not command.id.startswith("class.choose"):
            assert command.text in lines
    assert "Choose a class" in lines


def test_the_sheet_follows_the_users_own_keys() -> None:
    lines = {text: keys for _, found in sections({"model.predict": "F5"}) for keys, text in found}
    assert lines["Predict"] == ["F5"]


def test_columns_of_the_sheet_are_about_as_high() -> None:
    found = balanced([9, 9, 15, 5, 8, 14, 7, 4], 3)
    assert sorted(place for column in found for place in column) == list(range(8))


def test_menus_hold_every_command(window: MainWindow) -> None:
    menus = [menu.menu() for menu in window.menuBar().actions()]
    menus += [action.menu() for menu in menus for action in menu.actions() if action.menu()]
    shown = {action.objectName() for menu in menus for action in menu.actions()}
    assert {command.id for command in COMMANDS} <= shown


def test_the_search_runs_what_it_lists(window: MainWindow, qtbot: QtBot, studio: Mock) -> None:
    search = window.search_commands()
    qtbot.keyClicks(search.field, "predict")
    assert search.model.commands[0].id == "model.predict"
    qtbot.keyClick(search.field, Key.Key_Return)
    assert studio.mock_calls == [call.predicting.predict_shown()]
    assert not search.isVisible()


def test_the_search_never_runs_what_cannot_be_used(window: MainWindow, qtbot: QtBot, studio: Mock) -> None:
    search = window.search_commands()
    qtbot.keyClicks(search.field, "stop training")
    qtbot.keyClick(search.field, Key.Key_Return)
    assert not studio.mock_calls


def test_a_search_without_result_says_so(window: MainWindow, qtbot: QtBot) -> None:
    search = window.search_commands()
    qtbot.keyClicks(search.field, "zzzz")
    assert search.nothing.isVisible() and not search.view.isVisible()


@pytest.mark.parametrize(
    ("key", "tool"), [("E", "eraser"), ("R", "revert"), ("L", "lasso"), ("G", "fill"), ("X", "eraser")]
)
def test_letters_switch_tools(window: MainWindow, qtbot: QtBot, key: str, tool: str) -> None:
    qtbot.keyClick(window.canvas, getattr(Key, f"Key_{key}"))
    assert window.session.tool_id == tool


def test_x_goes_back_to_the_brush(window: MainWindow, qtbot: QtBot) -> None:
    for tool in ("eraser", "brush"):
        qtbot.keyClick(window.canvas, Key.Key_X)
        assert window.session.tool_id == tool


def test_digits_choose_classes_by_their_place(window: MainWindow, qtbot: QtBot) -> None:
    for key, class_id in ((Key.Key_2, 2), (Key.Key_0, 0), (Key.Key_1, 1), (Key.Key_7, 1)):
        qtbot.keyClick(window.canvas, key)
        assert window.session.active_class == class_id


def test_u_paints_unsure_until_a_class_is_chosen(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(window.canvas, Key.Key_U)
    assert window.session.unsure
    qtbot.keyClick(window.canvas, Key.Key_1)
    assert not window.session.unsure


def test_brackets_change_the_brush(window: MainWindow, qtbot: QtBot) -> None:
    window.session.set_brush_radius(10)
    qtbot.keyClick(window.canvas, Key.Key_BracketRight)
    assert window.session.brush_radius == pytest.approx(11)
    qtbot.keyClick(window.canvas, Key.Key_BracketLeft)
    assert window.session.brush_radius == pytest.approx(10)


def test_keys_change_the_display(window: MainWindow, qtbot: QtBot) -> None:
    session = window.session
    qtbot.keyClick(window.canvas, Key.Key_V)
    assert not session.display.masks_visible
    qtbot.keyClick(window.canvas, Key.Key_O)
    assert session.display.mask_style == "outline"
    qtbot.keyClick(window.canvas, Key.Key_Q, Qt.KeyboardModifier.ShiftModifier)
    assert session.display.uncertainty_visible
    before = session.layer.opacity
    qtbot.keyClick(window.canvas, Key.Key_Comma)
    assert session.layer.opacity == pytest.approx(before - 0.1)
    qtbot.keyClick(window.canvas, Key.Key_Period)
    assert session.layer.opacity == pytest.approx(before)


def test_peeking_lasts_as_long_as_the_key_is_held(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyPress(window.canvas, Key.Key_QuoteLeft)
    assert window.session.display.peeking
    qtbot.keyRelease(window.canvas, Key.Key_QuoteLeft)
    assert not window.session.display.peeking


def test_keys_ask_the_controllers(window: MainWindow, qtbot: QtBot, studio: Mock) -> None:
    control = Qt.KeyboardModifier.ControlModifier
    for key, modifier in (
        (Key.Key_P, Qt.KeyboardModifier.NoModifier), (Key.Key_P, Qt.KeyboardModifier.ShiftModifier),
        (Key.Key_D, Qt.KeyboardModifier.NoModifier), (Key.Key_A, Qt.KeyboardModifier.NoModifier),
        (Key.Key_N, Qt.KeyboardModifier.NoModifier), (Key.Key_T, control),
    ):  # fmt: skip
        qtbot.keyClick(window.canvas, key, modifier)
    assert studio.mock_calls == [
        call.predicting.predict_shown(), call.predicting.predict_shown(view_only=True), call.opening.step(1), call.opening.step(-1),
        call.show_useful(), call.training.train_or_pause(),
    ]  # fmt: skip


def test_letters_typed_into_a_field_switch_no_tool(window: MainWindow, qtbot: QtBot, studio: Mock) -> None:
    window.session.set_tool("lasso")
    window.classes.rows[1].name.edit()
    field = window.classes.rows[1].name.field
    qtbot.keyClicks(field, "beg xp10,.`")
    assert field.text() == "beg xp10,.`"
    assert window.session.tool_id == "lasso" and not studio.mock_calls
    qtbot.keyClick(field, Key.Key_Return)
    assert window.session.classes.name(1) == "beg xp10,.`"


def test_digits_typed_into_a_number_choose_no_class(window: MainWindow, qtbot: QtBot) -> None:
    spin = window.tool_options.radius.field
    spin.setFocus()
    spin.selectAll()
    qtbot.keyClicks(spin, "2")
    assert window.session.active_class == 1
    qtbot.keyClick(spin, Key.Key_Return)
    assert window.session.brush_radius == 2
    assert window.focusWidget() is window.canvas


def test_keys_do_not_reach_the_tools_below_a_card(window: MainWindow, qtbot: QtBot) -> None:
    sheet = window.show_shortcuts()
    qtbot.keyClick(sheet, Key.Key_E)
    assert window.session.tool_id == "brush"
    qtbot.keyClick(sheet, Key.Key_Escape)
    assert not sheet.isVisible()
    assert window.focusWidget() is window.canvas
    qtbot.keyClick(window.canvas, Key.Key_E)
    assert window.session.tool_id == "eraser"


def test_a_field_with_the_same_letters_in_the_search_types_them(window: MainWindow, qtbot: QtBot) -> None:
    search = window.search_commands()
    assert isinstance(window.focusWidget(), QLineEdit)
    qtbot.keyClicks(search.field, "be")
    assert search.field.text() == "be" and window.session.tool_id == "brush"


def test_nothing_heavy_is_imported_with_the_window() -> None:
    code = "import sys, segstudio.ui.shell.window; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "torchvision", "skimage", "scipy", "tifffile", "PIL"} & set(loaded)
