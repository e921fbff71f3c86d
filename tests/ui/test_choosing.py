"""Which image is worth a look next, and the warning of one that is unlike the annotated ones."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.codes import Origin, encode
from segstudio.core.document import Document, ImageEntry
from segstudio.core.image import ImageInfo
from segstudio.settings import Settings
from segstudio.ui.project.open_project import OpenProject
from segstudio.ui.review.next_image import NextImage
from segstudio.ui.session.session import Session

SIDE = 64


class Album:
    """A session over grey images that differ in brightness (in the file's units) and in what the model doubts."""

    def __init__(self) -> None:
        self.session = Session(Settings())
        self.document = Document()
        self.document.classes.add("Cell", "#e45756")
        self.choosing = NextImage(self.session)
        self.session.show_project(OpenProject(self.document))
        self.warnings: list[str] = []
        self.choosing.warned.connect(lambda what, _: self.warnings.append(what))

    def add(self, level: float, doubt: int | None = None, *, annotated: bool = False) -> ImageEntry:
        info = ImageInfo("PNG", (1, SIDE, SIDE), 1, ("grey",), "uint8", ranges=((level - 20.0, level + 20.0),))
        entry = self.document.add_image(f"{len(self.document.images)}.png", f"{level}", info)
        layer = entry.layers[0]
        if doubt is not None:
            layer.prediction.put_tile((0, 0, 0), np.zeros((256, 256), np.uint8))
            layer.uncertainty.put_tile((0, 0, 0), np.full((256, 256), doubt, np.uint8))
        if annotated:
            layer.put_annotated((0, 0, 0), np.pad(np.full((9, 9), encode(0, Origin.PAINTED), np.uint16), (0, 247)))
        noise = np.random.default_rng(entry.id).integers(100, 156, (SIDE, SIDE, 1), dtype=np.uint8)
        self.choosing.take(entry.id, np.repeat(noise, 3, axis=2))
        return entry

    def show(self, entry: ImageEntry) -> None:
        self.session.show_image(entry, np.zeros((1, SIDE, SIDE, 1), np.uint8))
        self.choosing.look(entry)


@pytest.fixture
def album(qapp) -> Album:
    return Album()


def test_an_image_that_nobody_and_nothing_has_judged_comes_first_the_most_unlike_before_others(album: Album) -> None:
    album.show(album.add(100, 10, annotated=True))
    album.add(100, 250)
    album.add(105)
    odd = album.add(200)
    assert album.choosing.best() is odd


def test_then_the_most_doubted_one(album: Album) -> None:
    album.show(album.add(100, 10, annotated=True))
    album.add(101, 10)
    doubted = album.add(102, 90)
    album.add(103, 30)
    assert album.choosing.best() is doubted


def test_near_duplicates_of_annotated_images_come_last_among_equals(album: Album) -> None:
    album.show(album.add(100, 50, annotated=True))
    album.add(100, 50)
    other = album.add(160, 50)
    assert album.choosing.best() is other


def test_done_images_and_the_shown_one_are_never_chosen(album: Album) -> None:
    shown = album.add(100, 50)
    album.show(shown)
    album.add(120, 250).done = True
    assert album.choosing.best() is None


def test_an_image_unlike_the_annotated_ones_is_warned_of_once(album: Album) -> None:
    for level in (95, 100, 105, 110):
        album.add(level, 10, annotated=True)
    alike, odd = album.add(103), album.add(230)
    album.show(alike)
    assert not album.warnings
    album.show(odd)
    album.show(alike)
    album.show(odd)
    assert len(album.warnings) == 1 and "unlike the 4 annotated images" in album.warnings[0]


def test_two_annotated_images_are_too_few_to_compare_with(album: Album) -> None:
    for level in (95, 100):
        album.add(level, 10, annotated=True)
    album.show(album.add(230))
    assert not album.warnings
