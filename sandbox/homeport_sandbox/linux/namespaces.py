"""Namespaces: a network, a host name and a root directory of one's own."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from homeport_sandbox.linux.call import call

_CLONE_NEWNS = 0x00020000
_CLONE_NEWUTS = 0x04000000
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
_MNT_DETACH = 2
# Flags of a mount as statvfs tells them; in a user namespace they may not be taken away.
_KEPT = {0x4: _MS_NODEV, 0x8: _MS_NOEXEC, 0x400: 0x400, 0x800: 0x800, 0x1000: 0x200000}

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
#: The new root is put together over one of these, which nobody misses there.
_SCAFFOLDS = ("/mnt", "/media", "/srv", "/opt", "/tmp")  # noqa: S108
_HOST_NAME = "sandbox"
#: Where a run may write, in a root of its own; the usual place leads there unless something is shown in it.
WORK = "/sandbox"
_USUAL_WORK = "/tmp"  # noqa: S108


def leave_the_host(*, as_user: bool, network: bool = True) -> None:
    """Enter namespaces of our own: network (empty), host name, shared memory, mounts. Raises `OSError`.

    `as_user`: by way of a user namespace, in which an ordinary user may do so. `network`: False stays in the host's.
    """
    uid, gid = os.getuid(), os.getgid()
    flags = _CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC
    call("unshare", flags | (_CLONE_NEWNET if network else 0) | (_CLONE_NEWUSER if as_user else 0))
    if as_user:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    socket.sethostname(_HOST_NAME)
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)


def own_network() -> None:
    """Enter an empty network whose loopback interface works."""
    call("unshare", _CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def own_work_directory(uid: int, size: int, inodes: int) -> None:
    """Mount an empty directory in memory at `work()`, seen by this process alone: `size` bytes, `inodes` files."""
    call("unshare", _CLONE_NEWNS)
    options = f"size={size},nr_inodes={inodes},mode=700,uid={uid},gid={uid}"
    _mount("run", work(), "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, options)


def work() -> str:
    """Where a run may write, in the view this process has."""
    return WORK if Path(WORK).is_dir() else _USUAL_WORK


def show_only(paths: Iterable[str]) -> None:
    """Make a root directory that holds `paths`, read-only, and an empty place to work. Raises `OSError`."""
    wanted = list(dict.fromkeys(paths))
    scaffold = _scaffold(wanted)
    links, real = _links_and_paths(wanted)
    held = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in real]
    try:
        _mount("root", scaffold, "tmpfs", _MS_NOSUID, "mode=755,size=1m")
        for path, fd in held:
            _show(path, fd, scaffold)
        for link, target in links:
            place = scaffold + link
            if not os.path.lexists(place):
                Path(place).parent.mkdir(parents=True, exist_ok=True)
                Path(place).symlink_to(target)
        Path(scaffold + WORK).mkdir(exist_ok=True)
        if not os.path.lexists(scaffold + _USUAL_WORK):
            Path(scaffold + _USUAL_WORK).symlink_to(WORK)
    finally:
        for _, fd in held:
            os.close(fd)
    os.chdir(scaffold)
    call("pivot_root", b".", b".")
    call("umount2", b".", _MNT_DETACH)
    _mount(None, "/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID)
    os.chdir("/")


def _links_and_paths(wanted: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Symbolic links on the way to `wanted`, and the real paths without those that lie below another."""
    links: dict[str, str] = {}
    real: set[str] = set()
    for path in wanted:
        if not Path(path).exists():
            continue
        current = ""
        for part in Path(path).parts[1:]:
            current = f"{current}/{part}"
            if Path(current).is_symlink():
                links[current] = str(Path(current).resolve())
                current = links[current]
        real.add(str(Path(path).resolve()))
    outermost = [path for path in sorted(real) if not any(str(parent) in real for parent in Path(path).parents)]
    kept = {
        link: target for link, target in links.items() if not any(str(above) in real for above in Path(link).parents)
    }
    return sorted(kept.items()), outermost


def _scaffold(wanted: list[str]) -> str:
    for folder in _SCAFFOLDS:
        if Path(folder).is_dir() and not Path(folder).is_symlink():
            return folder
    raise OSError(2, f"none of {', '.join(_SCAFFOLDS)} exists; one is needed to put {len(wanted)} paths together")


def _show(path: str, fd: int, scaffold: str) -> None:
    place = Path(scaffold + path)
    place.parent.mkdir(parents=True, exist_ok=True)
    kind = os.fstat(fd).st_mode
    if stat.S_ISDIR(kind):
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    # Held open from before, since the scaffold may cover the path by now.
    _mount(f"/proc/self/fd/{fd}", str(place), None, _MS_BIND | _MS_REC)
    found = os.statvfs(place).f_flag
    kept = sum(flag for seen, flag in _KEPT.items() if found & seen)
    device = 0 if stat.S_ISCHR(kind) else _MS_NODEV
    _mount(None, str(place), None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | device | kept)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, options)]
    call("mount", texts[0], texts[1], texts[2], flags, texts[3])
