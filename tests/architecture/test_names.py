"""One word, one thing: no two classes have the same name."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_two_classes_have_one_name() -> None:
    where = defaultdict(list)
    for path in sorted((ROOT / "segstudio").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                where[node.name].append(path.relative_to(ROOT).as_posix())
    assert not {name: files for name, files in where.items() if len(files) > 1}
