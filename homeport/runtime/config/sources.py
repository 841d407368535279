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
        own = os.environ if environment is None else environment
        # What stands first wins.
        self._layers = (_layer(own, "environment"), _layer(_read_file(env_file), f"file {env_file}"))

    def get(self, name: str) -> Value | None:
        """The value of variable `name`, or None when it is unset or empty.

        An unreadable secret file raises OSError or UnicodeDecodeError.
        """
        for layer in self._layers:
            if name in layer:
                return layer[name]
            secret = layer.get(f"{name}_FILE")
            if secret is not None:
                text = Path(secret.text).read_text(encoding="utf-8").strip()
                return Value(text, f"file {secret.text} (named by {name}_FILE)") if text else None
        return None

    def with_prefix(self, prefix: str) -> Iterator[tuple[str, Value]]:
        """Every set variable whose name starts with `prefix`, as it stands: `NAME_FILE` with its path."""
        seen: set[str] = set()
        for layer in self._layers:
            for name, value in layer.items():
                if name.startswith(prefix) and name not in seen:
                    seen.add(name)
                    yield name, value


def _layer(values: Mapping[str, str | None], origin: str) -> dict[str, Value]:
    return {name: Value(text, origin) for name, text in values.items() if text}


def _read_file(env_file: Path | None) -> dict[str, str | None]:
    if env_file is None or not env_file.is_file():
        return {}
    try:
        return dotenv_values(env_file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"The file {env_file} cannot be read: {error}."]) from error
