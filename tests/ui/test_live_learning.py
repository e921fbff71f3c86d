"""What painting teaches belongs to the project it was painted in."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from segstudio.ui.compute.workers import Workers
from segstudio.ui.learning.live_learning import LiveLearning
from segstudio.ui.shell.window import MainWindow


@pytest.fixture
def live(window: MainWindow) -> LiveLearning:
    session = window.session
    session.settings = session.settings.with_(live=True)
    return LiveLearning(session, Workers(session.settings, window), Mock(), Mock())


def test_what_could_not_be_read_is_tried_again_in_its_own_project_only(live: LiveLearning, window: MainWindow) -> None:
    session = window.session
    project, image = session.project, session.image
    assert project is not None and image is not None
    live._begin()
    live._unread = {(image.id, (3, 0, 0))}  # a slice that an image of the same number in the next project has not
    session.document_changed.emit()
    live._project, live._layer = project, 1
    lesson = live.lesson(project)
    assert lesson is not None and not lesson.places


def test_a_layer_that_is_gone_teaches_nothing(live: LiveLearning, window: MainWindow) -> None:
    session = window.session
    project, image = session.project, session.image
    assert project is not None and image is not None
    live._begin()
    live._project, live._layer, live._changed = project, 99, {(image.id, (0, 0, 0))}
    lesson = live.lesson(project)
    assert lesson is not None and not lesson.needs
