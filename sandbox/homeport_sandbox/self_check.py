"""Code that looks at its own confinement from the inside, run by each warm interpreter before anybody else's."""

from __future__ import annotations

import json

from homeport_sandbox.watch import Outcome

CODE = b"""
import colorsys, ctypes, errno, json, os, resource, socket
def attempt(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        return error.errno
    except ValueError:  # what Python makes of a limit it may not raise
        return errno.EPERM
    return 0
prctl = ctypes.CDLL(None, use_errno=True).prctl
print(json.dumps({
    "passwd": attempt(open, "/etc/passwd"),
    "process": attempt(open, "/proc/self/environ"),
    "write": attempt(open, "/var/tmp/out", "w"),
    "socket": attempt(socket.socket),
    "fork": attempt(os.fork),
    "signal": attempt(os.kill, os.getppid(), 0),
    "limits": attempt(resource.setrlimit, resource.RLIMIT_CORE, (1, 1)),
    "dumpable": prctl(3, 0, 0, 0, 0),
    "no_new_privs": prctl(39, 0, 0, 0, 0),
    "filter": prctl(21, 0, 0, 0, 0),
    "open": [fd for fd in range(3, 64) if attempt(os.fstat, fd) == 0],
    "root": os.listdir("/") if attempt(os.listdir, "/") == 0 else [],
    "node": os.uname().nodename,
    "environment": sorted(os.environ),
    "memory": resource.getrlimit(resource.RLIMIT_AS)[1],
    "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
}))
"""
_REFUSED = ("passwd", "process", "write", "socket", "fork", "signal", "limits")
_ENVIRONMENT = {"PATH", "HOME", "TMPDIR", "LANG", "TZ", "LC_CTYPE"}


def breaches(outcome: Outcome, *, isolated: bool) -> list[str]:
    """Sentences about whatever is not as it must be; none when all is well."""
    if outcome.status != 0:
        words = outcome.stderr.decode(errors="replace").strip().splitlines()
        hint = " (can the interpreter be read by every user? PYTHON_PATH names another)" if outcome.status == 1 else ""
        return [f"the check itself ended with {outcome.status}: {words[-1] if words else outcome.limit}{hint}"]
    seen = json.loads(outcome.stdout)
    found = [f"the attempt {name!r} was not refused" for name in _REFUSED if seen[name] == 0]
    expected = {"dumpable": 0, "no_new_privs": 1, "filter": 2, "open": [], "core": 0}
    found += [f"{name} is {seen[name]}, not {wanted}" for name, wanted in expected.items() if seen[name] != wanted]
    if seen["memory"] < 0:
        found.append("memory is not limited")
    if not set(seen["environment"]) <= _ENVIRONMENT:
        found.append("the environment holds more than it should")
    if isolated and seen["node"] != "sandbox":
        found.append("the host's name is seen")
    return found
