"""`segstudio bench large` does the whole work and sees the memory of all processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segstudio.cli.bench_large import run
from segstudio.ui.bench import large


def test_all_stages_are_worked_through(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], qapp: object
) -> None:
    monkeypatch.setenv("SEGSTUDIO_HOME", str(tmp_path))
    monkeypatch.setattr(large, "STROKES", 2)
    assert run(700) == 0
    said = capsys.readouterr().out
    assert "700 x 700" in said and "predict all of it" in said and "export the mask as GeoTIFF" in said


def test_shared_memory_counts_once() -> None:
    hog = "import sys; b = bytearray(60_000_000); print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hog], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in list(large.family(os.getpid()))
        assert 60_000_000 < large.proportional(child.pid) < 120_000_000
        child.communicate()
    assert large.proportional(child.pid) == 0
