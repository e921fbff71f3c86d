"""Dark and light: one style sheet, one palette and one font, filled from a table of colours."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from string import Template

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from segstudio.resources import folder


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by what they are for. The greys are neutral, so that they do not tint the image beside them."""

    name: str
    canvas: str
    window: str
    panel: str
    raised: str
    hover: str
    pressed: str
    field: str
    line: str
    border: str
    text: str
    muted: str
    faint: str
    disabled: str
    accent: str
    accent_fill: str
    accent_hover: str
    accent_text: str
    selection: str
    good: str
    warn: str
    warn_fill: str
    bad: str
    bad_fill: str
    info_fill: str
    scrim: str


DARK = Theme(
    name="dark",
    canvas="#181818",
    window="#1f1f1f",
    panel="#252525",
    raised="#303030",
    hover="#363636",
    pressed="#404040",
    field="#1b1b1b",
    line="#323232",
    border="#434343",
    text="#e4e4e4",
    muted="#adadad",
    faint="#8f8f8f",
    disabled="#6c6c6c",
    accent="#6aa5ff",
    accent_fill="#2f6fdb",
    accent_hover="#3d7ce6",
    accent_text="#ffffff",
    selection="#2c3a50",
    good="#5bc08a",
    warn="#e8b04a",
    warn_fill="#3a3222",
    bad="#f0736a",
    bad_fill="#3f2726",
    info_fill="#26303f",
    scrim="#99000000",
)

LIGHT = Theme(
    name="light",
    canvas="#c6c6c6",
    window="#ececec",
    panel="#f8f8f8",
    raised="#ffffff",
    hover="#e9e9e9",
    pressed="#dcdcdc",
    field="#ffffff",
    line="#dedede",
    border="#c4c4c4",
    text="#1d1d1d",
    muted="#545454",
    faint="#6c6c6c",
    disabled="#9c9c9c",
    accent="#1f62cf",
    accent_fill="#2666d4",
    accent_hover="#1d58bd",
    accent_text="#ffffff",
    selection="#d7e4f9",
    good="#1f8a55",
    warn="#9a6700",
    warn_fill="#fbf0d3",
    bad="#c0362c",
    bad_fill="#fbe3e1",
    info_fill="#e1ebfa",
    scrim="#66000000",
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}
FAMILIES = ("Inter", "Segoe UI", "SF Pro Text", "Noto Sans", "Noto Sans CJK SC", "Helvetica Neue", "Arial")
SIZE = 12
"""Pixel size of the interface's text."""

_current = DARK


def current() -> Theme:
    """The theme in use; widgets that paint themselves ask when they paint."""
    return _current


def color(name: str, alpha: float = 1.0) -> QColor:
    """A colour of the current theme by field name, with opacity `alpha` (0..1)."""
    found = QColor(getattr(_current, name))
    if alpha < 1.0:
        found.setAlphaF(alpha)
    return found


def apply(app: QApplication, name: str) -> Theme:
    """Restyle the whole program. Icons are refreshed by whoever owns the window (icons.refresh)."""
    global _current
    _current = THEMES.get(name, DARK)
    if not QFontDatabase.hasFamily("Inter"):
        for path in sorted((folder() / "fonts").glob("*.ttf")):
            QFontDatabase.addApplicationFont(str(path))
    if app.style().objectName().lower() != "fusion":
        app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(palette(_current))
    app.setStyleSheet(style_sheet(_current))
    return _current


def font(size: int = SIZE, *, bold: bool = False) -> QFont:
    """The interface's font at a pixel size, with figures of equal width."""
    made = QFont()
    made.setFamilies(list(FAMILIES))
    made.setPixelSize(size)
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)
    made.setHintingPreference(QFont.HintingPreference.PreferVerticalHinting)
    return made


def palette(theme: Theme) -> QPalette:
    """The palette of a theme, for what the style sheet does not reach. Role Dark is the canvas."""
    role, made = QPalette.ColorRole, QPalette()
    pairs = {
        role.Window: theme.panel,
        role.WindowText: theme.text,
        role.Base: theme.field,
        role.AlternateBase: theme.panel,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.bad,
        role.Highlight: theme.accent_fill,
        role.HighlightedText: theme.accent_text,
        role.Link: theme.accent,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Light: theme.hover,
        role.Midlight: theme.line,
        role.Mid: theme.border,
        role.Dark: theme.canvas,
        role.Shadow: "#000000",
        role.Accent: theme.accent_fill,
    }
    for key, value in pairs.items():
        made.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, key, QColor(theme.disabled))
    return made


def style_sheet(theme: Theme) -> str:
    """The style sheet: resources/themes/studio.qss with the theme's colours filled in."""
    themes = folder() / "themes"
    template = Template((themes / "studio.qss").read_text(encoding="utf-8"))
    return template.substitute(asdict(theme), art=(themes / theme.name).as_posix())
