"""The `.env` file that is to be deployed: what is set in it, and what of that is a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from homeport.entry.known_settings import find
from homeport.runtime.config.errors import ConfigurationError

_SECRET_NAME = re.compile(r"(^|_)(KEY|KEYS|KEY_ID|SECRET|PASSWORD|PWD|TOKEN|CREDENTIALS?|PASSPHRASE|DSN)$")


@dataclass(frozen=True, slots=True)
class DeployedEnv:
    """Variables by name; empty ones count as unset."""

    values: dict[str, str]

    def get(self, name: str, default: str = "") -> str:
        """The value of `name`, or `default`."""
        return self.values.get(name, default)

    @property
    def secrets(self) -> dict[str, str]:
        """What nobody may read: secret settings, names that sound like one, addresses with a password."""
        return {name: text for name, text in self.values.items() if is_secret(name, text)}

    @property
    def plain(self) -> dict[str, str]:
        """Everything else."""
        return {name: text for name, text in self.values.items() if not is_secret(name, text)}

    @property
    def of_server(self) -> dict[str, str]:
        """What the server may read: all but the variables of the other containers."""
        return {name: text for name, text in self.values.items() if _is_of_server(name)}


def read_env(path: Path) -> DeployedEnv:
    """The file at `path`. Raises `ConfigurationError` when there is none or it cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            found = dotenv_values(stream=file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"The file {path} cannot be read: {error}."]) from error
    return DeployedEnv({name: text for name, text in found.items() if text})


def is_secret(name: str, text: str = "") -> bool:
    """Whether the value of `name` is to be kept from everybody; in doubt it is."""
    known = find(name)
    if known is not None and known.type in ("path", "whole number", "number", "true or false"):
        return known.secret
    return (known is not None and known.secret) or bool(_SECRET_NAME.search(name)) or _has_password(text)


def host_of(text: str) -> str:
    """The host that a value names: a host name, `host:port` or an address."""
    try:
        return urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return text


def _has_password(text: str) -> bool:
    if "://" not in text:
        return False
    # Several addresses in one value, as of Sentinels, count as well.
    return any("@" in part.partition("://")[2].partition("/")[0] for part in re.split(r"[;,\s]", text))


def _is_of_server(name: str) -> bool:
    known = find(name)
    return known is None or known.status == "works" or "server" in known.read_by
