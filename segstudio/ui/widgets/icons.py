"""Line icons, drawn as SVG and tinted to the theme when they are loaded."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from segstudio.resources import folder
from segstudio.ui.widgets import theme

SIZE = 20
NAME, QUIET = "iconName", "iconQuiet"


def pixmap(name: str, tint: str, size: int = SIZE, ratio: float = 1.0) -> QPixmap:
    """One icon in the colour `tint`, `size` points wide at `ratio` pixels per point."""
    from PySide6.QtSvg import QSvgRenderer

    side = round(size * ratio)
    made = QPixmap(side, side)
    made.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", tint).encode()))
    painter = QPainter(made)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made


def icon(name: str, *, quiet: bool = False) -> QIcon:
    """An icon for buttons and menus in the current theme; checked and disabled have colours of their own."""
    return _icon(name, theme.current().name, quiet)


def set_icon(target: QAbstractButton | QAction, name: str, *, quiet: bool = False) -> None:
    """Give a button or action an icon that follows the theme; a quiet one is in the colour of side remarks."""
    target.setProperty(NAME, name)
    target.setProperty(QUIET, quiet)
    target.setIcon(icon(name, quiet=quiet))


def refresh(root: QWidget) -> None:
    """Tint all icons below `root` again, after the theme changed."""
    targets: list[QAbstractButton | QAction] = [*root.findChildren(QAbstractButton), *root.findChildren(QAction)]
    for target in targets:
        if name := target.property(NAME):
            target.setIcon(icon(name, quiet=bool(target.property(QUIET))))


@lru_cache(maxsize=256)
def _icon(name: str, theme_name: str, quiet: bool) -> QIcon:
    colors = theme.THEMES[theme_name]
    made = QIcon()
    states = (
        (QIcon.Mode.Normal, QIcon.State.Off, colors.disabled if quiet else colors.text),
        (QIcon.Mode.Normal, QIcon.State.On, colors.accent),
        (QIcon.Mode.Disabled, QIcon.State.Off, colors.disabled),
        (QIcon.Mode.Disabled, QIcon.State.On, colors.disabled),
    )
    for mode, state, tint in states:
        for ratio in _ratios():
            made.addPixmap(pixmap(name, tint, SIZE, ratio), mode, state)
    return made


def _ratios() -> set[float]:
    """Pixels per point of the screens there are."""
    return {1.0, *(screen.devicePixelRatio() for screen in QGuiApplication.screens())}


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return (folder() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
