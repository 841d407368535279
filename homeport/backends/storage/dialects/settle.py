"""Let the SDK's threads come to rest before the interpreter ends.

OpenDAL answers from a thread of its own, which is still leaving Python when the answer is already here. A process that
ends at that moment is aborted (SIGABRT, one in four on a busy machine) although all its work is done.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
from functools import cache

_SHORTEST = 0.02
_LONGEST = 2.0


@cache
def settle_at_exit() -> None:
    """From now on the end of this process waits for foreign threads: 20 ms, or up to 2 s while one is in Python."""
    atexit.register(_settle)


def _settle() -> None:
    time.sleep(_SHORTEST)  # lets in whoever waits for the interpreter's lock
    end = time.monotonic() + _LONGEST
    while _foreign_threads() and time.monotonic() < end:
        time.sleep(0.01)


def _foreign_threads() -> set[int]:
    ours = {thread.ident for thread in threading.enumerate()}
    return {ident for ident in sys._current_frames() if ident not in ours}  # noqa: SLF001 - documented
