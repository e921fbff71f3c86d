"""Exporting and importing masks, through the dialogs and the real program."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock, call

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog
from pytestqt.qtbot import QtBot

from segstudio.core.codes import Origin
from segstudio.core.document import ImageEntry
from segstudio.core.geometry import Box
from segstudio.core.grid import Grid
from segstudio.core.image import ImageInfo
from segstudio.errors import UserError
from segstudio.ui.commands.dialogs import ask_import, open_export
from segstudio.ui.dialogs.mask_exchange import ExportDialog
from segstudio.ui.shell.window import MainWindow

from .conftest import add_image


def press_ok(dialog: ExportDialog) -> None:
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()


def test_formats_that_do_not_fit_are_grey_and_say_why(window: MainWindow) -> None:
    dialog = open_export(window)
    assert "does not say where it lies" in dialog.refusals["nifti"] and not dialog.refusals["coco"]
    item = dialog.formats.model().item(dialog.formats.findData("nifti"))
    assert not item.isEnabled() and "patient" in item.toolTip()
    assert dialog.formats.currentData() == "png" and "spacing" in dialog.note.text()
    dialog.reject()


def test_a_map_is_offered_geotiff_and_the_folder_is_asked_for(
    window: MainWindow, studio: Mock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = window.session.document
    assert document is not None
    window.session.show_image(None, None)
    document.images.clear()
    info = ImageInfo("TIFF", (1, 9, 9), 1, ("grey",), "uint8", grid=Grid.of("map", np.eye(4), crs="EPSG:3857"))
    document.add_image("map.tif", "digest", info)
    dialog = open_export(window)
    assert dialog.formats.currentData() == "geotiff"
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    press_ok(dialog)
    assert studio.mock_calls[-1] == call.transfer.write(tmp_path, "geotiff")


def test_the_import_dialog_knows_the_file_and_asks_for_the_layer(
    window: MainWindow, studio: Mock, tmp_path: Path
) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "m.png")
    dialog = ask_import(window, tmp_path / "m.png")
    assert dialog.formats.currentData() == "png"
    dialog.layer.setText("Reader 2")
    dialog.buttons.button(QDialogButtonBox.StandardButton.Ok).click()
    image = window.session.image
    assert image is not None
    assert studio.mock_calls[-1] == call.transfer.read(tmp_path / "m.png", "png", [image.id], "Reader 2")


def test_what_was_exported_comes_back_into_a_new_layer_as_undo_steps(
    window: MainWindow, tmp_path: Path, qtbot: object
) -> None:
    from segstudio.ui.compute.workers import Workers
    from segstudio.ui.project.mask_exchange import MaskExchange

    session = window.session
    document, image = session.document, session.image
    assert document is not None and image is not None
    writer = document.begin_edit(image.id, image.layers[0].id, "Paint", tool="brush", origin=Origin.PAINTED)
    stencil = np.zeros((20, 30), bool)
    stencil[3:9, 4:20] = True
    writer.set(0, 10, 12, stencil, 1)
    document.finish_edit(writer)
    session.set_active_layer(image.layers[0].id)
    before = image.layers[0].mask(Box.whole(image.info.shape, 0)).copy()
    workers = Workers(session.settings)
    transfer = MaskExchange(session, workers)
    said: list[str] = []
    problems: list[object] = []
    transfer.said.connect(said.append)
    transfer.failed.connect(problems.append)
    try:
        transfer.write(tmp_path, "png")
        qtbot.waitUntil(lambda: bool(said or problems) and not transfer.busy)  # type: ignore[attr-defined]
        assert said and not problems
        layers = len(image.layers)
        transfer.read(tmp_path, "png", [image.id], "Again")
        qtbot.waitUntil(lambda: len(said) > 1 or bool(problems), timeout=30_000)  # type: ignore[attr-defined]
        assert not problems and len(image.layers) == layers + 1
        layer = image.layers[-1]
        assert layer.name == "Again" and session.active_layer == layer.id
        np.testing.assert_array_equal(layer.mask(Box.whole(image.info.shape, 0)), before)
        document.undo()
        assert layer.annotation.is_empty()
        transfer.read(tmp_path / "nothing.png", "png", [image.id], "")
        qtbot.waitUntil(lambda: bool(problems), timeout=30_000)  # type: ignore[attr-defined]
    finally:
        workers.close()


def test_an_import_goes_on_where_one_image_is_missing_and_keeps_the_layer_that_was_meant(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from segstudio.ui.compute.workers import Workers
    from segstudio.ui.project.mask_exchange import MaskExchange
    from segstudio.ui.project.open_project import OpenProject

    session = window.session
    document, shown = session.document, session.image
    assert document is not None and shown is not None
    gone, _ = add_image(document, "gone.png")
    meant = shown.layers[0].id
    other = document.add_layer(shown.id, "Other").id
    session.set_active_layer(meant)
    mask = np.zeros(shown.info.shape[1:], np.uint8)
    mask[4:9, 5:20] = 1
    Image.fromarray(mask).save(tmp_path / f"{Path(shown.path).stem}.png")

    def path_of(project: OpenProject, entry: ImageEntry) -> Path:
        if entry is gone:
            raise UserError("“gone.png” is not where it was.")
        return Path(entry.path)

    monkeypatch.setattr(OpenProject, "path_of", path_of)
    workers = Workers(session.settings)
    transfer = MaskExchange(session, workers)
    said: list[str] = []
    problems: list[UserError] = []
    transfer.said.connect(said.append)
    transfer.failed.connect(problems.append)
    try:
        transfer.read(tmp_path, "png", [gone.id, shown.id], "")
        session.set_active_layer(other)
        qtbot.waitUntil(lambda: bool(said) and bool(problems), timeout=30_000)
    finally:
        workers.close()
    assert [problem.what for problem in problems] == ["“gone.png” is not where it was."]
    assert (document.layer(shown.id, meant).mask(Box.whole(shown.info.shape, 0)) == 1).sum() == 75
    assert document.layer(shown.id, other).annotation.is_empty()
