"""Images of all kinds in one project: what fits is learnt, what does not is told in a sentence and harms nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from segstudio.core.codes import NOTHING

from .conftest import User

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

SIDE = 128


def picture(path: Path, *bands: int) -> Path:
    """Two halves under noise; `bands` say in which direction each channel tells them apart."""
    truth = np.zeros((SIDE, SIDE))
    truth[:, SIDE // 2 :] = 1
    noise = np.random.default_rng(len(bands)).normal(0, 8, (SIDE, SIDE))
    channels = [(120 + band * (truth - 0.5) * 120 + noise).clip(0, 255).astype(np.uint8) for band in bands]
    if len(bands) in (1, 3):
        Image.fromarray(channels[0] if len(bands) == 1 else np.dstack(channels)).save(path)
    else:
        tifffile.imwrite(path, np.dstack(channels), photometric="minisblack", planarconfig="contig")
    return path


def paint_halves(user: User, image: int, right: int = 1) -> None:
    user.show(image)
    user.session.set_brush_radius(9)
    for class_id, columns in ((0, (12, 52)), (right, (76, 116))):
        user.session.choose_class(class_id)
        for row in (20, 64, 108):
            user.stroke([(row, columns[0]), (row, columns[1])])


def train(user: User) -> None:
    user.session.settings = user.session.settings.with_(train_seconds=5)
    user.studio.training.start()
    user.wait(lambda: not user.studio.training.running, 90)
    assert user.studio.training.state.phase == "idle", user.studio.training.state.message
    user.wait(lambda: not user.studio.predicting.busy)


def right_half(user: User, image: int) -> np.ndarray:
    return user.prediction(image)[:, SIDE // 2 + 6 :]


def test_grey_and_colour_are_learnt_together_and_five_bands_or_a_missing_file_harm_nothing(
    user: User, tmp_path: Path
) -> None:
    user.session.settings = user.session.settings.with_(live=False)
    user.studio.new_project(tmp_path / "project")
    user.open(picture(tmp_path / "grey.png", 1), picture(tmp_path / "colour.png", 1, -1, 1))
    user.open(picture(tmp_path / "alike.png", 1, 1, 1), picture(tmp_path / "bands.tif", 1, 1, 1, 1, -1))
    user.open(picture(tmp_path / "gone.png", 1))
    for image in (1, 2, 4, 5):
        paint_halves(user, image)
    user.show(1)
    (tmp_path / "gone.png").unlink()
    user.session.project.library.clear()
    said: list[str] = []
    user.studio.said.connect(said.append)
    train(user)
    told = " ".join(said)
    assert "bands.tif" in told and "5 channels" in told and "gone.png" in told
    for image in (1, 2, 3):
        user.show(image)
        user.predict()
        assert (right_half(user, image) == 1).mean() > 0.8, user.session.image.name
    assert not user.strips()
    user.studio.opening.show(4)
    user.wait(lambda: user.session.image.id == 4 and user.session.pixels is not None)
    user.studio.predicting.predict_shown()
    user.wait(lambda: bool(user.strips()))
    assert user.strips() == ["“bands.tif” does not fit the model."]
    assert (user.prediction(4) == NOTHING).all()
    for entry in user.session.document.images.values():
        entry.done = entry.id in (1, 2, 3, 5)
    user.show(1)
    assert user.studio.choosing.best() is None, "bands.tif is left, and is of no use to this model"


def test_a_class_id_with_a_hole_and_one_that_comes_later_are_learnt(user: User, tmp_path: Path) -> None:
    user.session.settings = user.session.settings.with_(live=True)
    user.studio.new_project(tmp_path / "project")
    user.open(picture(tmp_path / "a.png", 1), picture(tmp_path / "b.png", 1))
    document = user.session.document
    kept = document.change_classes("Add class", lambda table: table.add("Vessel")).id
    document.change_classes("Remove", lambda table: table.remove(1))
    paint_halves(user, 1, right=kept)
    user.wait(lambda: (right_half(user, 1) == kept).mean() > 0.8, 60)
    train(user)
    user.show(2)
    user.predict()
    assert (right_half(user, 2) == kept).mean() > 0.8
    assert set(np.unique(user.prediction(2))) <= {0, kept, NOTHING}
    document.change_classes("Add class", lambda table: table.add("Later"))
    train(user)  # nothing is painted of it yet: that is no reason not to learn
    later = max(entry.id for entry in document.classes)
    user.show(1)
    user.session.choose_class(later)
    user.session.set_brush_radius(6)
    user.stroke([(6, 60), (120, 60)])
    user.stroke([(6, 68), (120, 68)])
    train(user)
    assert user.studio.training.state.phase == "idle"
    assert {row[0] for row in user.studio.training.state.per_class} >= {"Vessel", "Background"}
