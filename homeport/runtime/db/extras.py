"""Further options of the connection, written as in an address: `sslmode=require&application_name=homeport`.

The names are those operators know from libpq and the MySQL clients. The drivers have others, so they are translated
here; what has no counterpart is refused rather than left out.
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl

from homeport.runtime.errors import HomeportError

Server = Literal["postgresql", "mysql"]

_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_KEEPALIVES = {
    "keepalives": "",
    "keepalives_idle": "TCP_KEEPIDLE",
    "keepalives_interval": "TCP_KEEPINTVL",
    "keepalives_count": "TCP_KEEPCNT",
    "tcp_user_timeout": "TCP_USER_TIMEOUT",
}
_NAMES: dict[Server, tuple[str, ...]] = {
    "postgresql": (*_TLS, "application_name", "options", "connect_timeout", "target_session_attrs", *_KEEPALIVES,
                   "client_encoding", "statement_cache_size", "prepared_statement_cache_size"),
    "mysql": (*_TLS, "connect_timeout", "read_timeout", "init_command", "unix_socket", "charset"),
}  # fmt: skip
_MYSQL_NAMES = {
    "ssl_mode": "sslmode",
    "ssl-mode": "sslmode",
    "ssl_ca": "sslrootcert",
    "ssl_cert": "sslcert",
    "ssl_key": "sslkey",
}
_MYSQL_MODES = {
    "disabled": "disable",
    "preferred": "prefer",
    "required": "require",
    "verify_ca": "verify-ca",
    "verify_identity": "verify-full",
}
_MODES: dict[Server, tuple[str, ...]] = {
    "postgresql": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    # The driver cannot fall back, so it is with or without.
    "mysql": ("disable", "require", "verify-ca", "verify-full"),
}
_NUMBERS = ("connect_timeout", "read_timeout", "statement_cache_size", "prepared_statement_cache_size", *_KEEPALIVES)
_UNICODE = ("utf8", "utf8mb4", "unicode")
_SERVER_SETTING = re.compile(r"\s*(?:-c\s*|--)([\w.]+)=((?:\\.|\S)*)")


class DatabaseMisconfigured(HomeportError):
    """An option of the connection to the database cannot be used."""

    code = "database_misconfigured"


@dataclass(frozen=True, slots=True)
class Extras:
    """The options in the words of a driver."""

    driver: dict[str, Any] = field(default_factory=dict)
    #: Options of TCP by their numbers, for a connection whose silence is to be tested.
    keepalive: dict[int, int] | None = None


def check_charset(text: str) -> None:
    """Raise ValueError for a character set that cannot hold every text."""
    if text and text.lower().replace("-", "").replace("_", "") not in _UNICODE:
        raise ValueError("accepted is utf8 (or utf8mb4); with another one texts would be lost")


def read_extras(server: Server, text: str) -> dict[str, str]:
    """The options by libpq's names; raises ValueError with what is wrong with them."""
    options: dict[str, str] = {}
    for name, value in parse_qsl(text.strip().lstrip("?&"), keep_blank_values=True):
        if server == "mysql":
            name = _MYSQL_NAMES.get(name, name)
        if name not in _NAMES[server]:
            close = get_close_matches(name, _NAMES[server], 1)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            raise ValueError(f"{name!r} is no option for {server}{meant}; accepted are {', '.join(_NAMES[server])}")
        if name in _NUMBERS and not value.isdecimal():
            raise ValueError(f"{name} is {value!r}, accepted is a whole number")
        options[name] = value
    if "sslmode" in options:
        mode = options["sslmode"].lower()
        options["sslmode"] = mode = _MYSQL_MODES.get(mode, mode)
        if mode not in _MODES[server]:
            raise ValueError(f"sslmode is {mode!r}, accepted for {server} is {', '.join(_MODES[server])}")
    check_charset(options.pop("client_encoding", ""))
    check_charset(options.pop("charset", ""))
    if server == "postgresql" and _SERVER_SETTING.sub("", options.get("options", "")).strip():
        raise ValueError("options is not understood, accepted is such as -c search_path=homeport -c jit=off")
    return options


def translate(server: Server, text: str) -> Extras:
    """What the driver is given. Raises `DatabaseMisconfigured` when a certificate cannot be read."""
    options = read_extras(server, text)
    tls = {name: options.pop(name) for name in _TLS if name in options}
    for name in ("sslrootcert", "sslcert", "sslkey"):
        if tls.get(name, "system") != "system" and not Path(tls[name]).is_file():
            raise DatabaseMisconfigured(f"DB_EXTRAS: {name} names {tls[name]}, which is not a file.")
    driver = _postgresql(options) if server == "postgresql" else _mysql(options)
    secured = _secured(server, tls)
    if secured is not None:
        driver["ssl"] = secured
    return Extras(driver, _keepalive(options))


def _postgresql(options: dict[str, str]) -> dict[str, Any]:
    driver: dict[str, Any] = {}
    server_settings = {
        name: value.replace("\\ ", " ") for name, value in _SERVER_SETTING.findall(options.get("options", ""))
    }
    if "application_name" in options:
        server_settings["application_name"] = options["application_name"]
    if server_settings:
        driver["server_settings"] = server_settings
    if int(options.get("connect_timeout", 0)):
        driver["timeout"] = int(options["connect_timeout"])
    if "target_session_attrs" in options:
        driver["target_session_attrs"] = options["target_session_attrs"]
    for name in ("statement_cache_size", "prepared_statement_cache_size"):
        if name in options:
            driver[name] = int(options[name])
    return driver


def _mysql(options: dict[str, str]) -> dict[str, Any]:
    return {name: int(value) if name in _NUMBERS else value for name, value in options.items()}


def _secured(server: Server, tls: dict[str, str]) -> ssl.SSLContext | str | Literal[False] | None:
    """None leaves the driver's own way: PostgreSQL's takes TLS where it is offered, MySQL's does not."""
    mode = tls.get("sslmode", "verify-ca" if "sslrootcert" in tls else "require" if tls else None)
    if mode is None:
        return None
    if mode == "disable":
        return False if server == "postgresql" else None
    if mode in ("allow", "prefer"):
        return mode
    if mode == "require" and "sslrootcert" in tls:
        mode = "verify-ca"  # as libpq has it
    authorities = tls.get("sslrootcert")
    context = ssl.create_default_context(cafile=None if authorities == "system" else authorities)
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    if "sslcert" in tls:
        context.load_cert_chain(tls["sslcert"], tls.get("sslkey"))
    return context


def _keepalive(options: dict[str, str]) -> dict[int, int] | None:
    wanted = {name: int(options[name]) for name in _KEEPALIVES if name in options}
    if not wanted or wanted.get("keepalives") == 0:
        return None
    # A platform has those it has.
    numbers = {name: getattr(socket, _KEEPALIVES[name], None) for name in wanted if _KEEPALIVES[name]}
    return {number: wanted[name] for name, number in numbers.items() if number is not None}


def keep_alive(connection: Any, options: dict[int, int]) -> None:
    """Let the system test the connection of an asyncpg driver while it is silent."""
    transport = getattr(connection, "_transport", None)
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is None or found.family not in (socket.AF_INET, socket.AF_INET6):
        return
    found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for number, value in options.items():
        found.setsockopt(socket.IPPROTO_TCP, number, value)
