"""Where values come from: a `.env` file, the process environment, secret files. The later of these wins.

An empty text counts as unset. `NAME_FILE=/path` gives the value of `NAME` from a file, as container secrets do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from homeport.runtime.config.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Value:
    """A raw text and the place it was found, in words for a person."""

    text: str
    origin: str


class Sources:
    """All raw values of this process, looked up by variable name."""

    def __init__(self, environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> None:
        """Read `env_file` (nothing when it is absent or None) under `environment` (the process' own by default)."""
        self._values: dict[str, Value] = {}
        for name, text in _read_file(env_file).items():
            if text:
                self._values[name] = Value(text, f"file {env_file}")
        for name, text in (os.environ if environment is None else environment).items():
            if text:
                self._values[name] = Value(text, "environment")

    def get(self, name: str) -> Value | None:
        """The value of variable `name`, or None when it is unset or empty. An unreadable secret file raises OSError."""
        found = self._values.get(name)
        if found is not None:
            return found
        secret = self._values.get(f"{name}_FILE")
        if secret is None:
            return None
        text = Path(secret.text).read_text(encoding="utf-8").strip()
        return Value(text, f"file {secret.text} (named by {name}_FILE)") if text else None

    def with_prefix(self, prefix: str) -> Iterator[tuple[str, Value]]:
        """Every set variable whose name starts with `prefix`."""
        for name, value in self._values.items():
            if name.startswith(prefix):
                yield name, value


def _read_file(env_file: Path | None) -> dict[str, str | None]:
    if env_file is None or not env_file.is_file():
        return {}
    try:
        return dotenv_values(env_file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"The file {env_file} cannot be read: {error}."]) from error
