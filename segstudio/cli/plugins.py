"""`segstudio plugins`: list, check, install and remove plugins."""

from __future__ import annotations

import argparse
from pathlib import Path

from segstudio import plugins
from segstudio.errors import UserError
from segstudio.models.plugged import specs_of
from segstudio.plugins import Plugin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", nargs="?", choices=("install", "remove", "check"),
        help="install a folder, remove by id, or check a folder; nothing lists what is installed",
    )  # fmt: skip
    parser.add_argument("what", nargs="?", metavar="FOLDER|ID")


def run(options: argparse.Namespace) -> int:
    if options.action and not options.what:
        raise UserError(f"There is nothing to {options.action}.", hint="Name a folder, or an id to remove.")
    if options.action == "remove":
        plugins.remove(options.what)
        print(f"{options.what} is removed.")
    elif options.action:
        plugin = plugins.read(Path(options.what))
        specs_of(plugin)
        if options.action == "install":
            plugin = plugins.install(plugin)
        else:
            _check(plugin)
        print(_told(plugin))
    else:
        good, bad = plugins.found()
        print("\n".join([*map(_told, good), *bad]) or f"No plugins are installed in {plugins.place()}.")
    return 0


def _told(plugin: Plugin) -> str:
    networks = ", ".join(spec.title for spec in specs_of(plugin)) or "nothing"
    head = f"{plugin.id} {plugin.version}: {plugin.summary}"
    return f"{head}\n  brings {networks}; sha256 {plugin.digest[:16]}…; {plugin.folder}"


def _check(plugin: Plugin) -> None:
    """Run the plugin's code once, as a training would. Raises UserError naming what is broken."""
    from segstudio.models.contract import failures

    for spec in specs_of(plugin):
        if broken := list(failures(spec)):
            raise UserError(f"{spec.title} breaks a promise.", why=f"{'; '.join(broken).capitalize()}.")
    print("Everything a network must do works.")
