"""Everything that is wrong or without effect in a configuration, at once, without opening anything."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import create_model

from homeport.backends.storage import registry as storage
from homeport.backends.vectors import registry as vectors
from homeport.entry.fleet import check as check_mode
from homeport.entry.inspect_config.env_file import EnvFile
from homeport.entry.inspect_config.findings import Finding, shown
from homeport.entry.inspect_config.guess_name import is_default, is_probably_ours, unknown_in_words
from homeport.entry.known_settings import KnownSetting, check, find, sections
from homeport.entry.published_secrets import ADDRESSES, find_published
from homeport.entry.settings import Settings
from homeport.entry.settle_key import require_shared_key
from homeport.features.identity.master_key import find_master_key
from homeport.features.identity.settings import HOW_TO_MAKE_ONE
from homeport.runtime.config.errors import ConfigurationError
from homeport.runtime.config.load import load
from homeport.runtime.config.sources import Sources, Value
from homeport.runtime.errors import HomeportError

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+(?=[ :])")
_PLACEHOLDER = re.compile(r"\$\{\w+\}")
_DRIVERS = {"postgresql": ("asyncpg", "postgres"), "mysql": ("asyncmy", "mysql")}
_SHORTEST_KEY = 16
#: Files carry the settings of every store there is; what is said of the chosen one is enough.
_OF_ONE_STORE = ("Vector store: ", "File storage: ")


def find_faults(sources: Sources, env: EnvFile) -> tuple[list[Finding], Settings | None]:
    """What was found, and the settings when every value is accepted. `env` is the file that `sources` reads."""
    parts, refused = _load_each(sources)
    findings = [*_of_the_file(env), *refused, *_of_other_variables(sources), *_of_the_choices(parts)]
    if {"deployment", "database", "identity"} <= set(parts):
        findings += _of_the_key(Settings.model_construct(**parts))
    settings = None
    if len(parts) == len(Settings.model_fields):
        settings = Settings.model_construct(**parts)
        findings += _of_the_whole(settings)
    findings += [*_of_secrets(sources), *_of_names(env)]
    return sorted(findings, key=lambda one: one.state != "problem"), settings


def _load_each(sources: Sources) -> tuple[dict[str, Any], list[Finding]]:
    """Each section by itself: a wrong value in one hides nothing of another."""
    parts: dict[str, Any] = {}
    findings: list[Finding] = []
    for name, section in sections().items():
        tree: Any = create_model("Tree", **{name: (section, ...)})  # type: ignore[call-overload]
        try:
            parts[name] = getattr(load(tree, sources), name)
        except ConfigurationError as error:
            for sentence in error.problems:
                named = _VARIABLE.match(sentence)
                findings.append(Finding("problem", "not_accepted", sentence, named.group() if named else None))
    return parts, findings


def _of_the_file(env: EnvFile) -> Iterator[Finding]:
    for number in env.unreadable:
        yield Finding("problem", "no_assignment", f"Line {number} of {env.path} is no assignment: write NAME=value.")
    for name, lines in env.lines.items():
        if len(lines) > 1:
            numbers = f"{', '.join(map(str, lines[:-1]))} and {lines[-1]}"
            sentence = f"{name} stands in lines {numbers} of {env.path}: the last one counts."
            yield Finding("warning", "repeated", sentence, name)


def _of_other_variables(sources: Sources) -> Iterator[Finding]:
    """Variables that are recognised and change nothing here, and values with a placeholder in them."""
    published = find_published(sources)
    for name, value in sorted(sources.with_prefix("")):
        known = find(name)
        if known is None:
            continue
        placeholder = _PLACEHOLDER.search(value.text)
        if placeholder:
            told = f"{name} contains {placeholder.group()} (from {value.origin}), which is not replaced: write it out."
            yield Finding("warning", "placeholder", told, name)
        elif known.status != "works" and name not in published and not is_foreign(known, value):
            yield from _of_one_without_effect(known, value)


def is_foreign(known: KnownSetting, value: Value) -> bool:
    """The environment of a process has names of everybody; of those, only telling ones are looked at."""
    return value.origin == "environment" and (known.status == "elsewhere" or "_" not in known.name)


def _of_one_without_effect(known: KnownSetting, value: Value) -> Iterator[Finding]:
    wrong = check(known.name, value.text, value.origin)
    if wrong is not None:
        yield Finding("problem", "not_accepted", wrong, known.name)
    elif _is_missed(known) and not is_default(known, value.text):
        reason = (
            "nothing reads it any more"
            if known.status == "dead"
            else "the feature is not in this version, so it changes nothing"
        )
        sentence = f"{known.name} is {shown(known, value.text)} (from {value.origin}): {reason}. {known.note}".rstrip()
        yield Finding("warning", known.status, sentence, known.name)


def _is_missed(known: KnownSetting) -> bool:
    """Whether somebody who sets this expects something that does not come."""
    return known.status != "elsewhere" and not known.group.startswith(_OF_ONE_STORE)


def _of_the_choices(parts: dict[str, Any]) -> Iterator[Finding]:
    """Backends that are chosen and cannot be had: unknown, not there yet, or without their package."""

    def load_storage() -> None:
        storage.load_driver(*storage.choose(parts["storage"]))

    def load_vectors() -> None:
        vectors.load_driver(*vectors.choose(parts["vectors"]))

    for part, variable, attempt in (
        ("storage", "STORAGE_TYPE", load_storage),
        ("vectors", "VECTOR_STORE", load_vectors),
    ):
        if part in parts:
            yield from _attempted(attempt, "backend_unavailable", variable)
    if "database" in parts and parts["database"].kind in _DRIVERS:
        package, extra = _DRIVERS[parts["database"].kind]
        if importlib.util.find_spec(package) is None:
            sentence = (
                f"The database {parts['database'].kind} needs the package '{package}', which is not installed. "
                f"Install it: pip install 'homeport[{extra}]'."
            )
            yield Finding("problem", "backend_unavailable", sentence, "DB_TYPE")


def _of_the_whole(settings: Settings) -> Iterator[Finding]:
    mode = settings.deployment.mode
    if mode is not None:
        yield from _attempted(lambda: check_mode(settings, mode), "mode_impossible", "MODE")


def _of_the_key(settings: Settings) -> Iterator[Finding]:
    data_dir = settings.deployment.homeport_data_dir.expanduser().absolute()
    try:
        key = find_master_key(settings.identity, data_dir)
        if key is None and settings.deployment.mode not in (None, "migration"):
            require_shared_key(settings, data_dir)
    except HomeportError as error:
        yield Finding("problem", error.code, str(error), "SECRET_KEY")
        return
    if key is not None and len(key.secret) < _SHORTEST_KEY:
        sentence = (
            f"{key.origin} has {len(key.secret)} characters, so it can be guessed; "
            f"make a longer one with: {HOW_TO_MAKE_ONE}"
        )
        yield Finding("warning", "short_key", sentence, "SECRET_KEY")


def _of_secrets(sources: Sources) -> Iterator[Finding]:
    for name in find_published(sources):
        what = f"The password in {name}" if name in ADDRESSES else name
        sentence = f"{what} is printed in public sample files, so everybody knows it; change it."
        yield Finding("warning", "published_secret", sentence, name)


def _of_names(env: EnvFile) -> Iterator[Finding]:
    for name in sorted(env.lines):
        if is_probably_ours(name):
            sentence = f"{name} (from file {env.path}) {unknown_in_words(name)}"
            yield Finding("warning", "unknown", sentence if sentence.endswith("?") else f"{sentence}.", name)


def _attempted(attempt: Callable[[], None], code: str, variable: str) -> Iterator[Finding]:
    try:
        attempt()
    except HomeportError as error:
        yield Finding("problem", code, str(error), variable)
