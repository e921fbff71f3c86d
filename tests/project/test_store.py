"""A project that is closed and opened again holds exactly what it held."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segstudio.core.class_use import merge
from segstudio.core.document import Document, Version
from segstudio.errors import UserError
from segstudio.project.paths import content_digest, stored_path
from segstudio.project.store import Store
from tests.project.conftest import INFO, OpenStore, annotation, crash, new_document, paint, picture, predict


def reopened(store: Store, opened: OpenStore) -> Document:
    store.close()
    return opened().load()


def test_a_name_that_is_no_text_is_refused_before_anything_is_painted_on_it(tmp_path: Path) -> None:
    for image in (tmp_path / "L\udce4ber.png", tmp_path / "\udcff" / "a.png"):
        with pytest.raises(UserError, match="cannot be an image") as refused:
            stored_path(image, tmp_path / "project")
        assert refused.value.sentence.encode()


def test_an_empty_project_is_one_plain_file_and_two_folders(opened: OpenStore, folder: Path) -> None:
    opened().close()
    assert sorted(path.name for path in folder.iterdir()) == ["models", "project.segstudio", "runs"]


def test_strokes_come_back_bit_for_bit_with_their_history(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(30):
        paint(document, number)
    assert picture(reopened(store, opened)) == picture(document)


def test_a_merged_class_and_its_one_step_come_back(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    document.add_image("b.png", "", INFO)
    for number in range(6):
        paint(document, number, image=1 + number % 2)
    before, position = [annotation(document, image) for image in (1, 2)], document.history.position
    predict(document, 5, image=2)
    merge(document, 2, 1, "Merge")
    after = [annotation(document, image) for image in (1, 2)]
    again = reopened(store, opened)
    assert picture(again) == picture(document) and again.history.position == position + 3
    again.undo()
    assert 2 in again.classes and again.history.position == position
    assert all(map(np.array_equal, before, [annotation(again, image) for image in (1, 2)]))
    again.redo()
    assert 2 not in again.classes
    assert all(map(np.array_equal, after, [annotation(again, image) for image in (1, 2)]))
    assert again.classes.add("new").id == 3, "never the id of a class that was there"


def test_undo_and_redo_are_stored_with_their_position(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(12):
        paint(document, number)
    for _ in range(7):
        document.undo()
    for _ in range(3):
        document.redo()
    again = reopened(store, opened)
    assert picture(again) == picture(document)
    while document.undo():
        again.undo()
    while document.redo():
        again.redo()
    assert picture(again) == picture(document)


def test_painting_after_undo_forgets_what_was_undone(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(6):
        paint(document, number)
    document.undo()
    document.undo()
    paint(document, 99)
    again = reopened(store, opened)
    assert picture(again) == picture(document)
    assert again.history.next_redo() is None


def test_ids_of_edits_are_never_used_again(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    paint(document, 1)
    paint(document, 2)
    document.undo()
    assert reopened(store, opened).next_edit == document.next_edit


def test_predictions_come_back_with_uncertainty_and_version_per_tile(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    predict(document, 1, version=1)
    document.put_prediction(1, 1, 0, 0, 0, np.ones((256, 256), np.uint8), np.zeros((256, 256), np.uint8), 2)
    again = reopened(store, opened)
    assert picture(again) == picture(document)
    assert set(again.layer(1, 1).versions.values()) == {1, 2}


def test_a_prediction_of_nothing_replaces_the_one_before(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    predict(document, 1)
    store.flush()
    document.put_prediction(1, 1, 0, 0, 0, np.full((600, 700), 255, np.uint8), np.zeros((600, 700), np.uint8), 3)
    again = reopened(store, opened)
    assert picture(again) == picture(document)
    assert again.layer(1, 1).prediction.is_empty()


def test_only_the_last_of_many_predictions_of_a_tile_is_kept_waiting(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for seed in range(20):
        predict(document, seed, version=seed + 1)
    assert picture(reopened(store, opened)) == picture(document)


def test_classes_images_and_layers_come_back(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    document.classes.change(1, name="Ёж 'quoted\" ; DROP TABLE", locked=True, visible=False, color="#abcdef")
    document.classes.remove(2)
    entry = document.add_image("/elsewhere/b.tif", "f" * 64, INFO, group="patient 7")
    document.add_layer(entry.id, "Second")
    entry.done, entry.role = True, "validation"
    document.image_changed.emit(entry)
    entry.layers[0].visible, entry.layers[0].opacity = False, 0.25  # tells nobody
    assert picture(reopened(store, opened)) == picture(document)


def test_a_removed_layer_comes_back_with_its_pixels_by_undo_after_a_restart(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    document.add_layer(1, "Second")
    paint(document, 1)
    before = picture(document)["images"]
    document.remove_layer(1, 1)
    again = reopened(store, opened)
    assert [layer.name for layer in again.images[1].layers] == ["Second"]
    assert again.undo().title == "Remove “Mask”" and picture(again)["images"] == before
    for _ in range(2):
        again.undo()
    assert [layer.name for layer in again.images[1].layers] == ["Mask"] and again.layer(1, 1).annotation.is_empty()


def test_a_removed_layer_goes_for_good_with_the_last_step_that_knows_it(
    opened: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.project.saving.KEPT_EDITS", 3)
    store = opened()
    document = new_document(store)
    document.add_layer(1, "Second")
    document.remove_layer(1, 1)
    for number in range(5):
        writer = document.begin_edit(1, 2, "Paint", tool="brush")
        writer.set(0, number * 10, 0, np.ones((5, 5), bool), 1)
        document.finish_edit(writer)
    again = reopened(store, opened)
    assert not again.images[1].removed and len(again.history.edits) == 3


def test_steps_that_change_classes_come_back(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    document.change_classes("Rename class", lambda classes: classes.change(1, name="Nucleus"))
    document.change_classes("Remove class", lambda classes: classes.remove(2))
    document.undo()
    again = reopened(store, opened)
    assert [edit.title for edit in again.history.edits] == ["Rename class", "Remove class"]
    assert picture(again) == picture(document) and 2 in again.classes
    again.redo()
    assert 2 not in again.classes
    again.undo()
    again.undo()
    assert again.classes.name(1) != "Nucleus"


def test_model_versions_come_back_with_their_verdict(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in (1, 2):
        document.put_version(
            Version(
                number,
                f"models/v{number}.safetensors",
                "ab",
                number - 1,
                "champion",
                "unet",
                1e9 + 0.25,
                "better",
                {"dice": [0.5, None], "mean": 0.75},
            )
        )
    again = reopened(store, opened)
    assert again.versions == document.versions
    assert again.champion == document.versions[2]


def test_the_score_before_correction_comes_back(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    predict(document, 5)
    for number in range(10):
        paint(document, number)
    document.undo()
    again = reopened(store, opened)
    assert document.images[1].seen > 0
    assert (again.images[1].seen, again.images[1].agreed) == (
        document.images[1].seen,
        document.images[1].agreed,
    )


def test_settings_and_runs_come_back(opened: OpenStore) -> None:
    store = opened()
    store.settings.set("view", {"zoom": 2.5, "names": ["a", "é"], "bad": float("nan")})
    finished, running = store.runs.start({"seed": 1}), store.runs.start({"seed": 2})
    store.runs.update(finished.id, state="finished", progress={"step": 10})
    store.runs.update(running.id, progress={"step": 3})
    store.flush()
    crash(store)
    again = opened()
    assert again.settings.get("view") == {"zoom": 2.5, "names": ["a", "é"], "bad": None}
    assert again.settings.get("other", 7) == 7
    assert [run.id for run in again.runs.interrupted()] == [running.id]
    assert again.runs.interrupted()[0].progress == {"step": 3}
    assert again.runs.all()[0].state == "finished"
    assert again.recovery.interrupted == (running.id,)


def test_a_document_made_elsewhere_is_stored_whole(opened: OpenStore, folder: Path) -> None:
    document = Document()
    document.classes.add("Cell")
    document.add_image("a.png", "", INFO)
    for number in range(5):
        paint(document, number)
    predict(document, 1)
    document.undo()
    store = opened()
    store.attach(document)
    paint(document, 77)
    assert picture(reopened(store, opened)) == picture(document)


def test_a_project_never_takes_a_second_document(opened: OpenStore) -> None:
    store = opened()
    new_document(store)
    store.close()
    with pytest.raises(ValueError):
        opened().attach(Document())


def test_history_older_than_the_kept_steps_is_dropped_on_disk(
    opened: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.project.saving.KEPT_EDITS", 5)
    store = opened()
    document = new_document(store)
    for number in range(9):
        paint(document, number)
    again = reopened(store, opened)
    assert again.history.edits == document.history.edits[-5:]
    assert picture(again)["images"] == picture(document)["images"]


def test_undoing_past_the_kept_steps_leaves_no_redo_that_would_tear(
    opened: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segstudio.project.saving.KEPT_EDITS", 3)
    store = opened()
    document = new_document(store)
    for number in range(8):
        paint(document, number)
    for _ in range(6):
        document.undo()
    document.redo()
    again = reopened(store, opened)
    assert picture(again)["images"] == picture(document)["images"]
    assert again.history.edits == document.history.edits[2:3]
    assert again.history.position == 1


def test_history_beyond_the_byte_budget_is_not_loaded(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(10):
        paint(document, number)
    store.close()
    budget = sum(edit.nbytes for edit in document.history.edits[-4:])
    assert opened().load(budget=budget).history.edits == document.history.edits[-4:]


@pytest.mark.alone
def test_strokes_are_durable_within_50_ms_and_cost_the_caller_next_to_nothing(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    store.flush()
    handed: list[float] = []
    document.edited._listeners.insert(0, lambda _: handed.append(-time.perf_counter()))
    document.edited.connect(lambda _: handed.append(handed.pop() + time.perf_counter()))
    for number in range(60):
        paint(document, number)
        store.flush()
    assert np.median(store.commit_seconds) < 0.05
    assert np.median(handed) < 0.002


def test_strokes_do_not_wait_for_predictions(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    big = document.add_image("big.png", "", type(INFO)("png", (1, 8192, 8192), 1, ("g",), "uint8"))
    store.flush()
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 4, (2048, 8192), dtype=np.uint8)
    document.put_prediction(big.id, 1, 0, 0, 0, noise, noise, 1)
    for number in range(5):
        paint(document, number)
    done = threading.Event()
    store.stored.connect(lambda stored: done.set() if stored.edit == 5 else None)
    paint(document, 50)
    assert done.wait(10)
    assert store.pending, "the predictions should still be waiting"
    assert max(store.commit_seconds) < 1.0
    assert store.flush(60)


def test_stored_is_told_for_each_edit_in_order(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    seen: list[int] = []
    store.stored.connect(lambda stored: seen.append(stored.edit))
    for number in range(5):
        paint(document, number)
    store.flush()
    assert [number for number in seen if number] == [1, 2, 3, 4, 5]
    assert store.last_stored is not None and abs(store.last_stored.when - time.time()) < 60


def test_a_listener_that_fails_does_not_stop_the_saving(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)

    def fail(_: object) -> None:
        raise RuntimeError("widget is gone")

    store.stored.connect(fail)
    paint(document, 1)
    assert store.flush()
    assert picture(reopened(store, opened)) == picture(document)


def test_a_closed_store_says_so(opened: OpenStore) -> None:
    store = opened()
    store.close()
    store.close()
    with pytest.raises(UserError, match="no longer open"):
        store.flush()


def test_creating_over_a_project_and_opening_nothing_are_refused(opened: OpenStore, tmp_path: Path) -> None:
    opened().close()
    with pytest.raises(UserError, match="a project already"):
        Store.create(tmp_path / "project")
    with pytest.raises(UserError, match="no project"):
        Store.open(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError):
        Store.create(tmp_path / "file")


def test_image_paths_are_relative_below_the_parent_of_the_project_and_absolute_elsewhere(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "work" / "project"
    folder.mkdir(parents=True)
    assert stored_path(folder / "in" / "a.png", folder) == "in/a.png"
    assert stored_path(tmp_path / "work" / "images" / "a.png", folder) == "../images/a.png"
    assert stored_path(tmp_path / "other" / "a.png", folder) == str(tmp_path.resolve() / "other" / "a.png")


def test_an_image_is_found_after_project_and_images_moved_together(opened: OpenStore, tmp_path: Path) -> None:
    (tmp_path / "work" / "images").mkdir(parents=True)
    image = tmp_path / "work" / "images" / "a.png"
    image.write_bytes(b"pixels")
    store = opened(tmp_path / "work" / "project")
    document = store.load()
    store.attach(document)
    entry = document.add_image(store.relative_path(image), content_digest(image), INFO)
    assert store.image_path(entry) == image.resolve() and store.image_problem(entry) == ""
    store.close()
    (tmp_path / "work").rename(tmp_path / "moved")
    again = opened(tmp_path / "moved" / "project")
    entry = again.load().images[1]
    assert again.image_path(entry) == (tmp_path / "moved" / "images" / "a.png").resolve()
    again.image_path(entry).write_bytes(b"other pixels")
    assert "changed" in again.image_problem(entry)
    again.image_path(entry).unlink()
    assert "not where it was" in again.image_problem(entry)
    with pytest.raises(UserError, match="not where it was"):
        again.image_path(entry)


def test_a_copy_holds_the_same_and_still_finds_its_images(opened: OpenStore, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"pixels")
    store = opened()
    document = new_document(store)
    (store.models_folder / "v1.safetensors").write_bytes(b"weights")
    for number in range(4):
        paint(document, number)
    target = tmp_path / "far" / "away" / "copy"
    store.save_copy(target)
    copy = opened(target)
    entry = copy.load().images[1]
    assert copy.image_path(entry) == (tmp_path / "a.png").resolve()
    first, second = picture(copy._loaded or Document()), picture(document)
    first["images"][0][0]["path"] = second["images"][0][0]["path"]
    assert first == second
    assert (copy.models_folder / "v1.safetensors").read_bytes() == b"weights"
    with pytest.raises(UserError, match="a project already"):
        store.save_copy(target)


def test_the_digest_of_a_very_large_file_is_quick_and_sees_both_ends(tmp_path: Path) -> None:
    path = tmp_path / "large"
    found = set()
    for place in (0, 2**31 - 1, 2**30 - 2**19):  # the last one in a sample in the middle
        with path.open("wb") as file:
            file.truncate(2**31)
            file.seek(place)
            file.write(b"x")
        found.add(content_digest(path))
    assert len(found) == 3 and all(len(digest) == 64 for digest in found)


def test_numbers_from_numpy_are_stored_like_any_other(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    writer = document.begin_edit(1, 1, "Fill", tool="fill")
    writer.set(np.int64(1), np.int64(3), np.int32(4), np.ones((5, 5), bool), 1)  # type: ignore[arg-type]
    document.finish_edit(writer)
    document.put_version(Version(1, "a", "b", 0, "waiting", "unet", 1.0, "", {"dice": np.float32(0.5)}))
    assert store.flush()
    again: Any = reopened(store, opened)
    assert picture(again)["images"] == picture(document)["images"]


def test_a_removed_image_comes_back_with_its_masks_after_reopening(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    document.add_image("b.png", "", INFO)
    for number in range(4):
        paint(document, number, image=1 + number % 2)
    predict(document, 5)
    before = picture(document)["images"]
    document.remove_image(1, "Remove")
    assert list(document.images) == [2]
    again = reopened(store, opened)
    assert list(again.images) == [2] and picture(again)["images"] == before[1:]
    again.undo()
    assert picture(again)["images"] == before and list(again.images) == [1, 2]
    again.redo()
    assert list(again.images) == [2]


def test_the_id_of_an_image_that_is_gone_for_good_is_not_given_again(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    other = document.add_image("b.png", "", INFO)
    paint(document, 1, image=other.id)
    document.remove_image(other.id, "Remove")
    document.undo()
    document.redo()
    again = reopened(store, opened)
    again.history.restore([], 0)
    again.forget_removed()
    fresh = again.add_image("c.png", "", INFO)
    assert fresh.id == other.id + 1 and fresh.layers[0].annotation.is_empty()
