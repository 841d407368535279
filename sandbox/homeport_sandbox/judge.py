"""Says in the words of the contract how a run ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from homeport_sandbox.watch import Outcome

#: Of runs that a signal or a limit ended.
_NO_STATUS = -1
_REFUSED = ("Operation not permitted", "EPERM")
_NOT_PERMITTED = "error: operation not permitted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the caller is told, and why the run ended, for the counters."""

    stdout: str
    stderr: str
    #: Empty when the code ended well, whatever it wrote to standard error.
    error: str
    exit_code: int
    #: `ok`, `failed`, or what killed it: `timeout`, `output`, `memory`, `forbidden`, `signal`.
    reason: str


def judge(outcome: Outcome, *, seconds: int, most_output: int, memory: int) -> Verdict:
    """The verdict; the limits are named in its sentences: seconds, bytes of output and of memory."""
    stdout = outcome.stdout.decode("utf-8", "replace")
    stderr = outcome.stderr.decode("utf-8", "replace")
    if outcome.status == 0 and not outcome.limit:
        return Verdict(stdout, stderr, "", 0, "ok")
    reason, sentence = _why(outcome, stderr, seconds=seconds, most_output=most_output, memory=memory)
    code = _NO_STATUS if outcome.limit or outcome.status < 0 else outcome.status
    lines = [f"process exited with code {code}", sentence, stderr]
    return Verdict(stdout, stderr, "\n".join(line for line in lines if line), code, reason)


def _why(outcome: Outcome, stderr: str, *, seconds: int, most_output: int, memory: int) -> tuple[str, str]:
    if outcome.limit == "output":
        return "output", f"error: output limit: the code wrote more than {most_output} bytes"
    if outcome.limit == "timeout" or outcome.status == -signal.SIGXCPU:
        return "timeout", f"error: timeout: the code ran longer than {seconds} seconds"
    if outcome.status == -signal.SIGSYS:
        return "forbidden", f"{_NOT_PERMITTED}: the code made a system call that is never allowed"
    if outcome.status < 0:
        return "signal", f"error: the code was ended by the signal {_name(-outcome.status)}"
    if _last_line(stderr).startswith("MemoryError"):
        return "memory", f"error: memory limit: the code asked for more than {memory >> 20} MB"
    if any(words in stderr for words in _REFUSED):
        return "failed", _NOT_PERMITTED
    return "failed", ""


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
