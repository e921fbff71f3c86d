"""Shape, unit, ball and tilt of the brush, and what its strokes over several slices undo."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segstudio.core.geometry import Box
from segstudio.core.stencils import Axes, capsule, swept_square
from segstudio.tools.base import Circle, Path, Pointer
from segstudio.tools.brush import Brush
from segstudio.tools.eraser import Eraser
from segstudio.tools.revert import Revert
from tests.tools.fake import FakeSession, stroke

TURNED: Axes = (1.5, 0.5, 0.5, 1.0)


def painted(session: FakeSession, z: int = 0) -> NDArray[np.bool_]:
    return session.layer.annotation.read(Box.whole(session.shape, z)) != 0


@pytest.mark.parametrize("sweep", [capsule, swept_square])
@pytest.mark.parametrize("axes", [(1.0, 0.0, 0.0, 1.0), (0.4, 0.0, 0.0, 1.0), TURNED])
@pytest.mark.parametrize("end", [(60.3, 90.8), (20.2, 80.0), (20.2, 30.7)])
def test_a_sweep_covers_what_the_shape_covers_on_its_way(sweep, axes: Axes, end: tuple[float, float]) -> None:
    start = (20.2, 30.7)
    dabs = np.zeros((100, 120), bool)
    for share in np.linspace(0, 1, 1500):
        place = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        top, left, stencil = sweep(place, place, 6.0, 100, 120, axes)
        dabs[top : top + stencil.shape[0], left : left + stencil.shape[1]] |= stencil
    top, left, stencil = sweep(start, end, 6.0, 100, 120, axes)
    swept = np.zeros_like(dabs)
    swept[top : top + stencil.shape[0], left : left + stencil.shape[1]] = stencil
    # A dab also paints the pixel under it, which the sweep does under its end only; both lie inside anyway.
    assert (swept != dabs).sum() <= 2


def test_the_square_brush_paints_a_square(session: FakeSession) -> None:
    session.options["brush", "shape"] = "square"
    stroke(Brush(session), (50.5, 60.5))
    assert painted(session)[45:56, 55:66].all() and painted(session).sum() == 121


def test_a_brush_in_physical_units_is_an_ellipse_in_pixels(session: FakeSession) -> None:
    session.spacing, session.brush_radius = (1.0, 2.0, 0.5), 20.0
    session.options["brush", "unit"] = "mm"
    stroke(Brush(session), (100.5, 200.5))
    rows, columns = np.nonzero(painted(session))
    assert np.ptp(rows) == 10 and np.ptp(columns) == 40
    (outline,) = Brush(session).preview(Pointer(0, 100.5, 200.5))
    assert isinstance(outline, Path) and outline.closed
    reach = np.abs(np.array(outline.points) - (100.5, 200.5)).max(axis=0)
    assert reach == pytest.approx((5, 20))


def test_a_tilted_stylus_paints_along_its_tilt_unless_told_not_to(session: FakeSession) -> None:
    session.brush_radius = 10.0
    brush, at = Brush(session), Pointer(0, 100.5, 200.5, tilt=(60.0, 0.0))
    for tilts, width in ((True, 40), (False, 20)):
        session.options["brush", "tilt"] = tilts
        brush.press(at)
        brush.release(at)
        rows, columns = np.nonzero(painted(session))
        assert np.ptp(rows) == 20 and np.ptp(columns) == width
        session.document.undo()
    session.options["brush", "tilt"] = True
    brush.press(Pointer(0, 100.5, 200.5, tilt=(60.0, 60.0)))
    rows, columns = np.nonzero(painted(session))
    assert np.corrcoef(rows, columns)[0, 1] > 0.5


def test_the_ring_shows_the_shape(session: FakeSession) -> None:
    brush, at = Brush(session), Pointer(0, 100, 200)
    assert brush.preview(at) == (Circle(100, 200, 5.0),)
    session.options["brush", "shape"] = "square"
    assert brush.preview(at) == (Path(((95, 195), (95, 205), (105, 205), (105, 195)), closed=True),)


@pytest.mark.parametrize("kind", [Brush, Eraser])
def test_a_ball_is_round_in_space_and_one_undo_step(kind: type[Brush]) -> None:
    session = FakeSession(slices=9)
    session.options[kind.id, "sphere"] = True
    session.spacing, session.brush_radius = (2.0, 1.0, 1.0), 5.0
    stroke(kind(session), (100.5, 100.5), (100.5, 300.5), z=3)
    radii = [np.ptp(np.nonzero(painted(session, z))[0]) // 2 if painted(session, z).any() else -1 for z in range(9)]
    assert radii == [-1, 3, 4, 5, 4, 3, -1, -1, -1]
    (edit,) = session.document.history.edits
    assert [box.z for box in edit.boxes] == [1, 2, 3, 4, 5] and edit.box.z == 1
    session.document.undo()
    assert session.layer.annotation.is_empty()
    session.document.redo()
    assert painted(session, 1).any() and painted(session, 5).any()


def test_dropping_a_ball_repaints_every_slice_it_touched() -> None:
    session = FakeSession(slices=5)
    session.options["brush", "sphere"] = True
    brush, at, changed = Brush(session), Pointer(2, 100, 100), set[int]()
    brush.press(at)
    session.layer.changed.connect(lambda box: changed.add(box.z))
    brush.cancel()
    assert session.layer.annotation.is_empty() and changed == {0, 1, 2, 3, 4}


def test_the_revert_brush_takes_a_ball_away() -> None:
    session = FakeSession(slices=3)
    session.options["brush", "sphere"] = session.options["revert", "sphere"] = True
    stroke(Brush(session), (100, 100), z=1)
    stroke(Revert(session), (100, 100), z=1)
    assert not any(painted(session, z).any() for z in range(3))


def test_a_ball_on_a_single_slice_is_a_disc(session: FakeSession) -> None:
    stroke(Brush(session), (100.5, 100.5))
    disc = painted(session)
    session.options["eraser", "sphere"] = True
    stroke(Eraser(session), (100.5, 100.5))
    assert (painted(session) == disc).all()
