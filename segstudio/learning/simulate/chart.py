"""Chart: curves of quality over effort as an SVG picture, without a plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

from segstudio.core.classes import PALETTE
from segstudio.learning.simulate.claims import Curve

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 220, 40, 56
"""Margins; the names of the curves stand in the right one."""

DASHES = ("", "6 3", "2 3", "9 3 2 3")
"""Curves differ in dashes too: not everyone tells colours apart."""


def svg(title: str, curves: Mapping[str, Curve], levels: Mapping[str, float]) -> str:
    """Named curves of mean Dice (0..1) over strokes on a logarithmic axis, and named horizontal `levels`."""
    efforts = [effort for curve in curves.values() for effort, _ in curve] or [1.0, 10.0]
    low, high = math.log(min(efforts)), math.log(max(max(efforts), min(efforts) * 1.01))

    def x(effort: float) -> float:
        return LEFT + (math.log(effort) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(quality: float) -> float:
        return HEIGHT - BOTTOM - quality * (HEIGHT - TOP - BOTTOM)

    end = WIDTH - RIGHT
    parts = [f'<text x="{LEFT}" y="24" font-size="16">{escape(title)}</text>']
    for tenth in range(0, 11, 2):
        at = y(tenth / 10)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{end}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{tenth / 10:.1f}</text>')
    for effort in _ticks(math.exp(low), math.exp(high)):
        parts.append(f'<path d="M{x(effort):.1f} {y(0):.1f}v5" stroke="#333"/>')
        parts.append(f'<text x="{x(effort):.1f}" y="{y(0) + 20:.1f}" text-anchor="middle">{effort:g}</text>')
    parts.append(f'<path d="M{LEFT} {TOP}V{y(0):.1f}H{end}" fill="none" stroke="#333"/>')
    middle = (LEFT + end) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">strokes (logarithmic)</text>')
    upright = f'transform="translate(18 {HEIGHT / 2}) rotate(-90)" text-anchor="middle"'
    parts.append(f"<text {upright}>mean Dice on test</text>")
    for name, level in levels.items():
        parts.append(f'<path d="M{LEFT} {y(level):.1f}H{end}" stroke="#888" stroke-dasharray="3 4"/>')
        parts.append(f'<text x="{LEFT + 6}" y="{y(level) - 5:.1f}" fill="#555">{escape(name)}</text>')
    for number, (name, curve) in enumerate(curves.items()):
        color, dash = PALETTE[number % len(PALETTE)], DASHES[number // 2 % len(DASHES)]
        style = f'fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dash}"'
        points = " ".join(f"{x(effort):.1f},{y(quality):.1f}" for effort, quality in curve)
        parts.append(f'<polyline points="{points}" {style}/>')
        line = TOP + 10 + 20 * number
        parts.append(f'<path d="M{end + 14} {line}h24" {style}/>')
        parts.append(f'<text x="{end + 44}" y="{line + 4}">{escape(name)}</text>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="12">\n<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _ticks(low: float, high: float) -> list[float]:
    """1, 2, 5, 10, 20, 50 ... within a range."""
    found = [step * 10**power for power in range(-1, 7) for step in (1, 2, 5)]
    return [float(value) for value in found if low * 0.999 <= value <= high * 1.001]
