"""What a user can configure, as it is stored."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from segstudio.settings import Settings, load, save


def stored(tmp_path: Path, text: str) -> tuple[Settings, list[str]]:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_what_was_changed_comes_back_and_nothing_else_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    changed = Settings().with_(theme="light", brush_radius=3.5, undo_megabytes=99, live=False)
    save(changed, path)
    assert load(path) == (changed, [])
    assert json.loads(path.read_text()) == {"theme": "light", "brush_radius": 3.5, "undo_megabytes": 99, "live": False}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("live", "false"), ("live", 0), ("live", None), ("smooth", []), ("undo_megabytes", "much"),
        ("undo_megabytes", 20.5), ("undo_megabytes", True), ("brush_radius", {}), ("brush_radius", "8"), ("theme", 3),
        ("theme", "purple"), ("network", "no such network"), ("no such setting", 1),
    ],
)  # fmt: skip
def test_an_unusable_value_keeps_its_default_and_is_told(tmp_path: Path, name: str, value: Any) -> None:
    settings, problems = stored(tmp_path, json.dumps({name: value, "train_seconds": 90}))
    assert settings == Settings(train_seconds=90)
    assert len(problems) == 1 and f"“{name}”" in problems[0]


def test_a_number_out_of_range_is_brought_into_it(tmp_path: Path) -> None:
    settings, problems = stored(tmp_path, '{"brush_radius": 1e9, "mask_opacity": -3, "train_seconds": 1}')
    assert (settings.brush_radius, settings.mask_opacity, settings.train_seconds) == (4000.0, 0.0, 5)
    assert not problems


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"x"', "{'live': 1}"])
def test_a_file_that_is_no_table_is_told_and_harms_nothing(tmp_path: Path, text: str) -> None:
    settings, problems = stored(tmp_path, text)
    assert settings == Settings() and len(problems) == 1


def test_every_default_is_a_value_that_can_be_chosen() -> None:
    assert Settings().with_(**{field.name: field.default for field in fields(Settings)}) == Settings()
