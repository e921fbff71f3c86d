"""The journal: who changed what, when, with which tool; each row holds the hash of the row before it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

import apsw

from segstudio.core.document import EditEvent
from segstudio.project.lock import user_name
from segstudio.project.schema import get_meta, put_meta

_COLUMNS = (
    "seq, time, utc_offset, user, direction, edit, title, tool, image, layer, z, row0, column0, row1, "
    "column1, seen, agreed, content, previous"
)


@dataclass(frozen=True, slots=True)
class JournalVerdict:
    """Outcome of checking `rows` rows of the journal; `row` is the first that does not fit, 0 if all do."""

    rows: int
    row: int = 0
    sentence: str = ""

    @property
    def intact(self) -> bool:
        return self.row == 0


def entry(event: EditEvent, when: float) -> tuple[Any, ...]:
    """What is known of an edit done, undone or redone at `when`: all columns but seq, previous and hash."""
    edit, box = event.edit, event.edit.box
    offset = time.localtime(when).tm_gmtoff // 60
    content = hashlib.sha256()
    for key, frame in sorted(event.frames.items()):
        content.update(repr(tuple(map(int, key))).encode() + frame)
    return (
        float(when), offset, user_name(), event.direction, edit.id, edit.title, edit.tool,
        edit.image, edit.layer,
        *map(int, (box.z, box.top, box.left, box.bottom, box.right, edit.seen, edit.agreed)),
        content.digest(),
    )  # fmt: skip


def append(connection: apsw.Connection, values: tuple[Any, ...]) -> None:
    """Add a row made by `entry`; runs inside the transaction of the edit itself."""
    seq, previous = 1, b""
    for last, digest in connection.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"):
        seq, previous = last + 1, digest
    row = (seq, *values, previous)
    digest = _digest(row)
    connection.execute(f"INSERT INTO journal ({_COLUMNS}, hash) VALUES ({', '.join('?' * 20)})", (*row, digest))
    put_meta(connection, "journal_head", digest)


def verify(connection: apsw.Connection) -> JournalVerdict:
    """Recompute the whole chain; names the first row that was changed, removed or put in."""
    previous, count = b"", 0
    for *row, digest in connection.execute(f"SELECT {_COLUMNS}, hash FROM journal ORDER BY seq"):
        count += 1
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row[1]))
        if row[0] != count:
            return JournalVerdict(count, count, f"Row {count} of the journal is missing.")
        if row[-1] != previous or _digest(tuple(row)) != digest:
            return JournalVerdict(
                count, count, f"Row {count} of the journal ({row[6]}, {when}) was changed afterwards."
            )
        previous = digest
    if previous != get_meta(connection, "journal_head"):
        return JournalVerdict(count, count + 1, f"Rows after row {count} of the journal were removed.")
    return JournalVerdict(count, 0, f"All {count} rows of the journal are as they were written.")


def _digest(row: tuple[Any, ...]) -> bytes:
    """SHA-256 over all columns as JSON, bytes as hexadecimal; the last is the hash of the row before."""
    plain = [value.hex() if isinstance(value, bytes) else value for value in row]
    text = json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
