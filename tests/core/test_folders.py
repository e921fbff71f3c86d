"""Where things are kept that belong to the user and to no project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from segstudio.folders import HOME, cache_folder, config_file, data_folder


@pytest.fixture
def bases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without SEGSTUDIO_HOME, whose XDG folders lie in this one."""
    monkeypatch.delenv(HOME)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("DATA", "CACHE", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    return tmp_path


def test_one_variable_puts_all_into_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOME, str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine" and cache_folder() == tmp_path / "mine" / "cache"
    assert config_file("settings.json") == tmp_path / "mine" / "settings.json"


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are those of Linux")
class TestWithXdg:
    def test_each_kind_has_the_folder_of_the_platform(self, bases: Path) -> None:
        assert data_folder() == bases / "data" / "segstudio" and cache_folder() == bases / "cache" / "segstudio"
        assert config_file("settings.json") == bases / "config" / "segstudio" / "settings.json"

    @pytest.mark.parametrize("how", ["unset", "empty"])
    def test_without_a_word_they_are_the_usual_ones(
        self, bases: Path, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            monkeypatch.setenv(name, "") if how == "empty" else monkeypatch.delenv(name)
        home = bases / "home"
        assert data_folder() == home / ".local/share/segstudio" and cache_folder() == home / ".cache/segstudio"
        assert config_file("window.ini") == home / ".config/segstudio/window.ini"

    def test_settings_of_an_earlier_version_are_found_where_it_left_them(self, bases: Path) -> None:
        old = bases / "data" / "segstudio" / "settings.json"
        old.parent.mkdir(parents=True)
        old.write_text("{}")
        assert config_file("settings.json") == old
        assert config_file("window.ini") == bases / "config" / "segstudio" / "window.ini"
