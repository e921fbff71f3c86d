"""The commands: which there are, and how a failure is told."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from types import ModuleType

from segstudio import __version__
from segstudio.errors import UserError

COMMANDS = {
    "demo": "open the window on the bundled sample project",
    "info": "say what is in image files",
    "combine": "make channels of one image of several",
    "predict": "write masks for image files with a model",
    "baseline": "write masks for image files with a classical method",
    "train": "train or fine-tune a model on images and masks",
    "simulate": "measure how much annotation buys how much quality",
    "evaluate": "score masks against the truth",
    "export": "write a project's masks for another program",
    "import": "read masks that another program made",
    "models": "list networks and presets, or show what a model file says of itself",
    "replay": "train a model again from its receipt and compare the weights",
    "plugins": "list, check, install and remove plugins",
    "doctor": "say what this machine has and what is missing",
    "bench": "measure this machine, beside a raw floor",
}
"""Each is a module of this package with `add_arguments(parser)` and `run(options) -> int`."""


def run(arguments: list[str]) -> int:
    """Run a command; 0 is good, 1 failed with one sentence on stderr, 2 wrong usage."""
    try:
        if not arguments or arguments[0] not in COMMANDS:
            return _window(arguments)
        options = _parse(arguments)
        code: int = module_of(options.command).run(options)
        return code
    except UserError as error:
        print(f"segstudio: {error.sentence}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("segstudio: stopped.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stderr.close()
        return 1


def _window(arguments: list[str]) -> int:
    """`segstudio [PATH...]`: the window on images, a folder or a project."""
    parser = argparse.ArgumentParser(
        prog="segstudio", usage="segstudio [options] [PATH ...]\n       segstudio COMMAND ...", epilog=_overview(),
        formatter_class=argparse.RawDescriptionHelpFormatter, description="Open the window, or run a command.",
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"segstudio {__version__}")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="images, a folder of images, or a project")
    parser.add_argument("--offscreen", metavar="PNG", help="render the window without a display, save it and end")
    parser.add_argument("--safe-mode", action="store_true", help="start without plugins")
    options = parser.parse_args(arguments)
    if options.safe_mode:
        from segstudio.plugins import SAFE_MODE

        os.environ[SAFE_MODE] = "1"
    from segstudio.cli.window import open_window

    return open_window(options.paths, offscreen=options.offscreen)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="segstudio")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if arguments[0] == name:  # import only what is asked for
            module_of(name).add_arguments(sub)
    return parser.parse_args(arguments)


def module_of(name: str) -> ModuleType:
    """The module of a command; "import" is a word of the language."""
    return import_module(f"segstudio.cli.{'import_' if name == 'import' else name}")


def _overview() -> str:
    rows = "\n".join(f"  {name:<10} {summary}" for name, summary in COMMANDS.items())
    return f"commands (segstudio COMMAND --help says more):\n{rows}"
