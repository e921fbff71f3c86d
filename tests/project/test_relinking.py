"""Images that were moved are found again by name and content, a whole renamed folder at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from segstudio.project.paths import content_digest
from segstudio.project.relinking import Found, Wanted, find


def written(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@pytest.fixture
def wanted(tmp_path: Path) -> list[Wanted]:
    made = [("a.png", "one"), ("b.png", "two"), ("a.png", "three")]
    return [
        Wanted(n, name, content_digest(written(tmp_path / str(n) / name, text))) for n, (name, text) in enumerate(made)
    ]


def test_images_of_one_name_are_told_apart_by_their_content(tmp_path: Path, wanted: list[Wanted]) -> None:
    (tmp_path / "moved").mkdir()
    for number in range(3):
        (tmp_path / str(number)).rename(tmp_path / "moved" / f"x{number}")
    found = find(tmp_path / "moved", wanted)
    assert [(one.image, one.path.parent.name, one.same) for one in found] == [(n, f"x{n}", True) for n in range(3)]


def test_a_renamed_file_is_found_by_its_content(tmp_path: Path, wanted: list[Wanted]) -> None:
    place = written(tmp_path / "new" / "scan.PNG", "two")
    assert find(tmp_path / "new", wanted) == [Found(1, place, True)]


def test_a_file_of_the_name_with_another_content_is_not_the_image(tmp_path: Path, wanted: list[Wanted]) -> None:
    place = written(tmp_path / "new" / "B.png", "another")
    assert find(tmp_path / "new", wanted) == [Found(1, place, False)]
    assert find(tmp_path / "nowhere", wanted) == []


def test_a_file_that_is_pointed_at_is_taken_whatever_it_is_called(tmp_path: Path, wanted: list[Wanted]) -> None:
    place = written(tmp_path / "new" / "else.tif", "one")
    assert find(place, wanted[:1]) == [Found(0, place, True)]
    place.write_text("changed")
    assert find(place, wanted[:1]) == [Found(0, place, False)]


def test_an_image_whose_content_was_never_noted_is_found_by_its_name(tmp_path: Path) -> None:
    place = written(tmp_path / "new" / "old.png", "x")
    assert find(tmp_path, [Wanted(4, "old.png", "")]) == [Found(4, place, True)]
