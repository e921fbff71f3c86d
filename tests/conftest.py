"""What all tests share: an offscreen platform, folders of their own, and the real data where it is there."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Where tests run beside each other, two threads of one wait for those of the other longer than they compute.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")

import pytest

ROOT = Path(__file__).parents[1]
BESIDE_OTHERS = "PYTEST_XDIST_WORKER" in os.environ


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test marked `alone` measures time: no other test of the run goes on beside it."""
    alone = item.get_closest_marker("alone") is not None
    with _room(alone) if BESIDE_OTHERS else nullcontext():
        return (yield)


@contextmanager
def _room(alone: bool) -> Iterator[None]:
    """Be in the room with others or alone. Whoever waits to be alone holds the door, so that nobody comes in before.

    The locks are on files that are there anyway; they go with the process.
    """
    import fcntl

    with (ROOT / "pyproject.toml").open() as door, Path(__file__).open() as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


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
