"""Files of images go, come back elsewhere, and change: the project opens, says so, and helps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio.ui.commands.table import COMMANDS
from segstudio.ui.panels.strip import ROLE

from .conftest import User

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

NAMES = ("a.png", "b.png", "c.png")


def noise(path: Path, seed: int, rows: int = 90, columns: int = 120) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (rows, columns), np.uint8)).save(path)
    return path


@pytest.fixture
def place(user: User, tmp_path: Path) -> Path:
    """A closed project of three images in a folder beside it, the first one painted."""
    user.session.settings = user.session.settings.with_(live=False)
    user.studio.new_project(tmp_path / "project")
    user.open(*(noise(tmp_path / "scans" / name, seed) for seed, name in enumerate(NAMES)))
    user.show(1)
    user.stroke([(20, 20), (20, 80)])
    user.studio.projects.close()
    return tmp_path


def reopened(user: User, place: Path) -> list[int]:
    """Ids of the images that got a thumbnail."""
    made: list[int] = []
    user.studio.opening.thumbnail.connect(lambda image, _: made.append(image))
    user.studio.open_project(place / "project")
    user.wait(lambda: not user.studio.opening.busy)
    return made


def command(user: User, name: str) -> object:
    return next(one for one in COMMANDS if one.id == name)


def menu(user: User, row: int) -> list[str]:
    strip = user.window.strip
    made = strip.menu_of(strip.model.index(row).data(ROLE))
    return [action.text() for action in made.actions() if action.text()]


def test_a_renamed_folder_is_found_at_once_and_the_masks_are_where_they_were(user: User, place: Path) -> None:
    (place / "scans" / "c.png").rename(place / "c.png")
    noise(place / "scans" / "c.png", 2).unlink()
    (place / "scans").rename(place / "pictures")
    assert reopened(user, place) == []
    assert any("3 of 3 images are not where they were" in text for text in user.strips())
    assert command(user, "image.find").enabled(user.window)  # type: ignore[attr-defined]
    assert menu(user, 1) == ["Show", "Find file…", "Remove from project"]
    said: list[str] = []
    user.studio.said.connect(said.append)
    user.studio.lost.find(place / "pictures")
    user.wait(lambda: any("2 images found" in text for text in said))
    assert "Still missing: c.png" in said[-1]
    user.wait(lambda: user.session.pixels is not None and not user.studio.opening.busy)
    assert user.annotation(1)[20, 50] and menu(user, 0) == ["Show", "Remove from project"]
    document = user.session.document
    user.studio.lost.find(place / "c.png", document.images[3])
    user.wait(lambda: not user.session.project.problems)
    assert not command(user, "image.find").enabled(user.window)  # type: ignore[attr-defined]
    user.studio.projects.close()
    user.window.notices.clear()
    assert sorted(reopened(user, place)) == [1, 2, 3] and not user.strips()


def test_a_file_that_came_back_is_shown_as_if_nothing_had_been(user: User, place: Path) -> None:
    kept = (place / "scans" / "a.png").read_bytes()
    (place / "scans" / "a.png").unlink()
    assert sorted(reopened(user, place)) == [2, 3]
    assert any("a.png" in text for text in user.strips())
    (place / "scans" / "a.png").write_bytes(kept)
    user.show(1)
    assert not user.session.project.problems


@pytest.mark.parametrize(
    ("rows", "columns", "fits"), [(90, 120, True), (60, 120, False)], ids=["other content", "other size"]
)
def test_a_changed_file_is_told_before_anything_is_painted_and_used_only_if_it_fits(
    user: User, place: Path, rows: int, columns: int, fits: bool
) -> None:
    noise(place / "scans" / "a.png", 77, rows, columns)
    reopened(user, place)
    assert any("a.png” was changed since it was added" in text for text in user.strips())
    assert user.session.pixels is None
    before = user.annotation(1)
    user.stroke([(60, 20), (60, 80)])
    np.testing.assert_array_equal(user.annotation(1), before)
    assert ("Use the file as it is now" in menu(user, 0)) is fits
    user.studio.lost.use(user.session.image)
    if not fits:
        assert user.session.pixels is None and user.session.project.problems
        return
    user.wait(lambda: user.session.pixels is not None and not user.session.project.problems)
    user.studio.projects.close()
    user.window.notices.clear()
    reopened(user, place)
    assert not user.strips() and user.annotation(1)[20, 50]


def test_a_file_that_changes_while_the_project_is_open_is_told_when_it_is_shown_again(user: User, place: Path) -> None:
    reopened(user, place)
    user.show(2)
    user.show(1)
    noise(place / "scans" / "b.png", 55)
    user.studio.opening.show(2)
    user.wait(lambda: any("b.png” was changed" in text for text in user.strips()))


def test_a_missing_image_is_removed_and_comes_back_by_undo(user: User, place: Path) -> None:
    (place / "scans" / "a.png").unlink()
    reopened(user, place)
    strip, document = user.window.strip, user.session.document
    command(user, "image.remove").run(user.window)  # type: ignore[attr-defined]
    user.wait(lambda: user.session.image.id == 2 and user.session.pixels is not None)
    assert list(document.images) == [2, 3] == [entry.id for entry in strip.model.entries]
    for image in (2, 3):
        user.studio.lost.remove(document.images[image])
    assert user.session.image is None and not strip.model.entries
    for _ in range(3):
        command(user, "edit.undo").run(user.window)  # type: ignore[attr-defined]
    assert [entry.id for entry in strip.model.entries] == [1, 2, 3]
    assert user.session.image.id == 1 and user.annotation(1)[20, 50]
