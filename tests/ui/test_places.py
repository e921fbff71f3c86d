"""Images are shown again as they were left, classes and windows are those of the project."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from segstudio.core import class_use
from segstudio.core.document import Document
from segstudio.core.image import ImageInfo
from segstudio.core.restriction import Restriction
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.shell.window import MainWindow

Show = Callable[[int], None]


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    return make_window()


def project(window: MainWindow, *dtypes: str, channels: int = 1, ranges: tuple[float, float] = (0.0, 200.0)) -> Show:
    """Show a project of one volume for each data type; the result shows the image of a number."""
    document, pixels = Document(), {}
    for number, dtype in enumerate(dtypes, 1):
        info = ImageInfo(
            "", (12, 90, 120), channels, ("grey", "b", "c", "d")[:channels], dtype, ranges=(ranges,) * channels
        )
        document.add_image(f"{number}.nii", str(number) * 64, info)
        pixels[number] = np.full((12, 90, 120, channels), number, dtype)
    document.classes.add("Cell")
    window.session.show_project(OpenProject(document))

    def show(number: int) -> None:
        window.session.show_image(document.images[number], pixels[number])
        QApplication.processEvents()

    show(1)
    return show


def place(window: MainWindow) -> tuple[object, ...]:
    canvas = window.canvas
    middle = canvas.view.to_image(canvas.view.width / 2, canvas.view.height / 2)
    at = window.views.crosshair.at
    return window.session.slice, window.session.active_layer, round(canvas.view.scale, 6), *np.round(middle, 3), at


def test_slice_layer_zoom_middle_and_crosshair_come_back(window: MainWindow) -> None:
    show = project(window, "int16", "int16")
    window.session.document.add_layer(1, "Second")
    window.session.set_active_layer(1)
    window.views.crosshair.move((3, 20, 30))
    window.canvas.zoom_by(5)
    window.canvas.center_on(30, 40)
    left = place(window)
    show(2)
    assert window.canvas._fitted and window.session.slice == 6
    other = place(window)
    window.canvas.zoom_by(2)
    show(1)
    assert place(window) == left
    show(2)
    assert place(window)[0] == other[0] and place(window)[2] == pytest.approx(2 * float(other[2]))  # type: ignore[arg-type]


def test_a_layer_that_is_gone_is_not_active_again(window: MainWindow) -> None:
    show = project(window, "int16", "int16")
    window.session.document.add_layer(1, "Second")
    window.session.set_active_layer(1)
    show(2)
    window.session.document.remove_layer(1, 1)
    show(1)
    assert window.session.active_layer == 2


def test_another_project_begins_afresh(window: MainWindow) -> None:
    project(window, "int16")
    window.canvas.zoom_by(5)
    window.session.set_window(0, 50, 90)
    project(window, "int16")
    assert window.canvas._fitted and window.session.windows[0].low == 0


@pytest.mark.parametrize(
    ("second", "ranges", "carried"),
    [("int16", (0.0, 200.0), True), ("float32", (0.0, 200.0), False), ("int16", (0.0, 60.0), True)],
)
def test_a_display_window_holds_on_other_images_of_the_kind(
    window: MainWindow, second: str, ranges: tuple[float, float], carried: bool
) -> None:
    show = project(window, "int16", second, ranges=ranges)
    window.session.set_window(0, 50, 90)
    show(2)
    assert ((window.session.windows[0].low, window.session.windows[0].high) == (50, 90)) == carried
    show(1)
    assert (window.session.windows[0].low, window.session.windows[0].high) == (50, 90)


def test_a_window_that_would_show_nothing_of_an_image_is_not_carried_over(window: MainWindow) -> None:
    show = project(window, "int16", "int16")
    window.session.set_window(0, 500, 900)
    show(2)
    assert window.session.windows[0].high == 200


def test_shown_channels_hold_on_other_images_of_the_kind(window: MainWindow) -> None:
    show = project(window, "uint8", "uint8", channels=4)
    window.session.set_display(bands=(3, 1, 0), gamma=2.0)
    show(2)
    assert window.session.display.bands == (3, 1, 0) and window.session.display.gamma == 2.0
    window.session.set_display(channel=2)
    show(1)
    assert window.session.display.channel == 2


def test_the_active_class_is_one_of_the_table_after_undo_and_the_one_before_it(window: MainWindow) -> None:
    project(window, "uint8")
    session = window.session
    session.document.change_classes("Add", lambda table: table.add("Two"))
    session.choose_class(2)
    window.classes.add_class()
    assert session.active_class == 3
    session.editing.undo()
    assert session.active_class == 2
    session.editing.undo()
    assert session.active_class == 1


def test_the_active_class_is_one_of_the_table_after_a_merge_and_in_another_project(window: MainWindow) -> None:
    project(window, "uint8")
    session = window.session
    session.document.change_classes("Add", lambda table: table.add("Two"))
    session.choose_class(2)
    class_use.merge(session.document, 2, 1, "Merge")
    assert session.active_class == 1
    session.choose_class(9)
    assert session.active_class == 1, "what is not in the table is not chosen"
    session.choose_class(0)
    session.choose_unsure()
    session.restrict(Restriction(on=1))
    project(window, "uint8")
    assert session.active_class == 1 and not session.unsure and session.restriction.on < 0


def test_the_first_class_of_a_bare_project_is_painted(window: MainWindow) -> None:
    document = Document()
    window.session.show_project(OpenProject(document))
    assert window.session.active_class == 0
    document.classes.add("First")
    assert window.session.active_class == 1


def test_a_proposal_of_a_class_that_goes_is_dropped(window: MainWindow) -> None:
    project(window, "uint8")
    session = window.session
    session.document.change_classes("Add", lambda table: table.add("Two"))
    session.offer("Fill", "fill", 6, 0, 0, np.full((5, 5), 2, np.uint8))
    assert session.proposal is not None
    session.editing.undo()
    assert session.proposal is None
