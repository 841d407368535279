"""Imports go down, stand at the top, and bring nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source_tree import ROOT, modules, name, parsed

# A command loads what it needs when it runs; a driver, its SDK.
MAY_IMPORT_LATE = ("homeport/entry/cli/",)
HEAVY = (
    *("celery", "redis", "gunicorn", "asyncpg", "asyncmy", "openai", "moto", "IPython"),
    *("numpy", "wordllama", "onnxruntime"),
    *("pypdfium2", "mammoth", "pptx", "python_calamine", "markdownify"),
)

UNUSED_BY_AN_IDLE_WORKER = (
    *("fastapi", "starlette", "uvicorn", "httpx", "anyio", "uvloop"),
    *("opendal", "cryptography.hazmat.bindings._rust", "argon2"),
    *("sqlite3", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.mysql"),
)


def test_own_modules_are_imported_at_the_top() -> None:
    late = []
    for file in modules():
        if name(file).startswith(MAY_IMPORT_LATE):
            continue
        for function in ast.walk(parsed(file)):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            late += [f"{name(file)} in {function.name}" for node in ast.walk(function) if _is_own_import(node)]
    assert sorted(set(late)) == []


def test_imports_are_absolute() -> None:
    relative = [
        f"{name(file)}:{node.lineno}"
        for file in modules()
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert relative == []


def test_the_floors_and_slices_keep_their_order() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["homeport.entry.api", "homeport.entry.wiring", "homeport.entry.cli.main"])
def test_starting_loads_nothing_heavy(module: str) -> None:
    # What is installed for tests alone (rich) may be found by libraries that look for it; users have none of it.
    program = (
        "import sys\n"
        "sys.modules['rich'] = None\n"
        f"import {module}\n"
        f"print(*[name for name in {HEAVY!r} if sys.modules.get(name)])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_worker_that_waits_has_loaded_nothing_that_it_may_never_need() -> None:
    program = (
        "import sys\n"
        "import homeport.entry.worker\n"
        f"print(*[name for name in {UNUSED_BY_AN_IDLE_WORKER!r} if sys.modules.get(name)])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def _is_own_import(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == "homeport"
    return isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "homeport" for alias in node.names)
