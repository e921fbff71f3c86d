"""The real window, real events and real workers over three projects, in any order, against a plain model.

    python tests/journeys/_crossings.py --actions 300 --seed 1

Each action is a rule of a hypothesis state machine. After each of them every pixel of the open project, its classes, layers and
history are compared with `_plain.Plain`; what is drawn is computed here by whole formulas. Exit code 1 and the list of actions where
anything differs, raises, lands in another project or stays in shared memory; a window that dies ends this process, too.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [os.environ.get("CROSSINGS_KIT", str(HERE.parent / "cases")), str(HERE)]

import numpy as np  # noqa: E402
from _kit import User, folder, noise, png, project  # noqa: E402  sets the environment, so before Qt
from _plain import Plain, Point, State, Stroke  # noqa: E402
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test  # noqa: E402

PAINTED = 256
"""What a painted pixel of class 0 is as a code."""
TOOLS = ("brush", "eraser", "polygon", "lasso", "rectangle", "fill", "revert", "livewire", "smart")
ROLES = ("compute", "trainer", "reader", "tiles")
WORKING = 90.0
"""Seconds after which work that goes on is taken for work that never ends."""

COUNTS: Counter[str] = Counter()
ROUNDS = count()
"""The first round of a run is hypothesis's simplest, one rule again and again: nothing is done in it."""
user: Any = None
"""One program for all examples, as people leave it open: its workers stay."""


@contextmanager
def told() -> Iterator[None]:
    """The first fault ends the run: what led to it has changed the program, and cannot be tried again in it."""
    try:
        yield
    except Exception as error:
        traceback.print_exc()
        print(f"FAILED {type(error).__name__}: {error}", flush=True)
        os._exit(1)


class Case:
    """One of the three projects: its files, what the model says it holds, and what was asked of it."""

    def __init__(self, name: str, pictures: list[Path]) -> None:
        self.name, self.pictures = name, pictures
        self.place = project(pictures, names=("One", "Two"))
        self.plain: Plain | None = None
        self.asked = False
        """Whether a model was asked about any image of it: then it may answer about all."""
        self.coming: list[Path] = []


def make_cases() -> list[Case]:
    import tifffile

    at = folder()
    grey = [png(at / f"grey{n}.png", noise(64, 80, seed=n)) for n in range(3)]
    colour = [png(at / f"colour{n}.png", noise(72, 64, 3, seed=n)) for n in range(2)]
    five = at / "five_bands.tif"
    tifffile.imwrite(five, noise(5, 64, 64, seed=5), photometric="minisblack", planarconfig="separate")
    stack = at / "stack.tif"
    tifffile.imwrite(stack, noise(6, 48, 56, seed=7), photometric="minisblack")
    return [
        Case("grey", [*grey, png(at / "odd.png", noise(64, 64, 3, seed=9))]),
        Case("colour", [*colour, five, png(at / "plain.png", noise(64, 64, seed=11))]),
        Case("volume", [stack, png(at / "slice.png", noise(48, 48, seed=12))]),
    ]


class Crossings(RuleBasedStateMachine):
    """What people do, in any order; `_settle` says whether the program agrees with the model."""

    def __init__(self) -> None:
        super().__init__()
        self.rehearsal = next(ROUNDS) == 0
        self.log: list[str] = []
        self.stroke: Stroke | None = None
        self.down: str = ""
        self.dropped = False
        self.document: Any = None
        self.opening = self.learning = False
        self.away: dict[Path, Path] = {}
        self.cases = make_cases()
        user.live(False)
        self.case = self.cases[0]
        with told():
            self._open(self.case)
            self._settle()

    def teardown(self) -> None:
        with told():
            self._end()

    def _end(self) -> None:
        self._do("end", lambda: None)
        self._finish_stroke()
        self._return_files()
        for case in self.cases:
            self._open(case)
            self._settle()
        self._idle()
        user.close_project()
        self._idle()
        end = time.monotonic() + 10  # a worker may still answer a job of the closed project
        while user.shared_files() and time.monotonic() < end:
            user.pump(0.1)
        assert not user.shared_files(), f"{user.shared_files()} files are left in shared memory"

    # --- strokes --------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.down)
    @rule(at=st.tuples(st.floats(0.1, 0.7), st.floats(0.1, 0.9)), radius=st.sampled_from((1.0, 3.5, 9.0)))
    def begin_stroke(self, at: Point, radius: float) -> None:
        self._tool("brush" if user.session.tool_id != "eraser" else "eraser")
        user.radius(radius)
        self._do("begin stroke", lambda: self._press(at, radius))

    @precondition(lambda self: bool(self.down))
    @rule(at=st.tuples(st.floats(0.1, 0.7), st.floats(0.1, 0.9)))
    def move(self, at: Point) -> None:
        self._do("move", lambda: self._move(at))

    @precondition(lambda self: bool(self.down))
    @rule()
    def end_stroke(self) -> None:
        self._do("end stroke", self._release, kept=True)

    @precondition(lambda self: not self.down)
    @rule(
        points=st.lists(st.tuples(st.floats(0.1, 0.7), st.floats(0.1, 0.9)), min_size=1, max_size=4),
        radius=st.sampled_from((1.0, 3.5, 9.0)),
    )
    def stroke_at_once(self, points: list[Point], radius: float) -> None:
        self._tool("brush")
        user.radius(radius)

        def deed() -> None:
            self._press(points[0], radius)
            for point in points[1:]:
                self._move(point)
            self._release()

        self._do("stroke", deed, kept=True)

    @precondition(lambda self: bool(self.down))
    @rule()
    def lose_the_release(self) -> None:
        self.down = ""
        self._do("lost release", lambda: user.hover_without_button(*self._pixel((0.4, 0.4))), kept=True)

    @rule()
    def middle_button(self) -> None:
        def deed() -> None:
            user.press(*self._pixel((0.5, 0.5)), "Middle")
            user.release(*self._pixel((0.5, 0.5)), "Middle")

        self._do("middle button", deed)

    @precondition(lambda self: not self.down)
    @rule(at=st.tuples(st.floats(0.1, 0.7), st.floats(0.1, 0.9)), tool=st.sampled_from(("polygon", "fill", "lasso")))
    def click_with_a_tool(self, at: Point, tool: str) -> None:
        self._tool(tool)
        self._do(f"click with the {tool}", lambda: user.click(*self._pixel(at)))

    @rule(key=st.sampled_from(("Return", "Escape")))
    def confirm_or_cancel(self, key: str) -> None:
        self._do(key, lambda: user.key(key))

    @rule(tool=st.sampled_from(TOOLS))
    def choose_tool(self, tool: str) -> None:
        self._do(f"tool {tool}", lambda: user.tool(tool), kept=True)

    # --- history, classes, layers ---------------------------------------------------------------------------

    @rule()
    def undo(self) -> None:
        self._do("undo", lambda: user.key("Z", "Control"))

    @rule()
    def redo(self) -> None:
        self._do("redo", lambda: user.key("Y", "Control"))

    @rule(place=st.integers(0, 5))
    def choose_class(self, place: int) -> None:
        ids = list(user.classes)
        self._do("choose class", lambda: user.choose_class(ids[place % len(ids)]))

    @rule()
    def add_class(self) -> None:
        if len(user.classes) < 6:
            self._do("add class", lambda: user.run("class.add"))

    @rule(place=st.integers(0, 5))
    def remove_class(self, place: int) -> None:
        ids = [number for number in user.classes if number]
        if ids:
            self._do("remove class", lambda: user.do(lambda: user.window.classes.rows[ids[place % len(ids)]].remove()))

    @rule()
    def add_layer(self) -> None:
        if user.session.image is not None and len(user.session.image.layers) < 3:
            self._do("add layer", lambda: user.run("layer.add"))

    @rule()
    def remove_layer(self) -> None:
        self._do("remove layer", lambda: user.run("layer.remove"))

    @rule(place=st.integers(0, 2))
    def choose_layer(self, place: int) -> None:
        if user.session.image is not None:
            ids = [layer.id for layer in user.session.image.layers]
            self._do("choose layer", lambda: setattr(user, "active_layer", ids[place % len(ids)]))

    @rule()
    def hide_and_show_masks(self) -> None:
        self._do("hide or show masks", lambda: user.run("masks.show"))

    # --- images and views -----------------------------------------------------------------------------------

    @rule(command=st.sampled_from(("image.next", "image.previous", "image.useful")))
    def step_image(self, command: str) -> None:
        self._do(command, lambda: user.run(command), kept=True)

    @rule(place=st.integers(0, 4))
    def click_on_an_image(self, place: int) -> None:
        images = list(user.document.images)
        self._do("show image", lambda: user.show(images[place % len(images)], wait=False), kept=True)

    @rule(command=st.sampled_from(("slice.next", "slice.previous")))
    def step_slice(self, command: str) -> None:
        self._do(command, lambda: user.run(command), kept=True)

    @precondition(lambda self: not self.down)
    @rule(factor=st.sampled_from((0.8, 1.25)))
    def zoom(self, factor: float) -> None:
        self._do("zoom", lambda: user.zoom_by(factor))

    @rule(command=st.sampled_from(("layout.orthogonal", "layout.beside", "layout.single")))
    def lay_out(self, command: str) -> None:
        self._do(command, lambda: user.run(command))

    # --- projects and files ---------------------------------------------------------------------------------

    @rule(place=st.integers(0, 2))
    def switch_project(self, place: int) -> None:
        self._do("switch project", lambda: self._open(self.cases[place]), kept=True)

    @rule()
    def close_and_reopen(self) -> None:
        self._do("close and reopen", lambda: (user.close_project(), self._open(self.case)), kept=True)

    @rule(place=st.integers(0, 3))
    def take_a_file_away(self, place: int) -> None:
        path = self.case.pictures[place % len(self.case.pictures)]
        if path not in self.away and not self.rehearsal:
            self.away[path] = path.rename(path.with_name(f"away_{path.name}"))
            self._say(f"take {path.name} away")

    @precondition(lambda self: bool(self.away))
    @rule()
    def bring_the_files_back(self) -> None:
        self._return_files()

    @rule(size=st.integers(40, 70))
    def add_an_image(self, size: int) -> None:
        if len(user.document.images) < 6:
            path = png(folder() / f"more{size}.png", noise(size, size + 3, seed=size))
            self.case.coming.append(path)
            self.case.pictures.append(path)
            self._do("add an image", lambda: user.start_opening(path))

    # --- work in the background -----------------------------------------------------------------------------

    @rule(command=st.sampled_from(("model.predict", "model.train", "model.stop", "job.cancel", "model.switch")))
    def run_a_model_command(self, command: str) -> None:
        self.case.asked |= command in ("model.predict", "model.train")
        user.settings(train_seconds=3)
        self._do(command, lambda: user.run(command))

    @rule(on=st.booleans())
    def live(self, on: bool) -> None:
        self.learning = on
        self._do(f"live {on}", lambda: user.live(on))

    @rule()
    def accept(self) -> None:
        self._do("accept", lambda: user.run("prediction.accept"))

    @rule(method=st.sampled_from(("otsu", "triangle")))
    def run_a_baseline(self, method: str) -> None:
        self._do(method, lambda: user.do(lambda: user.baseline(method)))

    @rule(name=st.sampled_from(("holes", "grow", "islands")))
    def run_an_operation(self, name: str) -> None:
        self._do(name, lambda: user.do(lambda: user.operation(name)))

    @rule(form=st.sampled_from(("png", "tiff", "coco")))
    def export(self, form: str) -> None:
        self._do(f"export {form}", lambda: user.do(lambda: user.export_masks(folder(), form)))

    @rule()
    def import_a_mask(self) -> None:
        image = user.session.image
        if image is not None and image.info.shape[0] == 1:
            mask = np.zeros(image.info.shape[1:], np.uint8)
            mask[5:15, 5:20] = 1
            path = png(folder() / f"{Path(image.path).stem}.png", mask)
            self._do("import", lambda: user.do(lambda: user.import_masks(path, "png", image.id)))

    @rule(role=st.sampled_from(ROLES))
    def kill_a_worker(self, role: str) -> None:
        number = getattr(user.studio.workers, role).process_id
        if number:
            self._do(f"kill {role}", lambda: os.kill(number, signal.SIGKILL))

    @rule(seconds=st.sampled_from((0.05, 0.3, 1.0)))
    def wait(self, seconds: float) -> None:
        self._do("wait", lambda: user.pump(seconds))

    @precondition(lambda self: not self.down)
    @rule()
    def wait_for_all_work(self) -> None:
        self._do("wait for all work", self._idle)

    # --- hands ----------------------------------------------------------------------------------------------

    def _pixel(self, at: Point) -> Point:
        """A point of the image by its share of rows and columns."""
        _, rows, columns = user.session.shape
        return (at[0] * rows, at[1] * columns)

    def _seen(self, at: Point) -> Point:
        """Where the program sees a point of the image: events come in whole pixels of the screen."""
        place, view = user.at(*self._pixel(at)), user.canvas.view
        return (view.row + place.y() / view.scale, view.column + place.x() / view.scale)

    def _press(self, at: Point, radius: float) -> None:
        session = user.session
        self.down = "Left"
        if session.image is not None and session.pixels is not None and not session.why_not_editable():
            code = PAINTED + (0 if session.tool_id == "eraser" else session.active_class)
            self.stroke = Stroke(
                (session.image.id, session.active_layer), session.slice, radius, code, [self._seen(at)]
            )
        user.press(*self._pixel(at))

    def _move(self, at: Point) -> None:
        if self.stroke is not None:
            self.stroke.path.append(self._seen(at))
        user.move(*self._pixel(at))

    def _release(self) -> None:
        self.down = ""
        user.release(*self._pixel((0.4, 0.4)))

    def _tool(self, tool: str) -> None:
        if user.session.tool_id != tool:
            self._do(f"tool {tool}", lambda: user.tool(tool), kept=True)

    def _finish_stroke(self) -> None:
        if self.down:
            self._do("end stroke", self._release, kept=True)

    def _return_files(self) -> None:
        for path, place in self.away.items():
            place.rename(path)
        self.away.clear()
        self._say("all files are back")

    def _open(self, case: Case) -> None:
        self.opening = True
        user.studio.open_project(case.place)
        user.pump(0.05)
        self.opening = False
        if self.stroke is not None and self.case.plain is not None and user.document is not self.document:
            state, stroke, self.stroke = self.case.plain.state, self.stroke, None
            self.dropped = self.dropped or bool(stroke.on(state).changed(state))  # it went with its project
        document = user.document
        assert document is not None, f"{case.name} does not open: {user.strips()}"
        case.plain = case.plain or Plain(*_states(document))
        if document is not self.document:  # the project may be open already
            self.document = document
            document.edited.connect(lambda event: self._on_edit(case, document, event))
        self.case = case

    def _on_edit(self, case: Case, document: Any, event: Any) -> None:
        """Something was committed, undone or redone: the model follows at once."""
        with told():
            assert document is user.document or self.opening, f"{case.name} is closed and was edited"
            assert case.plain is not None
            if event.direction == "do":
                case.plain.push(self._expected(case.plain.state, event.edit, State.of(document)))
            else:
                case.plain.step(-1 if event.direction == "undo" else 1)

    # --- what must hold -------------------------------------------------------------------------------------

    def _say(self, action: str) -> None:
        """What is done, at once, so that it is known also where the process dies of it."""
        self.log.append(action)
        print(len(self.log), self.case.name, action, flush=True)

    def _do(self, name: str, deed: Any, *, kept: bool = False) -> None:
        """Do something, then compare; `kept`: what was drawn so far must be in the history afterwards."""
        if self.rehearsal:
            return
        self._say(name)
        COUNTS[name] += 1
        with told():
            self.dropped = False
            deed()
            user.pump(0.01)
            self._settle()
            assert not (kept and self.dropped), "what was drawn is lost"
            assert self.down or self.stroke is None, "a stroke goes on without a button"

    def _settle(self) -> None:
        """Everything must be as the model says."""
        plain = self.case.plain
        assert plain is not None
        self._take_images(plain)
        found, wanted = State.of(user.document), plain.state
        if self.stroke is not None:
            drawn = self.stroke.on(wanted) if self.stroke.place in wanted.codes else wanted
            if not drawn.changed(wanted) and not self.down:
                self.stroke = None  # it changed nothing, so there is nothing to undo
            elif found.difference(drawn):
                self.stroke, self.dropped = None, True  # then nothing of it may be left
            else:
                wanted = drawn
        if difference := wanted.difference(found):
            raise AssertionError(f"the model and the project differ: {difference}")
        history = user.document.history
        counts, ours = (history.position, len(history.edits)), (plain.position, len(plain.steps) - 1)
        assert counts == ours, f"the histories differ: {counts} of the project, {ours} of the model"
        self._check_the_rest(found)

    def _expected(self, before: State, edit: Any, after: State) -> State:
        """What an edit makes of a state: a stroke by formula; of other tools, what they may have changed at most."""
        if edit.tool in ("brush", "eraser") and self.stroke is not None:
            stroke, self.stroke = self.stroke, None
            assert (edit.image, edit.layer) == stroke.place, "a stroke landed elsewhere"
            return stroke.on(before)
        assert edit.tool not in ("brush", "eraser"), "a stroke that nobody drew"
        if edit.image and not edit.state:
            assert set(before.changed(after)) <= {(edit.image, edit.layer)}, (
                f"“{edit.title}” changed more than its layer"
            )
        return after

    def _take_images(self, plain: Plain) -> None:
        for image, entry in user.document.images.items():
            if image not in plain.state.layers:
                path = next((one for one in self.case.coming if one.name == entry.name), None)
                assert path is not None, f"{entry.name} came into {self.case.name}, where nobody opened it"
                self.case.coming.remove(path)
                plain.add_image(image, State.of(user.document).codes[image, 1])

    def _check_the_rest(self, found: State) -> None:
        document, session = user.document, user.session
        self.case.asked |= self.learning
        assert not user.raised, f"raised: {user.raised}"
        assert not user.told("should not have"), f"told: {user.strips()} {user.said[-3:]}"
        assert session.active_class in found.classes, f"class {session.active_class} is active and not in the table"
        for place, codes in found.codes.items():
            used = {int(value) & 0xFF for value in np.unique(codes[codes != 0])}
            assert used <= set(found.classes), f"{place} holds classes {used}, the table {found.classes}"
        for entry in document.images.values():
            for layer in entry.layers:
                versions = {version for version in layer.versions.values()}
                assert versions <= set(document.versions), f"{entry.name} was predicted by a version of nowhere"
                assert not versions or self.case.asked, f"{entry.name} was predicted unasked"
        for version in document.versions.values():
            assert (self.case.place / version.file).exists(), f"version {version.number} has no file in its project"

    def _idle(self) -> None:
        """Wait until nothing works any more."""
        studio, end = user.studio, time.monotonic() + WORKING

        def busy() -> list[str]:
            clients = [role for role in ROLES if getattr(studio.workers, role).busy]
            return [*clients, *(["opening"] * studio.opening.busy), *(["training"] * studio.training.running)]

        while busy():
            user.pump(0.02)
            assert time.monotonic() < end, f"{busy()} still at work after {WORKING:.0f} seconds"


def _states(document: Any) -> list[State]:
    """The states that the history of a project leads through, the present one last."""
    found = [State.of(document)]
    while document.undo() is not None:
        found.insert(0, State.of(document))
    while document.redo() is not None:
        pass
    return found


def main() -> int:
    global user
    parser = argparse.ArgumentParser()
    parser.add_argument("--actions", type=int, default=300)
    parser.add_argument("--each", type=int, default=100, help="actions on one set of projects")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without", default="", help="rules to leave out, by name, with commas: what is known to fail")
    options = parser.parse_args()
    user = User()
    reported = sys.excepthook

    def hook(*raised: Any) -> None:
        traceback.print_exception(*raised)
        reported(*raised)

    sys.excepthook = hook
    machine = type("Machine", (Crossings,), dict.fromkeys(filter(None, options.without.split(","))))
    rounds = max(1, options.actions // options.each)
    chosen = settings(
        max_examples=1 + rounds, stateful_step_count=options.each, phases=[Phase.generate], database=None, deadline=None,
        verbosity=Verbosity.quiet, suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(seed(options.seed)(machine), settings=chosen)
    done = sum(COUNTS.values())
    print(f"{done} actions of {len(COUNTS)} kinds, seed {options.seed}: no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
