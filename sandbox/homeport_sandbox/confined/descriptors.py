"""Where the descriptors of a run lie while its layers go on: nothing else of them is left when its code begins."""

from __future__ import annotations

import fcntl
import os

#: The code is read here once all layers are on; what goes on is told there.
CODE, PROGRESS = 3, 4
FIRST_FREE = 5
_OUT_OF_THE_WAY = 10
_PIECE = 1 << 16


def arrange(code: int, stdout: int, stderr: int, progress: int) -> None:
    """Put them at their numbers, with nothing to read from at 0. Another program inherits all but the progress."""
    # All are moved first: the numbers wanted may be in use by one of them.
    given = (os.open("/dev/null", os.O_RDONLY), stdout, stderr, code, progress)
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY) for fd in given]
    for fd, number in zip(moved, (0, 1, 2, CODE, PROGRESS), strict=True):
        os.dup2(fd, number, inheritable=number != PROGRESS)


def take_code(most: int) -> bytes:
    """All of the code, however long it is in coming, and its descriptor closed. Raises `ValueError` beyond `most`."""
    pieces, size = [], 0
    while piece := os.read(CODE, _PIECE):
        size += len(piece)
        if size > most:
            raise ValueError(f"The code is longer than {most} bytes.")
        pieces.append(piece)
    os.close(CODE)
    return b"".join(pieces)
