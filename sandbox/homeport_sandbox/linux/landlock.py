"""Landlock: which files may be touched, which TCP ports reached. Three system calls, kernel 5.13 and newer."""

from __future__ import annotations

import ctypes
import fcntl
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass

from homeport_sandbox.linux.call import call

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_RULE_NET_PORT = 2

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
TRUNCATE = 1 << 14
#: Remove and make everything but devices; the rights a work directory needs beside reading.
_MAKE = (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 9) | (1 << 10) | (1 << 12)
READ = READ_FILE | READ_DIR
WORK = READ | WRITE_FILE | TRUNCATE | _MAKE
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
_CONNECT_TCP = 1 << 1
_ALL_NETWORK = (1 << 0) | _CONNECT_TCP
_ALL_SCOPES = (1 << 0) | (1 << 1)
#: Bits of file rights by version of the interface: 2 adds REFER, 3 TRUNCATE, 5 IOCTL_DEV.
_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
_NEWEST_FILE_BITS = 16
#: Lower numbers are given to descriptors that a run keeps.
_OUT_OF_THE_WAY = 32
_WITH_PORTS = 4
_WITH_SCOPES = 6


@dataclass(frozen=True, slots=True)
class Opened:
    """A path held open (O_PATH), so that a rule can be made of it after it is out of sight."""

    fd: int
    rights: int


def version() -> int:
    """The kernel's version of the interface; 0 without Landlock."""
    try:
        return call("landlock_create_ruleset", None, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def limits_ports(abi: int) -> bool:
    """Whether this version decides on TCP ports (kernel 6.7)."""
    return abi >= _WITH_PORTS


def open_paths(paths: Iterable[str], rights: int) -> list[Opened]:
    """Hold `paths` open for `restrict`; those that do not exist are left out."""
    found = []
    for path in paths:
        try:
            one = open_path(path, rights)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        found.append(Opened(fcntl.fcntl(one.fd, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY), one.rights))
        os.close(one.fd)
    return found


def open_path(path: str, rights: int) -> Opened:
    """Hold one path open; of a file, only the rights that files have."""
    fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    folder = stat.S_ISDIR(os.fstat(fd).st_mode)
    return Opened(fd, rights if folder else rights & _OF_FILES)


def restrict(abi: int, opened: Iterable[Opened], ports: Iterable[int] = ()) -> None:
    """From now on, this thread touches nothing but `opened` and connects to nothing but `ports`.

    Rules a kernel does not know are left out; what is missing then is said by `abi`. Raises `OSError`.
    """
    if abi < 1:
        raise OSError(95, "Landlock is not offered by this kernel")
    files = (1 << _FILE_BITS.get(abi, _NEWEST_FILE_BITS)) - 1
    network = _ALL_NETWORK if limits_ports(abi) else 0
    scopes = _ALL_SCOPES if abi >= _WITH_SCOPES else 0
    words = (ctypes.c_uint64 * 3)(files, network, scopes)
    size = 24 if scopes else 16 if network else 8
    ruleset = call("landlock_create_ruleset", ctypes.byref(words), size, 0)
    try:
        for one in opened:
            _allow(
                ruleset, _RULE_PATH_BENEATH, (one.rights & files).to_bytes(8, "little"), one.fd.to_bytes(4, "little")
            )
        if network:
            for port in ports:
                _allow(ruleset, _RULE_NET_PORT, _CONNECT_TCP.to_bytes(8, "little"), port.to_bytes(8, "little"))
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, kind: int, rights: bytes, of: bytes) -> None:
    rule = rights + of
    call("landlock_add_rule", ruleset, kind, ctypes.create_string_buffer(rule, len(rule)), 0)
