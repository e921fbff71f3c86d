"""Plugins bring networks that work like the built-in ones; none runs that was not installed, or that changed since."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from segstudio import plugins, settings
from segstudio.cli.main import run
from segstudio.errors import UserError
from segstudio.models.contract import failures
from segstudio.models.network import build
from segstudio.models.plugged import specs_of
from segstudio.models.registry import MODELS, find, networks
from segstudio.models.weights import load, save

EXAMPLE = Path(__file__).parents[2] / "plugins" / "attention_unet"
CLASSES = (("background", "#000000"), ("cell", "#ff0000"))
Make = Callable[..., Path]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SEGSTUDIO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a plugin with one network: its manifest's [[networks]] rows and its code."""

    def made(rows: str = "", code: str = "", head: str = "") -> Path:
        folder = tmp_path / "strange"
        folder.mkdir(exist_ok=True)
        head = head or 'id = "strange"\nname = "Strange"\nversion = "1"\nsummary = "S."\n'
        row = '[[networks]]\nid = "strange"\ntitle = "Strange"\nsummary = "S."\nfactory = "model:make"\n'
        (folder / "manifest.toml").write_text(head + (rows or row))
        (folder / "model.py").write_text(code or "from torch import nn\ndef make(c, k): return nn.Conv2d(c, k, 1)\n")
        return folder

    return made


@pytest.mark.parametrize("name", [*MODELS, "attention_unet"])
def test_every_network_keeps_what_networks_promise(name: str, home: Path) -> None:
    spec = MODELS.get(name) or specs_of(plugins.read(EXAMPLE))[0]
    assert not list(failures(spec))


def test_an_installed_network_is_built_stored_and_read_like_any_other(home: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError):
        find("attention_unet")
    plugins.install(plugins.read(EXAMPLE))
    assert "attention_unet" in networks() and "attention_unet" in settings.networks()
    assert settings.Settings().with_(network="attention_unet").network == "attention_unet"
    network = build("attention_unet", 3, CLASSES, find("attention_unet").presets["light"])
    save(network, tmp_path / "m.safetensors")
    assert load(tmp_path / "m.safetensors").card.options == {"width": 8, "depth": 3}
    plugins.remove("attention_unet")
    with pytest.raises(UserError, match="no network"):
        load(tmp_path / "m.safetensors")
    assert not (home / "plugins" / "attention_unet").exists()


def test_a_plugin_that_changed_since_it_was_installed_is_refused(home: Path) -> None:
    plugin = plugins.install(plugins.read(EXAMPLE))
    with (plugin.folder / "model.py").open("a") as file:
        file.write("raise SystemExit\n")
    with pytest.raises(UserError, match="not used"):
        plugin.load("model:AttentionUNet")
    assert plugins.found()[0] == [] and "changed" in plugins.found()[1][0]
    with pytest.raises(UserError) as caught:
        find("attention_unet")
    assert "changed since" in caught.value.why


def test_nothing_runs_before_it_is_needed_and_nothing_in_safe_mode(
    home: Path, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(code=f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    plugins.install(plugins.read(folder))
    assert "strange" in networks() and not (tmp_path / "ran").exists()
    monkeypatch.setenv(plugins.SAFE_MODE, "1")
    assert "strange" not in networks() and "strange" not in settings.networks()
    monkeypatch.delenv(plugins.SAFE_MODE)
    with pytest.raises(UserError, match="does not work"):
        build("strange", 1, CLASSES)
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1 / 0\n", "division by zero"),
        ("def other(): ...\n", "make"),
        ("def make(c, k): raise RuntimeError('no')\n", "no"),
        ("def make(c, k): return 3\n", "stride"),
        ("from torch import nn\ndef make(c, k): return nn.Conv1d(c, k, 1)\n", "stride"),
    ],
)
def test_code_that_fails_is_told_with_the_plugins_name(home: Path, make: Make, code: str, why: str) -> None:
    plugins.install(plugins.read(make(code=code)))
    with pytest.raises(UserError) as caught:
        build("strange", 1, CLASSES)
    assert "Strange" in caught.value.what and why in caught.value.why


def test_a_network_that_breaks_a_promise_is_found_out(home: Path, make: Make) -> None:
    code = (
        "import torch\nfrom torch import nn\nclass make(nn.Module):\n    stride = 2\n"
        "    def __init__(self, c, k):\n        super().__init__()\n        self.a = nn.Conv2d(c, k, 1)\n"
        "        self.b = nn.Conv2d(c, k, 1)\n    def forward(self, x): return self.a(x){cut}\n"
    )
    spec = specs_of(plugins.read(make(code=code.format(cut=""))))[0]
    assert any("no gradient" in sentence for sentence in failures(spec))
    spec = specs_of(plugins.read(make(code=code.format(cut="[..., 1:]"))))[0]
    assert any("gave" in sentence for sentence in failures(spec))


@pytest.mark.parametrize(
    "rows",
    [
        '[[networks]]\nid = "unet"\ntitle = "U"\nsummary = "S."\nfactory = "model:make"\n',
        '[[networks]]\nid = "strange"\ntitle = "U"\nsummary = "S."\nfactory = "../../evil:make"\n',
        '[[networks]]\nid = "strange"\n',
        '[[networks]]\nid = "strange"\ntitle = "U"\nsummary = "S."\nfactory = "m:f"\noptions = 3\n',
        '[[networks]]\nid = "strange"\ntitle = "U"\nsummary = "S."\nfactory = "m:f"\n[networks.options.a]\ndefault = 1\n',
        '[[networks]]\nid = "strange"\ntitle = "U"\nsummary = "S."\nfactory = "m:f"\n[networks.presets.light]\na = 1\n',
        "networks = 5\n",
        "networks = [[[",
    ],
)
def test_a_bad_row_is_refused_and_disturbs_nobody(home: Path, make: Make, rows: str) -> None:
    folder = make(rows)
    with pytest.raises(UserError):
        specs_of(plugins.read(folder))
    assert run(["plugins", "install", str(folder)]) == 1
    assert set(networks()) == set(MODELS)


def test_folders_that_are_no_plugins_are_refused(home: Path, make: Make, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no plugin"):
        plugins.read(tmp_path)
    with pytest.raises(UserError, match="cannot be the id"):
        plugins.read(make(head='id = "../x"\nname = "S"\nversion = "1"\nsummary = "S."\n'))
    folder = make()
    (folder / "link.py").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match="cannot be a plugin"):
        plugins.read(folder)


def test_the_command_line_checks_installs_lists_and_removes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plugins"]) == 0 and "No plugins" in capsys.readouterr().out
    assert run(["plugins", "check", str(EXAMPLE)]) == 0 and "works" in capsys.readouterr().out
    assert run(["plugins", "install", str(EXAMPLE)]) == 0
    capsys.readouterr()
    assert run(["plugins"]) == 0 and "Attention U-Net" in capsys.readouterr().out
    assert run(["models"]) == 0 and "attention_unet" in capsys.readouterr().out
    assert run(["plugins", "remove", "attention_unet"]) == 0
    assert run(["plugins", "remove", "attention_unet"]) == 1


def test_listing_networks_of_plugins_imports_no_torch(home: Path) -> None:
    plugins.install(plugins.read(EXAMPLE))
    code = "import sys; from segstudio.models.registry import networks; print(len(networks()), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(MODELS) + 1), "False"]


def test_an_update_replaces_all_files(home: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(EXAMPLE, newer)
    (newer / "old.txt").write_text("1")
    plugins.install(plugins.read(newer))
    (newer / "old.txt").unlink()
    folder = plugins.install(plugins.read(newer)).folder
    assert not (folder / "old.txt").exists() and len(plugins.found()[0]) == 1
