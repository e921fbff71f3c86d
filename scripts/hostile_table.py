#!/usr/bin/env python3
"""Open every hostile file the way the program does and write the table of docs/hostile.md.

    scripts/hostile_table.py --data ../shared/data/hostile > docs/hostile.md

The files are those of the data and those that tests/io/hostile_files.py makes. Each is opened by a reader process of
its own, with the memory ceiling of the program. Exits 1 where a file needs more than 10 s or 2 GB or ends without a
sentence.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from segstudio.errors import UserError
from segstudio.worker.client import Reader

SECONDS, MEGABYTES = 10.0, 2048
HERE = Path(__file__).resolve().parents[1]


def files(data: Path | None, made: Path) -> Iterator[tuple[str, Path]]:
    """Name in the table, and file."""
    sys.path.insert(0, str(HERE / "tests" / "io"))
    hostile_files = import_module("hostile_files")

    made.mkdir()
    hostile_files.make(made)
    for path in sorted(made.iterdir()):
        if (path.is_file() or path.suffix == ".zarr") and not path.name.startswith("whole."):
            yield f"made/{path.name}", path
    if data is None:
        return
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.suffix != ".csv":
            yield str(path.relative_to(data)), path


def peak(process: int) -> float:
    """Megabytes a process held at most (Linux)."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    rows, bad, slowest, largest = [], [], 0.0, 0.0
    with tempfile.TemporaryDirectory() as scratch:
        for name, path in files(options.data, Path(scratch) / "made"):
            with Reader() as reader:
                start = time.perf_counter()
                try:
                    info, _ = reader.image(path)
                    said = f"opened: {' × '.join(map(str, (*info.shape, info.channels)))} {info.dtype}"
                except UserError as error:
                    said = error.sentence
                    if not (error.what and error.why and error.hint):
                        bad.append(name)
                seconds = time.perf_counter() - start
                process = reader._client._process
                memory = peak(process.pid) if process is not None else 0.0
            slowest, largest = max(slowest, seconds), max(largest, memory)
            if seconds > SECONDS or memory > MEGABYTES:
                bad.append(name)
            rows.append(f"| {name} | {said.replace('|', '/')} | {seconds:.1f} | {memory:.0f} |")
    print("# Hostile files\n")
    print("Made by `scripts/hostile_table.py --data ../shared/data/hostile`. Each file was opened by a reader process")
    print("of its own, as the program does it; the seconds hold its start, the megabytes are its peak.\n")
    print(f"{len(rows) - len(bad)} of {len(rows)} were handled: a clear sentence or a picture, the slowest in")
    print(f"{slowest:.1f} s, with at most {largest:.0f} MB.\n")
    print("| file | what was said | s | MB |\n|---|---|---|---|")
    print("\n".join(rows))
    if bad:
        print("not handled: " + ", ".join(bad), file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
