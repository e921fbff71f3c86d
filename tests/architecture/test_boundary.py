"""No exception of a handler goes back into Qt: every override that Qt calls has the boundary around it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCES = sorted((Path(__file__).parents[2] / "segstudio" / "ui").rglob("*.py"))


def unguarded(source: str) -> list[str]:
    """Names of methods that Qt calls without the boundary, and of all that override `event`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ClassDef):
            continue
        for method in node.body:
            if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            marks = {mark.id for mark in method.decorator_list if isinstance(mark, ast.Name)}
            handler = method.name.endswith("Event") or method.name == "eventFilter"
            if method.name == "event" or (handler and "guarded" not in marks):
                found.append(f"{node.name}.{method.name}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_handler_has_the_boundary_and_none_overrides_event(path: Path) -> None:
    assert not unguarded(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("def paintEvent(self, event): ...", ["W.paintEvent"]),
        ("@guarded\n    def paintEvent(self, event): ...", []),
        ("def eventFilter(self, watched, event): ...", ["W.eventFilter"]),
        ("@guarded\n    def event(self, event): ...", ["W.event"]),
        ("def ended(self): ...", []),
    ],
)
def test_a_forgotten_boundary_is_found(body: str, found: list[str]) -> None:
    assert unguarded(f"class W(QWidget):\n    {body}\n") == found
