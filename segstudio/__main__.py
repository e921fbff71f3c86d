"""`segstudio`: the command line, which opens the window when it is given no command."""

from __future__ import annotations

import sys


def main() -> int:
    from segstudio.cli.main import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
