"""A `.env` file line by line: what is set, where it stands, and what is no assignment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import parse_stream

from homeport.runtime.config.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What stands in one file. Of a name that stands twice the last value counts."""

    path: Path
    #: Without empty ones, which count as not set.
    values: dict[str, str]
    #: Numbers of the lines in which each name stands, from 1.
    lines: dict[str, list[int]]
    #: Numbers of lines that are neither an assignment nor a comment.
    unreadable: list[int]


def read_env_file(path: Path, *, required: bool = True) -> EnvFile:
    """Raises `ConfigurationError` when the file cannot be read, also when there is none and it is `required`."""
    values: dict[str, str | None] = {}
    lines: defaultdict[str, list[int]] = defaultdict(list)
    unreadable = []
    try:
        with path.open(encoding="utf-8") as stream:
            for binding in parse_stream(stream):
                number = binding.original.line + _blank_lines(binding.original.string)
                if binding.error or (binding.key is not None and binding.value is None):
                    unreadable.append(number)
                elif binding.key is not None:
                    values[binding.key] = binding.value
                    lines[binding.key].append(number)
    except FileNotFoundError as error:
        if required:
            raise ConfigurationError([f"There is no file {path}."]) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"The file {path} cannot be read: {error}."]) from error
    return EnvFile(path, {name: text for name, text in values.items() if text}, dict(lines), unreadable)


def _blank_lines(statement: str) -> int:
    """The parser counts empty lines before a statement to the statement."""
    return len(statement) - len(statement.lstrip("\r\n")) if statement.strip() else 0
