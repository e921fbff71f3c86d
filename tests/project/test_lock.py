"""Two windows cannot overwrite each other, and nobody is locked out by a crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from segstudio.project.lock import NotWritable, ProjectInUse
from segstudio.project.store import Store
from tests.project.conftest import OpenStore, crash, new_document, paint, picture

OPEN = (
    "import sys; from pathlib import Path; from segstudio.project.store import Store; from segstudio.errors import UserError\n"
    "try: Store.open(Path(sys.argv[1])); print('opened')\n"
    "except UserError as error: print(type(error).__name__, error.sentence)"
)


def test_a_second_window_is_told_who_has_the_project(opened: OpenStore, folder: Path) -> None:
    opened()
    result = subprocess.run([sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("ProjectInUse This project is already open.")
    assert f"process {os.getpid()}" in result.stdout and "read-only" in result.stdout
    with pytest.raises(ProjectInUse, match="already open"):
        opened()


def test_a_second_window_can_look_at_the_newest_state(opened: OpenStore) -> None:
    store = opened()
    document = new_document(store)
    for number in range(5):
        paint(document, number)
    store.flush()
    view = opened(read_only=True)
    seen = view.load()
    assert view.read_only and picture(seen) == picture(document)
    assert not view.recovery.notable, "the other window is alive: nothing ended unexpectedly"
    view.attach(seen)
    paint(seen, 99)
    view.close()
    paint(document, 6)
    store.close()
    assert picture(opened().load()) == picture(document)


def test_a_lock_left_by_a_dead_process_is_taken_over_silently(opened: OpenStore, folder: Path) -> None:
    store = opened()
    crash(store)
    assert (folder / "project.segstudio.lock").exists()
    opened().close()
    assert not (folder / "project.segstudio.lock").exists()


def test_a_lock_from_another_computer_is_believed_unless_the_user_knows_better(opened: OpenStore, folder: Path) -> None:
    opened().close()
    holder = {"host": "ward-7", "user": "mira", "pid": 4, "time": 1.7e9}
    (folder / "project.segstudio.lock").write_text(json.dumps(holder))
    with pytest.raises(ProjectInUse) as caught:
        opened()
    assert "mira" in caught.value.sentence and "ward-7" in caught.value.sentence
    opened(take_over=True).close()
    opened()


def test_a_lock_file_of_nonsense_locks_nobody_out(opened: OpenStore, folder: Path) -> None:
    opened().close()
    (folder / "project.segstudio.lock").write_bytes(b"\xff\x00{")
    opened()


def test_a_read_only_view_with_a_leftover_log_is_the_newest_state_and_changes_nothing(
    opened: OpenStore, folder: Path
) -> None:
    store = opened()
    document = new_document(store)
    for number in range(5):
        paint(document, number)
    store.flush()
    crash(store)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir() if path.is_file()}
    assert any(path.name.endswith("-wal") for path in before)
    view = opened(read_only=True)
    assert picture(view.load()) == picture(document)
    view.close()
    after = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir() if path.is_file()}
    assert after == before


def test_a_copy_can_be_saved_from_a_read_only_view(opened: OpenStore, tmp_path: Path) -> None:
    store = opened()
    document = new_document(store)
    paint(document, 1)
    store.close()
    view = opened(read_only=True)
    view.load()
    view.save_copy(tmp_path / "copy")
    assert picture(opened(tmp_path / "copy").load())["edits"] == picture(document)["edits"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become nobody")
def test_a_folder_that_cannot_be_written_says_so_and_opens_read_only() -> None:
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / "project"
        store = Store.create(folder)
        document = new_document(store)
        paint(document, 1)
        store.flush()
        crash(store)
        (folder / "project.segstudio.lock").unlink()
        os.seteuid(65534)
        try:
            with pytest.raises(NotWritable, match="cannot be changed"):
                Store.open(folder)
            view = Store.open(folder, read_only=True)
            assert picture(view.load()) == picture(document)
            view.close()
        finally:
            os.seteuid(0)
