"""The shape of the tree: legends, small files, small functions, errors caught at the edges only."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.source_tree import PACKAGE, folders, modules, name, parsed

MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 60
# The edges: a request, a task, a command, a check of the doctor; nodes join them when there are workflows.
EDGES = (
    "homeport/runtime/http/",
    "homeport/runtime/tasks/",
    "homeport/entry/cli/",
    "homeport/features/operate/doctor/findings.py",
)
# Migrations are written once and never read from top to bottom again.
GENERATED = ("homeport/entry/migrations/versions/",)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for file in modules():
        for node in ast.walk(parsed(file)):
            if isinstance(node, Function):
                yield f"{name(file)}:{node.lineno} {node.name}", node


def test_every_folder_has_a_legend_of_one_sentence_and_nothing_else() -> None:
    wrong = []
    for folder in folders():
        legend = folder / "__init__.py"
        body = parsed(legend).body if legend.is_file() else []
        text = ast.get_docstring(parsed(legend)) if body else None
        if len(body) != 1 or not text or "\n" in text or not text.endswith("."):
            wrong.append(name(folder))
    assert wrong == []


def test_every_module_says_what_it_is_for() -> None:
    assert [name(file) for file in modules() if not ast.get_docstring(parsed(file))] == []


def test_files_are_short() -> None:
    lengths = {name(file): len(file.read_text(encoding="utf-8").splitlines()) for file in modules()}
    too_long = {
        file: lines
        for file, lines in lengths.items()
        if lines > MOST_LINES_OF_A_FILE and not file.startswith(GENERATED)
    }
    assert too_long == {}


def test_functions_are_short() -> None:
    too_long = {}
    for place, function in functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > MOST_LINES_OF_A_FUNCTION and not place.startswith(GENERATED):
            too_long[place] = lines
    assert too_long == {}


def test_everything_is_caught_at_the_edges_only() -> None:
    wrong = []
    for file in modules():
        for node in ast.walk(parsed(file)):
            if not isinstance(node, ast.ExceptHandler) or not _catches_everything(node) or _raises_on(node):
                continue
            if not name(file).startswith(EDGES):
                wrong.append(f"{name(file)}:{node.lineno}")
    assert wrong == []


def test_no_file_has_a_name_that_refuses_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "core", "common", "misc", "service", "services", "models"}
    assert [name(path) for path in PACKAGE.rglob("*") if path.stem in vague and path.suffix in ("", ".py")] == []


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException") for kind in kinds)


def _raises_on(handler: ast.ExceptHandler) -> bool:
    """Whether the handler only tidies up: its last word is a plain `raise`."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
