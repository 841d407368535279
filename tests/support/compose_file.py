"""Docker Compose files as Compose reads them: merged, with variables in their places, for the chosen profiles.

`python -m tests.support.compose_file deploy/compose/docker-compose.yaml --env .env` prints one flat file, which engines
without profiles, included files or optional dependencies understand.
"""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

Tree = dict[str, Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class MissingVariable(Exception):
    """A variable that must be set is not; the text is what Compose shows after its name."""


def load(path: Path) -> Tree:
    """The file with its merge keys expanded, and the files it includes added."""
    tree: Tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    for included in tree.pop("include", []):
        other = load(path.parent / included)
        for section in ("services", "networks", "volumes"):
            if section in other:
                tree.setdefault(section, {}).update(other[section])
    return {section: value for section, value in tree.items() if not section.startswith("x-")}


def interpolate(value: Any, environment: Mapping[str, str]) -> Any:
    """`value` with each `${NAME}`, `${NAME:-default}` and `${NAME:?reason}` replaced; raises `MissingVariable`."""
    if isinstance(value, dict):
        return {key: interpolate(one, environment) for key, one in value.items()}
    if isinstance(value, list):
        return [interpolate(one, environment) for one in value]
    return _text(value, environment) if isinstance(value, str) else value


def variables(value: Any) -> Iterator[tuple[str, str, str]]:
    """Every variable that `value` names: its name, `:-`, `:?` or nothing, and the default or reason."""
    if isinstance(value, dict):
        for one in value.values():
            yield from variables(one)
    elif isinstance(value, list):
        for one in value:
            yield from variables(one)
    elif isinstance(value, str):
        for _, found in _parts(value):
            if found is not None:
                yield found
                yield from variables(found[2])


def active(tree: Tree, profiles: set[str]) -> Tree:
    """The services of these profiles, each with the dependencies that are among them.

    Raises KeyError for a dependency that is required and not among them.
    """
    chosen = {
        name: dict(service)
        for name, service in tree["services"].items()
        if not service.get("profiles") or profiles.intersection(service["profiles"])
    }
    for name, service in chosen.items():
        if "depends_on" in service:
            service["depends_on"] = dict(_dependencies(name, service["depends_on"], chosen))
    return {**tree, "services": chosen}


def _dependencies(name: str, given: Any, chosen: Tree) -> Iterator[tuple[str, Tree]]:
    listed = given if isinstance(given, dict) else {other: {"condition": "service_started"} for other in given}
    for other, terms in listed.items():
        if other in chosen:
            yield other, {"condition": terms["condition"]}
        elif terms.get("required", True):
            raise KeyError(f"{name} depends on {other}, which is not started")


def read_env(text: str) -> dict[str, str]:
    """The variables of an env file; later lines see earlier ones, as in Compose."""
    return {key: value or "" for key, value in dotenv_values(stream=io.StringIO(text), interpolate=True).items()}


def profiles_of(environment: Mapping[str, str]) -> set[str]:
    """What COMPOSE_PROFILES says."""
    return {profile for profile in environment.get("COMPOSE_PROFILES", "").split(",") if profile}


def _text(text: str, environment: Mapping[str, str]) -> str:
    done = ""
    for literal, found in _parts(text):
        done += literal
        if found is not None:
            name, kind, rest = found
            value = environment.get(name, "")
            if kind == ":?" and not value:
                raise MissingVariable(f"{name}: {rest}")
            done += value or (_text(rest, environment) if kind == ":-" else "")
    return done


def _parts(text: str) -> Iterator[tuple[str, tuple[str, str, str] | None]]:
    """Literal text, and the variable that follows it."""
    literal, at = "", 0
    while at < len(text):
        if text.startswith("$$", at):
            literal, at = literal + "$", at + 2
        elif text.startswith("${", at):
            end = _closing(text, at + 2)
            yield literal, _variable(text[at + 2 : end])
            literal, at = "", end + 1
        elif text[at] == "$":
            raise ValueError(f"a single $ in {text!r}; accepted are $$ for the sign itself and ${{NAME}}")
        else:
            literal, at = literal + text[at], at + 1
    yield literal, None


def _closing(text: str, start: int) -> int:
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError(f"a brace is not closed in {text!r}")


def _variable(inner: str) -> tuple[str, str, str]:
    name = _NAME.match(inner)
    assert name is not None, inner
    rest = inner[name.end() :]
    assert rest == "" or rest[:2] in (":-", ":?"), f"{inner!r} is a form that not every Compose knows"
    return name[0], rest[:2], rest[2:]


def escape(value: Any) -> Any:
    """The opposite of `interpolate` for text without variables: each `$` doubled."""
    if isinstance(value, dict):
        return {key: escape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [escape(one) for one in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def numbered(tree: Tree) -> Tree:
    """The same with numbers where Compose makes numbers of text."""
    for service in tree["services"].values():
        limits = service.get("ulimits", {})
        for name, limit in limits.items():
            limits[name] = {key: int(value) for key, value in limit.items()}
    return tree


def flat(path: Path, environment: Mapping[str, str]) -> Tree:
    """One file that any Compose understands, with the services of COMPOSE_PROFILES."""
    tree: Tree = active(interpolate(load(path), environment), profiles_of(environment))
    for service in tree["services"].values():
        service.pop("profiles", None)
        service.get("deploy", {}).get("resources", {}).get("limits", {}).pop("pids", None)
    return tree


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--env", type=Path, required=True)
    given = parser.parse_args()
    tree = flat(given.file, read_env(given.env.read_text(encoding="utf-8")))
    print(yaml.safe_dump(escape(tree), sort_keys=False))
