"""How large a file, a function and a class may be, and that modules know each other in one direction only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "segstudio").rglob("*.py"))
LINES, FUNCTION, METHODS = 300, 40, 12

LONG_FILES = {
    "core/document.py": "the document is the one place through which a project changes",
    "learning/predict.py": "one pass over tiles, with its overlap, its order and its sums",
    "learning/quick.py": "the quick head, its features and its fit are read together",
    "ui/canvas/scene_view.py": "where everything that is seen meets: image, masks, bars and shapes",
    "ui/compute/job.py": "a job and its queue: loading, fetching, running and the end",
    "ui/learning/predicting.py": "the queue of predictions",
    "ui/learning/training.py": "from gathering regions to the gate",
    "ui/pixels/on_demand_source.py": "what is read, what waits and what is kept of one large image",
    "ui/session/session.py": "what is shown and what is painted with",
    "worker/messages.py": "every message of the wire, a few lines each",
}
"""Files of more than 300 lines (none of more than 400), and why."""

LONG_FUNCTIONS = {
    "core/spans.py:swept_disc": "one formula",
    "io/nifti.py:read_header": "one header from top to bottom",
    "io/tiff/reader.py:plan_of": "one table of cases",
    "learning/simulate/chart.py:svg": "one drawing",
}
"""Functions of more than 40 lines (none of more than 50), and why."""

WIDE_CLASSES = {
    "Document": "a verb for each change that undo knows",
    "MainWindow": "it is the desk: a method for each word that commands have for the window",
    "SceneView": "what the canvas and several views ask of a view",
    "Tool": "the protocol that every tool has, each name with a default",
    "Session": "what is shown and what is painted with",
}
"""Classes of more than 12 public methods, and why."""


def name(path: Path) -> str:
    return path.relative_to(ROOT / "segstudio").as_posix()


def is_public_method(node: ast.AST) -> bool:
    """Properties are values, and names in camel case are Qt's."""
    if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or node.name != node.name.lower():
        return False
    return not any("property" in ast.unparse(d) or ast.unparse(d).endswith(".setter") for d in node.decorator_list)


def test_no_file_is_too_long() -> None:
    found = {name(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {path: lines for path, lines in found.items() if lines > (400 if path in LONG_FILES else LINES)}


def test_no_function_is_too_long() -> None:
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                where = f"{name(path)}:{node.name}"
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > (50 if where in LONG_FUNCTIONS else FUNCTION):
                    long[where] = lines
    assert not long


def test_no_class_has_too_many_public_methods() -> None:
    wide = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name not in WIDE_CLASSES:
                count = sum(is_public_method(part) for part in node.body)
                if count > METHODS:
                    wide[node.name] = count
    assert not wide


def test_exceptions_go_when_they_are_no_longer_needed() -> None:
    lines = {name(path): len(path.read_text().splitlines()) for path in SOURCES}
    assert not [path for path in LONG_FILES if lines.get(path, 0) <= LINES]
    functions, classes = {}, {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                functions[f"{name(path)}:{node.name}"] = (node.end_lineno or 0) - node.lineno + 1
            elif isinstance(node, ast.ClassDef):
                classes[node.name] = sum(is_public_method(part) for part in node.body)
    assert not [where for where in LONG_FUNCTIONS if functions.get(where, 0) <= FUNCTION]
    assert not [which for which in WIDE_CLASSES if classes.get(which, 0) <= METHODS]


# --- circles --------------------------------------------------------------------------------------------------

ONLY_NAMED = {
    ("segstudio.core.class_use", "segstudio.core.document"),
    ("segstudio.ui.canvas.drags", "segstudio.ui.canvas.view"),
    ("segstudio.ui.session.editing", "segstudio.ui.session.session"),
    ("segstudio.ui.session.proposals", "segstudio.ui.session.session"),
}
"""(module, other): the first names the other's class in types only, because it is a part of it in a file of its own."""


def modules() -> dict[str, Path]:
    found = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in SOURCES}
    return {module.removesuffix(".__init__"): path for module, path in found.items()}


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Modules of ours that a file names: at once, when a function is called, or for its types only."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            for part in node.names:
                inside = f"{node.module}.{part.name}"
                yield inside if inside in known else node.module
        elif isinstance(node, ast.Import):
            yield from (part.name for part in node.names)


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules()
    graph = {
        module: {other for other in imports(path, known) if other in known and (module, other) not in ONLY_NAMED}
        for module, path in known.items()
    }
    for module, others in graph.items():
        others.discard(module)
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
