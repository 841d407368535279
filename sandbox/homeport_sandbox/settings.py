"""Every setting, from the environment or from a configuration file; the environment wins."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homeport_sandbox.errors import WrongSettings
from homeport_sandbox.levels import Level

#: Printed in public sample files: accepted, so that they work, and warned about.
SAMPLE_KEY = "dify-sandbox"
_DEFAULT_FILE = "/conf/config.yaml"
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """How this sandbox runs. Sizes in bytes, times in seconds."""

    key: str = ""
    host: str = "0.0.0.0"  # noqa: S104  it is reached from other containers
    port: int = 8194
    debug: bool = False
    max_workers: int = 4
    max_requests: int = 50
    worker_timeout: int = 5
    #: Empty: this program's own interpreter, without the packages installed beside it.
    python_path: str = ""
    nodejs_path: str = ""
    #: Confined processes that wait for code.
    python_pool: int = 2
    node_pool: int = 2
    enable_network: bool = False
    enable_preload: bool = False
    allowed_syscalls: tuple[int, ...] = ()
    http_proxy: str = ""
    https_proxy: str = ""
    socks5_proxy: str = ""
    pip_mirror_url: str = ""
    #: Where the requirements file and a folder `wheels` for machines without a package index are looked for.
    dependencies: str = "/dependencies"
    #: Where packages are installed; empty: a temporary directory.
    state: str = ""
    deps_update_interval: float = 1800.0
    readable: tuple[str, ...] = ()
    minimum_level: Level = Level.CONFINED
    memory: int = 512 * _MEGABYTE
    output: int = 4 * _MEGABYTE
    largest_request: int = 16 * _MEGABYTE
    work_size: int = 16 * _MEGABYTE
    #: A bounded directory in memory for runs, where none can be mounted.
    work_dir: str = ""
    #: The first of the users that runs become, where the server may choose.
    first_user: int = 62000
    #: After so many runs the warm interpreter is started anew, with another layout of memory.
    runs_per_interpreter: int = 1000
    log_path: str = ""

    @property
    def proxies(self) -> dict[str, str]:
        """The egress proxies by variable; a SOCKS proxy goes before the others."""
        if self.socks5_proxy:
            return {"ALL_PROXY": self.socks5_proxy, "HTTP_PROXY": self.socks5_proxy, "HTTPS_PROXY": self.socks5_proxy}
        given = {"HTTP_PROXY": self.http_proxy, "HTTPS_PROXY": self.https_proxy or self.http_proxy}
        return {name: address for name, address in given.items() if address}

    def find_node(self) -> str | None:
        """The program that runs JavaScript, links followed; None when there is none."""
        found = shutil.which(self.nodejs_path or "node")
        return str(Path(found).resolve()) if found else None


def _integer(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _seconds(text: str) -> int:
    return _integer(text) or 5  # zero means the default


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 1 << 16:
        raise ValueError
    return value


def _flag(text: str) -> bool:
    answer = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    return answer[text.lower()]


def _duration(text: str) -> float:
    found = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text)
    if not found or not text:
        raise ValueError
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return hours * _UNITS["h"] + minutes * _UNITS["m"] + seconds


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_integer(word) for word in _words(text))


def _megabytes(text: str) -> int:
    return _positive(text) * _MEGABYTE


def _level(text: str) -> Level:
    return Level[text.upper()]


#: Variable -> field, reader, what is accepted, and its place in the configuration file.
_VARIABLES: dict[str, tuple[str, Callable[[str], Any], str, str]] = {
    "API_KEY": ("key", str, "a text", "app.key"),
    "SANDBOX_HOST": ("host", str, "an address to listen on", "app.host"),
    "SANDBOX_PORT": ("port", _port, "a port number", "app.port"),
    "DEBUG": ("debug", _flag, "true or false", "app.debug"),
    "MAX_WORKERS": ("max_workers", _positive, "a whole number from 1 on", "max_workers"),
    "MAX_REQUESTS": ("max_requests", _positive, "a whole number from 1 on", "max_requests"),
    "WORKER_TIMEOUT": ("worker_timeout", _seconds, "whole seconds", "worker_timeout"),
    "PYTHON_PATH": ("python_path", str, "the path of an interpreter", "python_path"),
    "NODEJS_PATH": ("nodejs_path", str, "the path of an interpreter", "nodejs_path"),
    "SANDBOX_PYTHON_POOL": ("python_pool", _integer, "a whole number", "python_pool"),
    "SANDBOX_NODE_POOL": ("node_pool", _integer, "a whole number", "node_pool"),
    "ENABLE_NETWORK": ("enable_network", _flag, "true or false", "enable_network"),
    "ENABLE_PRELOAD": ("enable_preload", _flag, "true or false", "enable_preload"),
    "ALLOWED_SYSCALLS": ("allowed_syscalls", _numbers, "numbers separated by commas", "allowed_syscalls"),
    "HTTP_PROXY": ("http_proxy", str, "an address", "proxy.http"),
    "HTTPS_PROXY": ("https_proxy", str, "an address", "proxy.https"),
    "SOCKS5_PROXY": ("socks5_proxy", str, "an address", "proxy.socks5"),
    "PIP_MIRROR_URL": ("pip_mirror_url", str, "an address", "python_pip_mirror_url"),
    "PYTHON_DEPS_UPDATE_INTERVAL": (
        *("deps_update_interval", _duration, "a duration such as 30m"),
        "python_deps_update_interval",
    ),
    "SYSTEM_LIB_REQUIREMENTS": ("readable", _words, "paths separated by commas", "system_lib_requirements"),
    "SANDBOX_DEPENDENCIES_DIR": ("dependencies", str, "a path", "dependencies_dir"),
    "SANDBOX_STATE_DIR": ("state", str, "a path", "state_dir"),
    "SANDBOX_MINIMUM_LEVEL": ("minimum_level", _level, "confined, separated or isolated", "minimum_level"),
    "SANDBOX_MEMORY_MB": ("memory", _megabytes, "a whole number from 1 on", "memory_mb"),
    "SANDBOX_OUTPUT_MB": ("output", _megabytes, "a whole number from 1 on", "output_mb"),
    "SANDBOX_WORK_MB": ("work_size", _megabytes, "a whole number from 1 on", "work_mb"),
    "SANDBOX_WORK_DIR": ("work_dir", str, "a path", "work_dir"),
    "SANDBOX_FIRST_USER": ("first_user", _positive, "a user number", "first_user"),
    "LOG_PATH": ("log_path", str, "a path", "log_path"),
}
#: Read by older versions of the service; said to be of no use, not refused.
IGNORED = ("PYTHON_LIB_PATH",)


def read(environment: Mapping[str, str] | None = None, file: str | None = None) -> Settings:
    """All settings; raises `WrongSettings` with one sentence for every wrong value."""
    variables = os.environ if environment is None else environment
    path = file or variables.get("SANDBOX_CONFIG") or _DEFAULT_FILE
    written = _read_file(path, must_exist=bool(file or variables.get("SANDBOX_CONFIG")))
    values: dict[str, Any] = {}
    problems = []
    for variable, (field, reader, accepted, place) in _VARIABLES.items():
        text, origin = variables.get(variable), "environment"
        if not text:
            text, origin = written.get(place), f"{place} in {path}"
        if not text:
            continue
        try:
            values[field] = reader(text.strip())
        except (ValueError, KeyError):
            shown = "(hidden)" if field == "key" else repr(text)
            problems.append(f"{variable} is {shown} (from {origin}): accepted is {accepted}.")
    if problems:
        raise WrongSettings("\n".join(problems))
    return Settings(**values)


def _read_file(path: str, *, must_exist: bool) -> dict[str, str]:
    """The values of a YAML file by their dotted place, as texts."""
    if not Path(path).is_file():
        if must_exist:
            raise WrongSettings(f"There is no configuration file {path}; SANDBOX_CONFIG names it.")
        return {}
    try:
        import yaml  # noqa: PLC0415  in the image; elsewhere variables do
    except ImportError as error:
        raise WrongSettings(
            f"The configuration file {path} cannot be read without the package PyYAML: install it, or use variables."
        ) from error
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongSettings(f"The configuration file {path} cannot be read: {error}.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise WrongSettings(f"The configuration file {path} holds no settings by name.")
    return dict(_flattened(content, ""))


def _flattened(content: Mapping[str, Any], above: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in content.items():
        place = f"{above}{name}"
        if isinstance(value, Mapping):
            found += _flattened(value, f"{place}.")
        elif isinstance(value, list):
            found.append((place, ",".join(str(one) for one in value)))
        elif isinstance(value, bool):
            found.append((place, str(value).lower()))
        elif value is not None:
            found.append((place, str(value)))
    return found
