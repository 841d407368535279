"""systemd's unit files, read strictly: what systemd would only warn about is an error here."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

_SECTION = re.compile(r"\[(Unit|Service|Install)\]")
#: Every directive that is in use, by section. A new one is entered here after a look at systemd's manual.
_KNOWN = {
    "Unit": "Description After Wants Requires PartOf Conflicts StartLimitIntervalSec StartLimitBurst",
    "Service": (
        "Type RemainAfterExit ExecStart User Group WorkingDirectory StateDirectory StateDirectoryMode Environment "
        "EnvironmentFile Restart RestartSec KillMode TimeoutStopSec TimeoutStartSec LimitNOFILE NoNewPrivileges "
        "CapabilityBoundingSet AmbientCapabilities ProtectSystem ProtectHome PrivateTmp PrivateDevices ProtectClock "
        "ProtectControlGroups ProtectHostname ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc "
        "RestrictAddressFamilies RestrictRealtime RestrictSUIDSGID LockPersonality RemoveIPC ReadWritePaths "
        "SystemCallArchitectures SystemCallFilter SystemCallErrorNumber UMask DynamicUser IPAddressDeny "
        "IPAddressAllow MemoryMax TasksMax"
    ),
    "Install": "WantedBy",
}


class UnitUnreadable(Exception):
    """The text is no unit file."""


@dataclass
class Unit:
    """Directives by section, each with all its values in order."""

    name: str
    directives: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def all(self, section: str, directive: str) -> list[str]:
        """Every value of a directive."""
        return self.directives.get((section, directive), [])

    def one(self, section: str, directive: str) -> str:
        """The value of a directive that is there once."""
        (value,) = self.all(section, directive)
        return value

    def words(self, section: str, directive: str) -> list[str]:
        """The words of all values."""
        return [word for value in self.all(section, directive) for word in value.split()]

    def command(self, instance: str = "", state: str = "/var/lib") -> list[str]:
        """The words of ExecStart, specifiers replaced."""
        return [self.expand(word, instance, state) for word in shlex.split(self.one("Service", "ExecStart"))]

    @staticmethod
    def expand(text: str, instance: str, state: str) -> str:
        """With %i and %S in place; another specifier is an error."""
        text = text.replace("%i", instance).replace("%S", state)
        if "%" in text:
            raise UnitUnreadable(f"{text!r} has a specifier that is not expected.")
        return text


def read_unit(text: str, name: str) -> Unit:
    """Parse a unit file. Raises `UnitUnreadable`."""
    unit = Unit(name)
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", ";")):
            continue
        if match := _SECTION.fullmatch(line):
            section = match[1]
            continue
        directive, mark, value = line.partition("=")
        if not mark or directive not in _KNOWN.get(section, "").split():
            raise UnitUnreadable(f"{name}:{number}: {line!r} in section {section!r}")
        unit.directives.setdefault((section, directive), []).append(value)
    return unit


def read_environment(text: str) -> dict[str, str]:
    """An EnvironmentFile as systemd reads it, one whole value in quotes or none; no variable is expanded in it."""
    values = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith(("#", ";")):
            name, mark, value = line.partition("=")
            if not mark or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                raise UnitUnreadable(line)
            values[name] = _unquoted(value)
    return values


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r'\\(["\\`$])', r"\1", value[1:-1])
    return value[1:-1] if value.startswith("'") else value


def read_units(folder: Path) -> dict[str, Unit]:
    """Every unit of a folder by its file name."""
    files = [file for file in sorted(folder.iterdir()) if file.suffix in (".service", ".target")]
    return {file.name: read_unit(file.read_text(encoding="utf-8"), file.name) for file in files}
