"""What a process may still do: privileges, limits, whether others may look into it."""

from __future__ import annotations

import ctypes
import os
import resource
import signal

from homeport_sandbox.linux.call import call

_PR_SET_PDEATHSIG = 1
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63
_EINVAL = 22


def die_with(parent: int) -> None:
    """Be killed when the process `parent`, which must be ours, ends. A change of user forgets this."""
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def adopt_orphans() -> None:
    """Become the parent of whatever our children leave behind."""
    call("prctl", _PR_SET_CHILD_SUBREAPER, 1)


def hide_memory() -> None:
    """No core dumps, and nobody of our own user looks into our memory."""
    call("prctl", _PR_SET_DUMPABLE, 0)
    if call("prctl", _PR_GET_DUMPABLE) != 0:
        raise OSError("the process stayed dumpable")


def give_up_new_privileges() -> None:
    """No program started from here on gains rights by its file (set-user-ID)."""
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1)


def become(uid: int) -> None:
    """Be user and group `uid` for good, in no other group."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (uid, uid, uid) or os.getgroups():
        raise OSError(f"the process did not become user {uid}")


def bound_capabilities() -> None:
    """No program that this process or its children become gains a capability; what they have now they keep."""
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            call("prctl", _PR_CAPBSET_DROP, capability)
        except PermissionError:
            return  # without the right to drop there is nothing in the set that could be used
        except OSError as error:
            if error.errno != _EINVAL:
                raise
            return  # the kernel has no more


def drop_capabilities() -> None:
    """Give up every capability, also those a user namespace has given."""
    try:
        call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    except OSError as error:
        if error.errno != _EINVAL:
            raise
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    call("capset", ctypes.byref(header), ctypes.byref((ctypes.c_uint32 * 6)()))


def limit(limits: dict[str, int]) -> None:
    """Set resource limits by name (`RLIMIT_AS`), hard and soft alike; never above what is set already."""
    for name, value in limits.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (lower, lower))
        if resource.getrlimit(kind) != (lower, lower):
            raise OSError(f"the limit {name} was not taken")


def close_from(first: int) -> None:
    """Close every file descriptor from `first` on."""
    call("close_range", first, 0xFFFFFFFF, 0)
