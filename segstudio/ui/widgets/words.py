"""Words for the user: translated where a translation is installed, English otherwise."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def tr(text: str) -> str:
    """`text` in the user's language."""
    return QCoreApplication.translate("SegStudio", text)


def count(number: int) -> str:
    """A number short enough for a panel: 940, 12.4k, 3.1M."""
    for limit, unit in ((1_000_000, "M"), (10_000, "k")):
        if number >= limit:
            value = number / (1_000_000 if unit == "M" else 1_000)
            return f"{value:.1f}{unit}" if value < 100 else f"{value:.0f}{unit}"
    return f"{number:,}"


def age(seconds: float) -> str:
    """How long ago, in words: “40 s ago”, “12 min ago”."""
    seconds = max(0.0, seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return tr("{n} {unit} ago").format(n=int(seconds // size), unit=unit)
    return tr("{n} s ago").format(n=int(seconds))


def value(number: float) -> str:
    """A pixel value: whole numbers without a point, others with four figures."""
    return f"{number:.0f}" if float(number).is_integer() else f"{number:.4g}"


def share(number: float | None) -> str:
    """A score from 0 to 1 with three places, a dash where it is not defined."""
    return "–" if number is None or number != number else f"{number:.3f}"
