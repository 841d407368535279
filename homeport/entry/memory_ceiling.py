"""How large a worker may grow, and its start anew in the same process when it has grown larger."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable

import structlog

from homeport.runtime.ops.meters import meters
from homeport.runtime.tasks.presence import resident_bytes

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0
#: How often this worker has started anew; only it reads this.
_COUNT = "_HOMEPORT_WORKER_RECYCLED"


def megabytes_now() -> int | None:
    """Resident memory of this process; None where the system does not say."""
    found = resident_bytes()
    return None if found is None else found >> 20


def room_below(ceiling: int, growth: int) -> bool:
    """Whether this process, empty as it is now, may grow by `growth` MB before it reaches `ceiling` MB.

    Says so, once, when it may not: it would start anew all the time.
    """
    now = megabytes_now()
    if now is None:
        log.warning("HOMEPORT_WORKER_MEMORY_MB has no effect: this system does not say how much memory is in use")
        return False
    if now + growth > ceiling:
        sentence = (
            f"HOMEPORT_WORKER_MEMORY_MB is {ceiling} and has no effect: this worker needs {now} MB when it is empty; "
            f"accepted here is {now + growth} and more"
        )
        log.warning(sentence)
        return False
    return True


async def grown_above(ceiling: int) -> int:
    """Wait until this process is larger than `ceiling` MB, and stays so when Python has tidied up; answers its size."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        if (megabytes_now() or 0) > ceiling:
            gc.collect()
            now = megabytes_now() or 0
            if now > ceiling:
                return now


def count_starts() -> None:
    """Show in the figures how often this worker has started anew."""
    meters().jobs.recycled.inc(int(os.environ.get(_COUNT, "0")))


def start_anew(asked_to_stop: Callable[[], bool]) -> None:
    """Become what this process was when it started: the same command under the same process id.

    So whoever looks after it, a container or systemd, sees no end. Returns when somebody has asked it to stop
    meanwhile; a signal to stop that comes later ends it at once, with nothing left to lose.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if asked_to_stop():
        return
    os.environ[_COUNT] = str(int(os.environ.get(_COUNT, "0")) + 1)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - the very command that runs here
