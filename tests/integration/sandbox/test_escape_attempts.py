"""Attempts to get out, as every kind of user: all are held, and each layer is seen to be the one that holds."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.support.sandbox_attempts import ATTEMPTS, CALLS, SOLE, Attempt, table
from tests.support.sandbox_harness import WAYS
from tests.support.sandbox_server import container_command, require_linux
from tests.support.source_tree import ROOT

pytestmark = [pytest.mark.timeout(600), pytest.mark.process]

_USER = 10001
#: Who tries: with what number, and whether the kernel refuses namespaces as under a container engine.
IDENTITIES = {
    "root": (0, False),
    "root without namespaces": (0, True),
    "user": (_USER, False),
    "bare": (_USER, True),
}
if container_command() is not None:
    IDENTITIES["container"] = (os.geteuid(), False)
_BY_NAME = {attempt.name: attempt for attempt in ATTEMPTS}
_COLUMN = {"x86_64": 0, "aarch64": 1}


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """The harness and the package where every user can read them."""
    require_linux()
    with tempfile.TemporaryDirectory(prefix="homeport-harness-", dir="/var/tmp") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "sandbox" / "homeport_sandbox", folder / "homeport_sandbox")
        shutil.copy(ROOT / "tests" / "support" / "sandbox_harness.py", folder)
        subprocess.run(["chmod", "-R", "a+rX", name], check=True)
        yield folder / "sandbox_harness.py"


@pytest.fixture(scope="module")
def tried(program: Path) -> Any:
    """What came of all attempts, by identity; each is tried when it is first asked for."""

    kept: dict[str, Any] = {}

    def of(identity: str) -> dict[str, Any]:
        if identity not in kept:
            try:
                kept[identity] = _try_as(identity, program)
            except (AssertionError, subprocess.TimeoutExpired, Skipped, Failed) as error:
                kept[identity] = error
        if isinstance(kept[identity], BaseException):
            raise kept[identity]
        found: dict[str, Any] = kept[identity]
        return found

    return of


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
@pytest.mark.parametrize("identity", IDENTITIES)
def test_the_attempt_is_held(tried: Any, identity: str, attempt: Attempt) -> None:
    told = tried(identity)
    _skip_where_it_is_not_promised(attempt, told)
    for way in _ways(attempt):
        came = told[way]["results"][attempt.name]
        assert came["tried"], (way, came)
        assert not came["escaped"], (way, came)
        # An attempt that is broken is not held.
        assert "Error" not in came["stderr"] or came["status"] < 0, (way, came)


@pytest.mark.parametrize(("layer", "name", "identity"), SOLE)
def test_the_attempt_succeeds_with_only_its_layer_off(tried: Any, layer: str, name: str, identity: str) -> None:
    told = tried(identity)
    if identity in ("root", "user") and told["level"] != "isolated":
        pytest.skip(f"this machine allows {identity} no namespaces: {told['level']}")
    for way in _ways(_BY_NAME[name]):
        came = told[way]["switched"][f"{layer}: {name}"]
        assert came["tried"], (way, came)
        assert came["escaped"], (way, came)


@pytest.mark.parametrize("identity", IDENTITIES)
def test_every_user_is_given_back(tried: Any, identity: str) -> None:
    told = tried(identity)
    for way in WAYS:
        assert told[way]["users_free"] == told[way]["users"], way


def test_the_threats_page_lists_the_attempts() -> None:
    page = (ROOT / "docs" / "build" / "sandbox-threats.md").read_text(encoding="utf-8")
    assert table() in page
    assert {layer for layer, _, _ in SOLE} <= {cell for row in table().splitlines() for cell in row.split(" | ")[2:3]}


def test_there_are_as_many_attempts_as_promised() -> None:
    assert len(_BY_NAME) == len(ATTEMPTS)
    assert sum(attempt.established for attempt in ATTEMPTS) >= 47
    assert sum(not attempt.established for attempt in ATTEMPTS) >= 30


def _skip_where_it_is_not_promised(attempt: Attempt, told: dict[str, Any]) -> None:
    if attempt.machine and attempt.machine != platform.machine():
        pytest.skip(f"only {attempt.machine} has it")
    if attempt.language == "nodejs" and not told["node"]:
        pytest.skip("Node.js is not installed where everybody can read it")
    if attempt.since == "isolated" and told["level"] != "isolated":
        pytest.skip("promised with namespaces only")
    if attempt.needs_own_user and not told["own_user"]:
        pytest.skip("promised where each run is a user of its own only")


def _try_as(identity: str, program: Path) -> dict[str, Any]:
    uid, bare = IDENTITIES[identity]
    wanted = [attempt for attempt in ATTEMPTS if attempt.machine in ("", platform.machine())]
    switches = [(layer, _BY_NAME[name]) for layer, name, who in SOLE if who == identity]
    plan = {
        "bare": bare,
        "attempts": [_described(attempt) for attempt in wanted],
        "switches": [{"layer": layer, "attempt": _described(attempt)} for layer, attempt in switches],
    }
    environment = {"PATH": os.environ["PATH"], "SECRET": "canary5f1c-b7d09e"}
    done = subprocess.run(
        _in_container(program) if identity == "container" else _as_user(uid, program),
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ) if identity == "container" else environment,
        cwd="/",
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _as_user(uid: int, program: Path) -> list[str]:
    # Runs of root become other users, who must be able to read the interpreter as well.
    python = _python(tuple(_become(_USER)))
    return [*_become(uid), python, str(program), str(program.parent)]


def _in_container(program: Path) -> list[str]:
    """With the image's own interpreter and the package as it is here."""
    folder = str(program.parent)
    options = (f"--volume={folder}:{folder}:ro", "--env=SECRET=canary5f1c-b7d09e", "--env=PYTHONPATH=")
    command = container_command(*options, "--entrypoint=/opt/sandbox/bin/python3")
    assert command is not None
    return [*command, str(program), folder]


def _ways(attempt: Attempt) -> list[str]:
    """In a process made for it, and in one that has waited for it where one may."""
    waits = attempt.language == "python3" and not attempt.network
    return [way for way, waiting in WAYS.items() if waits or not waiting]


def _described(attempt: Attempt) -> dict[str, Any]:
    calls = {name: numbers[_COLUMN[platform.machine()]] for name, numbers in CALLS.items()}
    return {**asdict(attempt), "calls": calls}


def _become(uid: int) -> list[str]:
    if os.geteuid() == uid:
        return []
    if os.geteuid() != 0:
        if uid == 0:
            pytest.skip("these tests do not run as root")
        return []  # an ordinary user is one already
    if shutil.which("setpriv") is None:
        pytest.skip("the program setpriv (util-linux) is not installed")
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


@cache
def _python(become: tuple[str, ...]) -> str:
    """An interpreter that the user can read: the one of these tests may lie in somebody's home."""
    # It has to be able to start itself: a change of user may leave the first start more rights than the next.
    check = (
        "import subprocess, sys; sys.exit(sys.version_info < (3, 11) or subprocess.call([sys.executable, '-c', '']))"
    )
    for candidate in (str(Path(sys.executable).resolve()), "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            if subprocess.run([*become, candidate, "-c", check], check=False, capture_output=True).returncode == 0:
                return candidate
        except OSError:
            continue
    text = f"no Python 3.11 or newer is installed where user {_USER} can read it"
    if os.environ.get("CI") == "true":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)
