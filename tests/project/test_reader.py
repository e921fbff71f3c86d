"""A project can be read without SegStudio."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from segstudio.core.geometry import Box
from tests.project.conftest import OpenStore, new_document, paint, predict

SCRIPT = Path(__file__).parents[2] / "docs" / "read_project.py"


def test_the_stand_alone_reader_rebuilds_all_masks(opened: OpenStore, folder: Path, tmp_path: Path) -> None:
    store = opened()
    document = new_document(store)
    document.add_layer(1, "Second")
    predict(document, 1)
    for number in range(15):
        paint(document, number)
    store.close()
    # isolated (-I): neither the working folder nor SegStudio's own code can help
    subprocess.run([sys.executable, "-I", str(SCRIPT), str(folder), str(tmp_path / "out")], check=True, timeout=60)
    for layer in document.images[1].layers:
        mask = np.load(tmp_path / "out" / f"1-{layer.id}.npy")
        assert mask.dtype == np.uint8
        for z in range(layer.shape[0]):
            assert np.array_equal(mask[z], layer.mask(Box.whole(layer.shape, z)))
    classes = json.loads((tmp_path / "out" / "classes.json").read_text())
    assert classes["1"]["name"] == "Cell"


def test_the_stand_alone_reader_needs_nothing_of_segstudio() -> None:
    assert "import segstudio" not in SCRIPT.read_text() and "from segstudio" not in SCRIPT.read_text()
