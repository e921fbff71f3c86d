from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from segstudio.errors import UserError
from segstudio.learning import training_set
from segstudio.learning.labelled import Labelled, labels_hash
from segstudio.learning.receipt import split


@pytest.fixture
def regions(squares: Callable[..., Labelled]) -> list[Labelled]:
    return [
        squares(0, recent=[(0, 0, 64, 64)], digest="aa:0", offset=(128, 64)),
        squares(1, role="validation", digest="bb:3"),
    ]


def test_labels_come_back_as_they_were_with_pixels_from_the_images(regions: list[Labelled], tmp_path: Path) -> None:
    file = training_set.path_for(tmp_path / "0002-unet.safetensors")
    training_set.write(file, regions)
    asked = []

    def pixels(place: training_set.LabelPlace) -> np.ndarray:
        asked.append(place)
        return regions[len(asked) - 1].pixels

    again = training_set.read(file, pixels)
    assert asked == [
        training_set.LabelPlace("aa", 0, (128, 64, 256, 192)),
        training_set.LabelPlace("bb", 3, (0, 0, 128, 128)),
    ]
    assert labels_hash(again) == labels_hash(regions) and split(again) == split(regions)
    assert [list(r.recent) for r in again] == [[(0, 0, 64, 64)], []] and again[0].name == "picture 0"
    assert file.stat().st_size < 20_000


def test_a_damaged_or_missing_file_is_told(regions: list[Labelled], tmp_path: Path) -> None:
    file = tmp_path / "a.labels"
    with pytest.raises(UserError, match="not kept"):
        training_set.read(file, lambda place: regions[0].pixels)
    training_set.write(file, regions)
    whole = file.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"nothing", whole[:60] + b"\xff\xff" + whole[62:]):
        file.write_bytes(broken)
        with pytest.raises(UserError, match="damaged"):
            training_set.read(file, lambda place: regions[0].pixels)
