"""Hostile files made once for all tests of this folder."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hostile_files", Path(__file__).with_name("hostile_files.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOSTILE = _load()


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of hostile_files.REFUSALS."""
    folder = tmp_path_factory.mktemp("hostile")
    HOSTILE.make(folder)
    return folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "refused" in metafunc.fixturenames:
        metafunc.parametrize("refused", sorted(HOSTILE.REFUSALS.items()), ids=lambda item: item[0])
