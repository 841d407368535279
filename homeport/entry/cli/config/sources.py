"""What the commands of this group look at: a `.env` file under the environment of the process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from homeport.entry.inspect_config.env_file import EnvFile
    from homeport.runtime.config.sources import Sources

_USUAL = Path(".env")


def env_file_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--env-file`."""
    text = "Read this file instead of .env; the environment wins over it."
    return click.option("--env-file", type=click.Path(dir_okay=False, path_type=Path), help=text)(command)


def read(env_file: Path | None) -> tuple[Sources, EnvFile]:
    """All values, and the file by itself. Raises `ConfigurationError` when a file that was named is not there."""
    from homeport.entry.inspect_config.env_file import read_env_file
    from homeport.runtime.config.sources import Sources
    from homeport.runtime.ops.logs import configure_logs
    from homeport.runtime.ops.settings import LoggingSettings

    configure_logs(LoggingSettings(log_level="CRITICAL"))  # what is to be said is printed
    path = env_file or _USUAL
    found = read_env_file(path, required=env_file is not None)
    return Sources(env_file=path), found
