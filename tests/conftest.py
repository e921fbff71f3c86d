"""What all tests share: an offscreen platform, folders of their own, and the real data where it is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Where tests run beside each other, two threads of one wait for those of the other longer than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images with ground truth; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("SEGSTUDIO_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real test images are not here ({folder})")
    return folder


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings and unnamed projects of a test never touch the user's own."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("SEGSTUDIO_HOME", str(home / "segstudio"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    yield
