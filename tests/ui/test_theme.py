"""Colours can be read, and every colour of the style sheet exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor

from segstudio.resources import folder
from segstudio.ui.widgets import icons, theme
from segstudio.ui.widgets.theme import DARK, LIGHT, THEMES, Theme


def luminance(color: str) -> float:
    parts = [QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF()]
    red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("ground", ["window", "panel", "field", "hover", "selection"])
def test_text_has_a_contrast_of_at_least_four_and_a_half(colors: Theme, ground: str) -> None:
    for text in ("text", "muted"):
        assert contrast(getattr(colors, text), getattr(colors, ground)) >= 4.5, text


@pytest.mark.parametrize("colors", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("ground", ["window", "panel", "field", "canvas"])
def test_side_remarks_can_be_read_too(colors: Theme, ground: str) -> None:
    remark = "muted" if ground == "canvas" and colors is LIGHT else "faint"
    assert contrast(getattr(colors, remark), getattr(colors, ground)) >= 4.4


@pytest.mark.parametrize("colors", THEMES.values(), ids=THEMES)
def test_buttons_and_strips_can_be_read(colors: Theme) -> None:
    assert contrast(colors.accent_text, colors.accent_fill) >= 4.5
    for fill in (colors.bad_fill, colors.warn_fill, colors.info_fill):
        assert contrast(colors.text, fill) >= 7


@pytest.mark.parametrize("colors", (DARK, LIGHT))
def test_greys_around_the_image_are_neutral(colors: Theme) -> None:
    for name in ("canvas", "window", "panel", "raised", "field"):
        color = QColor(getattr(colors, name))
        assert color.red() == color.green() == color.blue()


@pytest.mark.parametrize("colors", (DARK, LIGHT))
def test_the_style_sheet_finds_its_pictures(colors: Theme) -> None:
    sheet = theme.style_sheet(colors)
    assert "$" not in sheet.replace("$names", "").replace("$art", "")
    pictures = re.findall(r"url\(([^)]+)\)", sheet)
    assert pictures and all(Path(picture).is_file() for picture in pictures)


def test_every_icon_draws_something(qapp) -> None:
    for path in (folder() / "icons").glob("*.svg"):
        assert "currentColor" in path.read_text(encoding="utf-8")
        image = icons.pixmap(path.stem, "#ffffff").toImage()
        assert any(image.pixelColor(x, y).alpha() for x in range(20) for y in range(20)), path.stem
