"""Damaged pixels are detected and never shown as real; what can be saved is saved, and nothing is deleted."""

from __future__ import annotations

import os
import random
from pathlib import Path

import apsw
import numpy as np
import pytest

from segstudio.core.document import Document
from segstudio.errors import UserError
from segstudio.project import schema
from segstudio.project.repair import backup
from segstudio.project.store import Store
from tests.project.conftest import OpenStore, annotation, crash, new_document, paint, picture, predict

FILE = "project.segstudio"
RANDOM = int(os.environ.get("SEGSTUDIO_DAMAGE", "25"))


def painted_project(opened: OpenStore, strokes: int = 12) -> Document:
    store = opened()
    document = new_document(store)
    for number in range(strokes):
        paint(document, number)
    predict(document, 3)
    store.close()
    return document


def stored_frame(file: Path, plane: str) -> bytes:
    with_rows = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        frames = with_rows.execute("SELECT frame FROM tile WHERE plane = ? ORDER BY length(frame) DESC", (plane,))
        return bytes(frames.fetchall()[0][0])
    finally:
        with_rows.close()


def flip_bit(file: Path, frame: bytes, everywhere: bool = True) -> None:
    """Damage a stored tile; with `everywhere` also the copy of it in the undo history."""
    content = file.read_bytes()
    part = frame[: min(len(frame), 400)]  # longer frames go on in other pages
    damaged = bytearray(part)
    damaged[len(part) // 2] ^= 4
    assert part in content
    file.write_bytes(content.replace(part, bytes(damaged), -1 if everywhere else 1))


def test_a_flipped_bit_in_a_tile_is_detected_and_mended_from_a_backup(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    (folder / "backups").mkdir(exist_ok=True)
    (folder / "backups" / "2026-01-01_00-00-00.segstudio").write_bytes((folder / FILE).read_bytes())
    flip_bit(folder / FILE, stored_frame(folder / FILE, "annotation"))
    store = opened()
    assert np.array_equal(annotation(store.load()), annotation(document))
    assert [tile.source for tile in store.recovery.damaged] == ["the backup of 2026-01-01_00-00-00"]
    assert store.recovery.notable and "1 damaged tile restored" in store.recovery.sentence
    store.close()
    again = opened()
    again.load()
    assert not again.recovery.damaged, "the mended tile was written back"


def test_a_flipped_bit_is_mended_from_the_undo_history(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    with apsw.Connection(str(folder / FILE)) as raw:
        key = raw.execute("SELECT image, z, ty, tx, frame FROM tile WHERE plane = 'annotation' LIMIT 1").get
        broken = bytearray(key[-1])
        broken[-6] ^= 1
        raw.execute(
            "UPDATE tile SET frame = ? WHERE plane = 'annotation' AND z = ? AND ty = ? AND tx = ?",
            (broken, *key[1:4]),
        )
    store = opened()
    assert np.array_equal(annotation(store.load()), annotation(document))
    assert [tile.source for tile in store.recovery.damaged] == ["the undo history"]


def test_an_earlier_state_of_a_tile_is_never_called_the_newest(opened: OpenStore, folder: Path) -> None:
    painted_project(opened)
    with apsw.Connection(str(folder / FILE)) as raw:
        raw.pragma("foreign_keys", True)
        raw.execute("DELETE FROM edit WHERE id = (SELECT max(id) FROM edit)")
        raw.execute("UPDATE tile SET checksum = 0 WHERE plane = 'annotation'")
    store = opened()
    store.load()
    restored = [tile for tile in store.recovery.damaged if tile.source]
    assert restored and all("later strokes there may be missing" in tile.source for tile in restored)
    assert "may be missing" in store.recovery.sentence


def test_a_tile_without_any_copy_is_left_empty_and_named(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    flip_bit(folder / FILE, stored_frame(folder / FILE, "annotation"))
    for file in (folder / "backups").glob("*"):
        file.unlink()
    store = opened()
    again = store.load()
    (tile,) = store.recovery.damaged
    assert tile.source == "" and "left empty" in store.recovery.sentence
    z, ty, tx = tile.key
    expected = annotation(document)
    expected[z, ty * 256 : ty * 256 + 256, tx * 256 : tx * 256 + 256] = 0
    assert np.array_equal(annotation(again), expected)


def test_a_damaged_prediction_is_left_out_because_it_can_be_made_again(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    flip_bit(folder / FILE, stored_frame(folder / FILE, "prediction"))
    store = opened()
    again = store.load()
    (tile,) = store.recovery.damaged
    assert tile.plane == "prediction" and tile.key not in again.layer(1, 1).versions
    assert np.array_equal(annotation(again), annotation(document))


def test_history_up_to_a_damaged_step_is_left_out_and_told(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    with apsw.Connection(str(folder / FILE)) as raw:
        raw.execute("UPDATE edit_tile SET before = CAST(x'00' || substr(before, 2) AS BLOB) WHERE edit = 4")
    store = opened()
    again = store.load()
    assert np.array_equal(annotation(again), annotation(document))
    assert again.history.edits == document.history.edits[4:]
    assert store.recovery.missing == ("The undo history up to “Stroke 3” is damaged and was left out.",)


def test_a_sound_tile_in_the_wrong_place_is_damage_too(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    with apsw.Connection(str(folder / FILE)) as raw:
        raw.execute("UPDATE OR REPLACE tile SET tx = 2 WHERE plane = 'annotation' AND z = 0 AND ty = 0 AND tx = 0")
        raw.execute("UPDATE OR REPLACE tile SET tx = 1 WHERE plane = 'annotation' AND z = 1 AND ty = 1 AND tx = 2")
    store = opened()
    assert np.array_equal(annotation(store.load()), annotation(document))
    assert {tile.source for tile in store.recovery.damaged} == {"the undo history"}


def test_text_that_makes_no_sense_is_repaired_from_a_backup(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    for old in (folder / "backups").glob("*"):
        old.unlink()
    (folder / "backups").mkdir(exist_ok=True)
    (folder / "backups" / "2026-01-01_00-00-00.segstudio").write_bytes((folder / FILE).read_bytes())
    for change in (
        "UPDATE image SET info = '{]'",
        "UPDATE class SET name = CAST(x'a0ff' AS TEXT) WHERE id = 1",
        "DROP TABLE layer",
        "INSERT INTO setting VALUES ('view', '{]')",
    ):
        for kept in folder.glob("project.damaged-*"):
            kept.unlink()
        with apsw.Connection(str(folder / FILE)) as raw:
            raw.pragma("foreign_keys", False)
            raw.execute(change)
        store = opened()
        assert picture(store.load()) == picture(document), change
        assert store.recovery.kept is not None and "was repaired" in store.recovery.sentence
        store.close()


def test_a_file_of_torn_pages_is_salvaged_and_the_damaged_one_kept(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened, strokes=60)
    for file in (folder / "backups").glob("*"):
        file.unlink()
    original = bytearray((folder / FILE).read_bytes())
    with apsw.Connection(str(folder / FILE)) as raw:
        page = raw.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'tile'").get
    original[(page - 1) * 4096 : page * 4096] = bytes(4096)
    (folder / FILE).write_bytes(original)
    store = opened()
    assert store.recovery.kept is not None and store.recovery.kept.read_bytes() == bytes(original)
    assert "was damaged and was repaired" in store.recovery.sentence and store.recovery.missing
    again = store.load()
    assert np.array_equal(annotation(again), annotation(document)), "rebuilt from the undo history"
    assert again.history.edits == document.history.edits
    assert store.verify_journal().intact
    store.attach(again)
    paint(again, 99)
    store.close()
    assert not opened().recovery.notable


def test_a_file_that_is_gone_to_nonsense_gives_way_to_the_newest_good_backup(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    (folder / "backups").mkdir(exist_ok=True)
    for old in (folder / "backups").glob("*"):
        old.unlink()
    (folder / "backups" / "2026-01-01_00-00-00.segstudio").write_bytes((folder / FILE).read_bytes())
    (folder / "backups" / "2026-01-02_00-00-00.segstudio").write_bytes(b"nonsense")
    for nonsense in (b"", b"hello", bytes(100_000)):
        (folder / FILE).write_bytes(nonsense)
        store = opened()
        assert picture(store.load()) == picture(document)
        assert store.recovery.backup is not None and "2026-01-01" in store.recovery.sentence
        store.close()
        for kept in folder.glob("project.damaged-*"):
            assert kept.read_bytes() == nonsense
            kept.unlink()


def test_a_file_that_is_no_project_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("shopping list")
    with pytest.raises(UserError, match="not a SegStudio project"):
        Store.open(tmp_path)
    assert (tmp_path / FILE).read_text() == "shopping list"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [FILE]
    (tmp_path / FILE).unlink()
    with apsw.Connection(str(tmp_path / FILE)) as other:
        other.execute("CREATE TABLE t (a)")
    with pytest.raises(UserError, match="not a SegStudio project"):
        Store.open(tmp_path)


def test_random_damage_never_crashes_and_never_shows_wrong_pixels(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    good = (folder / FILE).read_bytes()
    known = {0, *np.unique(annotation(document)).tolist()}
    chance = random.Random(5)
    for number in range(RANDOM):
        for file in folder.glob("project.*"):
            file.unlink()
        damaged = bytearray(good)
        for _ in range(chance.choice((1, 3, 30))):
            damaged[chance.randrange(100, len(damaged))] ^= 1 << chance.randrange(8)
        (folder / FILE).write_bytes(damaged)
        try:
            store = opened()
            again = store.load()
        except UserError:
            continue
        if 1 in again.images and again.images[1].layers:
            pixels = annotation(again)
            wrong = (pixels != annotation(document)) & (pixels != 0)
            told = [*store.recovery.missing, *(tile.source for tile in store.recovery.damaged)]
            older = any("may be missing" in part or "backup" in part for part in told) or store.recovery.backup
            assert not wrong.any() or older, (number, told)  # an earlier state, and the user is told so
            assert set(np.unique(pixels).tolist()) <= known
        store.close(discard=True)


def test_a_project_of_a_newer_program_is_refused_untouched(opened: OpenStore, folder: Path) -> None:
    opened().close()
    with apsw.Connection(str(folder / FILE)) as raw:
        raw.pragma("user_version", 99)
    with pytest.raises(UserError, match="newer SegStudio"):
        opened()


def test_a_migration_that_stops_half_way_rolls_back_after_a_backup(
    opened: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = painted_project(opened)
    for file in (folder / "backups").glob("*"):
        file.unlink()

    def stops(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE new (a); ALTER TABLE tile ADD COLUMN extra TEXT; DELETE FROM class;")
        raise apsw.FullError("injected")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, stops])
        with pytest.raises(UserError, match="brought up to date"):
            opened()
    assert backup.newest_good(folder / "backups") is not None
    store = opened()
    assert picture(store.load()) == picture(document)
    store.close()
    with apsw.Connection(str(folder / FILE)) as raw:
        assert raw.pragma("user_version") == len(schema.MIGRATIONS)
        assert raw.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'new'").get == 0


def test_a_migration_that_works_is_done_once(opened: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = painted_project(opened)

    def adds(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE new (a TEXT) STRICT")

    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, adds])
    for _ in range(2):
        store = opened()
        assert picture(store.load()) == picture(document)
        store.close()
    with apsw.Connection(str(folder / FILE)) as raw:
        assert raw.pragma("user_version") == len(schema.MIGRATIONS)


def test_an_old_sqlite_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(UserError, match="too old"):
        Store.create(folder)


def test_the_journal_names_the_row_that_was_changed(opened: OpenStore, folder: Path) -> None:
    store = opened()
    document = new_document(store)
    for number in range(8):
        paint(document, number)
    document.undo()
    verdict = store.verify_journal()
    assert verdict.intact and verdict.rows == len(document.history.edits) + 1
    store.close()
    whole = (folder / FILE).read_bytes()
    for change, row in (
        ("UPDATE journal SET user = 'somebody else' WHERE seq = 3", 3),
        ("UPDATE journal SET content = x'00' WHERE seq = 5", 5),
        ("DELETE FROM journal WHERE seq = 2", 2),
        ("DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)", verdict.rows),
    ):
        (folder / FILE).write_bytes(whole)
        with apsw.Connection(str(folder / FILE)) as raw:
            with pytest.raises(apsw.ConstraintError, match="append-only"):
                raw.execute(change)
            raw.execute("DROP TRIGGER journal_is_never_changed; DROP TRIGGER journal_is_never_shortened")
            raw.execute(change)
        forged = opened()
        verdict_now = forged.verify_journal()
        assert not verdict_now.intact and verdict_now.row == row
        assert f"ow {row}" in verdict_now.sentence or f"after row {row - 1}" in verdict_now.sentence
        forged.close()


def test_a_crash_while_damaged_still_keeps_the_log(opened: OpenStore, folder: Path) -> None:
    store = opened()
    document = new_document(store)
    for number in range(10):
        paint(document, number)
    store.flush()
    crash(store)
    content = bytearray((folder / FILE).read_bytes())
    content[0:16] = b"x" * 16
    (folder / FILE).write_bytes(content)
    for file in (folder / "backups").glob("*"):
        file.unlink()
    try:
        again = opened()
    except UserError:
        assert (folder / FILE).read_bytes() == bytes(content)
        assert (folder / (FILE + "-wal")).exists()
    else:
        assert picture(again.load()) == picture(document)


def test_a_project_of_the_first_format_is_brought_up_to_date(opened: OpenStore, folder: Path) -> None:
    document = painted_project(opened)
    with apsw.Connection(str(folder / FILE)) as raw:
        raw.pragma("foreign_keys", False)
        raw.execute("ALTER TABLE edit DROP COLUMN state")
        raw.execute("ALTER TABLE class DROP COLUMN code")
        raw.execute("ALTER TABLE image DROP COLUMN removed")
        raw.pragma("user_version", 1)
    store = opened()
    again = store.load()
    assert picture(again) == picture(document)
    assert again.history.edits == document.history.edits and again.undo() is not None
    store.close()
    with apsw.Connection(str(folder / FILE)) as raw:
        assert raw.pragma("user_version") == len(schema.MIGRATIONS)
        assert not raw.execute("PRAGMA foreign_key_check").fetchall()
