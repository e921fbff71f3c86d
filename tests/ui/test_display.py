"""How images and masks are shown: window, gamma, colours, bands, hatching, minimap and touch, by real events."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from segstudio.core.document import Document
from segstudio.core.image import ImageInfo
from segstudio.ui.canvas import overlay, render
from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.session.levels import first_windows
from segstudio.ui.session.tone import RAMPS, Tone, ramp_table
from segstudio.ui.shell.window import MainWindow

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def run(window: MainWindow, command: str) -> None:
    window.run(next(known for known in COMMANDS if known.id == command))


def shown(window: MainWindow, row: float, column: float) -> tuple[int, int, int]:
    """Colour on the screen at an image point."""
    QApplication.processEvents()
    image: QImage = window.canvas.grab().toImage()
    x, y = window.canvas.view.to_widget(row, column)
    color = image.pixelColor(round(x), round(y))
    return color.red(), color.green(), color.blue()


def show(window: MainWindow, pixels: np.ndarray, ranges: tuple[float, float] = (0.0, 255.0)) -> None:
    slices, rows, columns, channels = pixels.shape
    names = tuple(f"B{n + 1}" for n in range(channels))
    info = ImageInfo("", (slices, rows, columns), channels, names, str(pixels.dtype), ranges=(ranges,) * channels)
    document: Document = window.session.document
    window.session.show_image(document.add_image(f"{names}.png", "1" * 64, info), pixels)
    QApplication.processEvents()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.int32])
@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_every_kind_of_pixel_is_shown_by_the_same_rule(dtype: type, gamma: float) -> None:
    low, high = (10.0, 200.0) if dtype == np.uint8 else (-30.0, 500.0) if np.dtype(dtype).kind != "u" else (30.0, 500.0)
    values = np.linspace(low - 9, high + 9, 64).astype(dtype).reshape(8, 8, 1)
    grey = Tone(((low, high),), (0,), gamma).argb(values) & 255
    wanted = 255 * np.clip((values[..., 0].astype(float) - low) / (high - low), 0, 1) ** (1 / gamma)
    assert np.abs(grey.astype(float) - wanted).max() <= 1.5
    inverted = Tone(((low, high),), (0,), gamma, inverted=True).argb(values) & 255
    assert np.abs(255 - grey.astype(int) - inverted.astype(int)).max() <= 1


def test_no_number_is_dark_and_bands_are_colours() -> None:
    values = np.array([[[np.nan, 1.0, 0.0, 0.5]]], np.float32)
    tone = Tone(((0.0, 1.0),) * 4, (3, 1, 2))
    assert hex(int(tone.argb(values)[0, 0])) == "0xff80ff00"
    assert int(Tone(((0.0, 1.0),) * 4, (0,)).argb(values)[0, 0]) == 0xFF000000


@pytest.mark.parametrize("name", RAMPS)
def test_ramps_go_from_dark_to_bright(name: str) -> None:
    table = ramp_table(name)
    parts = [(table >> np.uint32(shift) & np.uint32(255)).astype(float) for shift in (16, 8, 0)]
    light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    assert len(table) == 256 and np.all(np.diff(light) > -1.5) and light[-1] > light[0] + 100


def test_dragging_sets_window_and_level(window: MainWindow) -> None:
    session, canvas = window.session, window.canvas
    QTest.keyClick(canvas, Qt.Key.Key_M)
    assert session.display.levelling
    before = session.windows[0]
    middle = canvas.rect().center()
    QTest.mousePress(canvas, LEFT, NONE, middle)
    QTest.mouseMove(canvas, middle + QPoint(100, 0))
    QTest.mouseRelease(canvas, LEFT, NONE, middle + QPoint(100, 0))
    after = session.windows[0]
    assert after.high - after.low == pytest.approx((before.high - before.low) * 2**0.5)
    QTest.mousePress(canvas, LEFT, NONE, middle)
    QTest.mouseMove(canvas, middle - QPoint(0, 50))
    QTest.mouseRelease(canvas, LEFT, NONE, middle - QPoint(0, 50))
    assert session.windows[0].low < after.low, "up is brighter"
    assert session.layer.annotation.is_empty(), "nothing was painted"
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QApplication.processEvents()
    run(window, "proposal.discard") if session.display.levelling else None
    assert not session.display.levelling


def test_presets_and_gamma_change_what_is_seen(window: MainWindow) -> None:
    ramp = np.tile(np.arange(-1000, 1000, 10, dtype=np.int16), (120, 1))[None, ..., None]
    show(window, ramp, (-1000.0, 990.0))
    presets = window.histogram.presets
    presets.menu().aboutToShow.emit()
    names = [action.text() for action in presets.menu().actions()]
    assert "What is seen" in names and any(name.startswith("Lung") for name in names)
    next(action for action in presets.menu().actions() if action.text().startswith("Brain")).trigger()
    assert (window.session.windows[0].low, window.session.windows[0].high) == (0, 80)
    next(action for action in presets.menu().actions() if action.text() == "Full range").trigger()
    before = shown(window, 60, 60)[0]
    window.histogram.display.gamma.setValue(20)
    assert window.session.display.gamma == 2 and shown(window, 60, 60)[0] > before + 20
    window.histogram.display.reset.click()
    assert window.session.display.gamma == 1 and shown(window, 60, 60)[0] == before
    window.histogram.display.inverted.click()
    assert abs(shown(window, 60, 60)[0] - (255 - before)) <= 1
    window.histogram.display.ramp.setCurrentIndex(1)
    red, green, blue = shown(window, 60, 60)
    assert len({red, green, blue}) == 3


def test_what_is_seen_sets_the_window_to_the_visible_part(window: MainWindow) -> None:
    pixels = np.zeros((1, 400, 400, 1), np.uint8)
    pixels[0, 180:220, 180:220] = np.linspace(100, 180, 1600).reshape(40, 40, 1)
    show(window, pixels)
    window.canvas.zoom_by(60 / window.canvas.view.scale)
    window.canvas.center_on(200, 200)
    window.session.window_to_percentiles(0.5, 99.5, seen=True)
    assert 100 <= window.session.windows[0].low < window.session.windows[0].high <= 180


def test_any_three_bands_are_red_green_and_blue(window: MainWindow) -> None:
    pixels = np.zeros((1, 50, 60, 5), np.uint8)
    pixels[...] = (10, 60, 110, 160, 210)
    show(window, pixels)
    assert shown(window, 25.5, 30.5) == (10, 60, 110)
    for place, band in enumerate((3, 2, 4)):
        window.histogram.display.bands[place].setCurrentIndex(band)
    assert window.session.display.bands == (3, 2, 4) and shown(window, 25.5, 30.5) == (160, 110, 210)


def test_masks_are_filled_outlined_or_hatched(window: MainWindow) -> None:
    session = window.session
    writer = session.begin_edit("Paint", tool="brush")
    writer.set(0, 20, 20, np.ones((60, 60), bool), 1)
    session.finish_edit(writer)
    colors = render.Colors(session.classes, 0.5)
    from segstudio.core.geometry import Box

    box = Box(0, 10, 10, 90, 90)
    drawn = {s: render.mask_pixels(session.layer, colors, box, 0, style=s) != 0 for s in ("fill", "outline", "hatch")}
    assert drawn["fill"].sum() == 3600 and drawn["outline"][40, 40] == 0 and drawn["outline"][10, 30]
    assert drawn["outline"].sum() < drawn["hatch"].sum() < 2000
    part = render.mask_pixels(session.layer, colors, Box(0, 33, 47, 60, 70), 0, style="hatch") != 0
    np.testing.assert_array_equal(part[2:-2, 2:-2], drawn["hatch"][25:48, 39:58], "stripes fit at every cut")
    for wanted in ("outline", "hatch", "fill"):
        QTest.keyClick(window.canvas, Qt.Key.Key_O)
        assert session.display.mask_style == wanted


def test_magnified_pixels_are_squares_or_blended(window: MainWindow) -> None:
    pixels = np.zeros((1, 40, 40, 1), np.uint8)
    pixels[0, :, 20:] = 200
    show(window, pixels)
    assert shown(window, 20.5, 19.8)[0] == 0
    run(window, "pixels.smooth")
    assert 0 < shown(window, 20.5, 19.9)[0] < 200 and window.session.settings.smooth
    run(window, "pixels.smooth")


def test_classes_get_safe_colours_as_one_step(window: MainWindow) -> None:
    before = [entry.color for entry in window.session.classes]
    run(window, "class.safe-colors")
    assert window.session.classes[1].color == "#e69f00" and window.session.classes[0].color == before[0]
    window.session.editing.undo()
    assert [entry.color for entry in window.session.classes] == before


def test_a_click_in_the_minimap_goes_there(window: MainWindow) -> None:
    canvas = window.canvas
    canvas.zoom_by(8)
    where = overlay.minimap_rect(canvas.view, window.session.shape)
    at = QPoint(round(where.left() + where.width() * 0.25), round(where.top() + where.height() * 0.75))
    QTest.mouseClick(canvas, LEFT, NONE, at)
    row, column = canvas.view.to_image(canvas.width() / 2, canvas.height() / 2)
    assert row == pytest.approx(0.75 * 120, abs=2) and column == pytest.approx(0.25 * 160, abs=2)
    assert window.session.layer.annotation.is_empty()


def test_a_finger_pans_and_two_zoom_but_never_paint(window: MainWindow, qtbot: QtBot) -> None:
    canvas = window.canvas
    screen = QTest.createTouchDevice(QPointingDevice.DeviceType.TouchScreen)
    canvas.zoom_by(4)
    before = canvas.view.column
    QTest.touchEvent(canvas, screen).press(0, QPoint(300, 300), canvas).commit()
    QTest.touchEvent(canvas, screen).move(0, QPoint(260, 300), canvas).commit()
    QTest.touchEvent(canvas, screen).release(0, QPoint(260, 300), canvas).commit()
    assert canvas.view.column == pytest.approx(before + 40 / canvas.view.scale)
    scale = canvas.view.scale
    QTest.touchEvent(canvas, screen).press(0, QPoint(200, 300), canvas).press(1, QPoint(300, 300), canvas).commit()
    QTest.touchEvent(canvas, screen).move(0, QPoint(150, 300), canvas).move(1, QPoint(350, 300), canvas).commit()
    QTest.touchEvent(canvas, screen).release(0, QPoint(150, 300), canvas).release(1, QPoint(350, 300), canvas).commit()
    assert canvas.view.scale == pytest.approx(2 * scale, rel=0.05)
    assert window.session.layer.annotation.is_empty()


@pytest.mark.parametrize(("dtype", "ends"), [("uint8", (0, 255)), ("int16", (-32768, 32767)), ("float32", (0, 1))])
def test_every_channel_has_a_display_window_before_its_pixels_were_read(dtype: str, ends: tuple[float, float]) -> None:
    info = ImageInfo("", (1, 4, 4), 3, ("r", "g", "b"), dtype)
    assert [(window.low, window.high) for window in first_windows(info)] == [ends] * 3
